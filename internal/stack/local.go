package stack

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// local is what QNX keeps of an interface and the kernel does not.
type local struct {
	// flags are LINK0 to LINK2, a driver's own switches, which ours have no use
	// for; and all that can be set of a VLAN interface without a parent.
	flags       ctl.Flags
	metric      int                // which Linux has for routes only
	zero        ctl.Stats          // where counting begins
	any         *ctl.Address       // 0.0.0.0, which scripts set before they ask a DHCP server
	links       []net.HardwareAddr // further link addresses
	anycast     []anycast
	order       []netip.Addr       // the inet addresses, the oldest first
	preferences map[netip.Addr]int // those that are not 0
}

// close gives back what is held for an interface.
func (l *local) close() {
	for _, a := range l.anycast {
		_ = a.membership.Close()
	}
}

// keep changes what is kept here of an interface.
func (s *Stack) keep(i *iface, change func(*local)) {
	s.mu.Lock()
	change(&i.local)
	s.mu.Unlock()
	s.watcher.Kick()
}

// zeroStats shows an interface and lets its counters begin anew.
func (s *Stack) zeroStats(i *iface) (ctl.Interface, error) {
	shown, err := s.show(i)
	if err == nil {
		s.keep(i, func(l *local) { l.zero = l.zero.Add(shown.Stats) })
	}
	return shown, err
}

// prefer notes the preference of an address. Linux chooses source addresses in its
// own way, as a BSD does unless told otherwise.
func (s *Stack) prefer(i *iface, a netip.Addr, preference int) error {
	if preference < 0 || preference > 0xffff {
		return fmt.Errorf("%s: preference %d: %w", i.name, preference, syscall.EINVAL)
	}
	defer i.alone()()
	all, err := s.settle(i)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(x ctl.Address) bool { return x.Addr == a }) {
		return fmt.Errorf("%s: preference of %v: %w", i.name, a, syscall.EADDRNOTAVAIL)
	}
	s.keep(i, func(l *local) {
		p := maps.Clone(l.preferences) // somebody may be reading the old one
		if p == nil {
			p = make(map[netip.Addr]int)
		}
		p[a] = preference
		l.preferences = p
	})
	return nil
}

// setCapabilities switches what a driver's interface does of checksums and
// segmentation. The others have nothing to switch.
func (s *Stack) setCapabilities(i *iface, c netif.Capabilities) error {
	if i.dev != nil {
		return i.tap.SetEnabled(c)
	}
	if c != (netif.Capabilities{}) {
		return fmt.Errorf("%s: capabilities rx=%x tx=%x: %w", i.name, c.Rx, c.Tx, syscall.EINVAL)
	}
	return nil
}
