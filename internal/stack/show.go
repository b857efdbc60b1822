package stack

import (
	"errors"
	"slices"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
	"io-pkt/internal/nic"
)

// The loopback interface as QNX shows it: it has a name with a number, and an
// MTU of its own in place of Linux's.
const (
	loopbackName = "lo0"
	loopbackMTU  = 33192
	linuxLoMTU   = 65536
)

// list gives all interfaces, lo0 first and the oldest next.
func (s *Stack) list() ([]ctl.Interface, error) {
	lo, err := s.showLoopback()
	if err != nil {
		return nil, err
	}
	list := []ctl.Interface{lo}
	for _, i := range s.interfaces(nil) {
		shown, err := s.show(i)
		if errors.Is(err, syscall.ENODEV) {
			continue // it went just now
		}
		if err != nil {
			return nil, err
		}
		list = append(list, shown)
	}
	return list, nil
}

func (s *Stack) showLoopback() (ctl.Interface, error) {
	state, err := netif.Read(s.loopback)
	if err != nil {
		return ctl.Interface{}, err
	}
	shown := base(state)
	shown.Name = loopbackName
	if shown.MTU == linuxLoMTU {
		shown.MTU = loopbackMTU
	}
	if !s.config.IPv6 { // lo is not ours alone: it keeps its ::1
		shown.Addresses = slices.DeleteFunc(shown.Addresses, func(a ctl.Address) bool { return a.Addr.Is6() })
	}
	return shown, nil
}

func (s *Stack) show(i *iface) (ctl.Interface, error) {
	state, err := netif.Read(i.tap.Index())
	if err != nil {
		return ctl.Interface{}, err
	}
	s.mu.Lock()
	local := i.local
	s.mu.Unlock()
	status := i.dev.Status()

	shown := base(state)
	shown.Name = i.name // here it keeps it, even if somebody renames it with ip(8)
	shown.Flags |= local.links
	if local.any != nil {
		shown.Addresses = slices.Insert(shown.Addresses, 0, *local.any)
	}
	in, out := i.tap.Dropped()
	shown.Stats.InDrops += in
	shown.Stats.OutDrops += out
	shown.Media = &ctl.Media{Current: "autoselect", Active: media(status), Link: state.Carrier}
	shown.Driver = i.module.name
	shown.Description = i.spec.Description
	for _, c := range status.Counters {
		shown.Counters = append(shown.Counters, ctl.Counter(c))
	}
	return shown, nil
}

// base gives what comes from the kernel alone.
func base(state netif.State) ctl.Interface {
	return ctl.Interface{
		Name: state.Name, Index: state.Index, Flags: state.Flags, MTU: state.MTU,
		MAC: state.MAC.String(), Addresses: state.Addresses, Stats: state.Stats,
	}
}

// media gives the name of the Ethernet variant that comes nearest to the
// device's speed: a modem has none, but scripts look for these words.
func media(s nic.Status) string {
	switch rate := s.BitRateIn; {
	case rate >= 1e9:
		return "1000baseT full-duplex"
	case rate >= 100e6:
		return "100baseTX full-duplex"
	case rate > 0:
		return "10baseT full-duplex"
	}
	return ""
}
