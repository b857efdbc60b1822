package stack

import (
	"fmt"
	"syscall"

	"io-pkt/internal/netif"
)

// setMTU sets the MTU. Where that allows IPv6 again, the kernel begins it anew, with
// its own settings.
func (s *Stack) setMTU(i *iface, index, mtu int) error {
	most, err := s.maxMTU(i)
	if err != nil {
		return err
	}
	if mtu < netif.MinMTU || mtu > most {
		return fmt.Errorf("%s: mtu %d, not %d to %d: %w", i.name, mtu, netif.MinMTU, most, syscall.EINVAL)
	}
	defer i.alone()()
	before, err := netif.Read(index)
	if err != nil {
		return err
	}
	if err := netif.SetMTU(index, mtu); err != nil {
		return err
	}
	if i != s.lo && before.MTU < netif.MinMTU6 && mtu >= netif.MinMTU6 {
		s.prepare6(before.Name, index) // at once, for it may be up
	}
	return nil
}

// maxMTU gives the largest MTU that an interface can have.
func (s *Stack) maxMTU(i *iface) (int, error) {
	switch {
	case i == s.lo:
		return netif.MaxMTU, nil
	case !i.cloned:
		return i.spec.MaxMTU, nil
	}
	s.mu.Lock()
	name := i.vlan.Parent
	s.mu.Unlock()
	parent, err := s.lookup(name)
	if err != nil {
		return 0, err
	}
	return vlanMTU(parent)
}

// followMTU makes the settings for IPv6 again once the MTU, which somebody else may
// have changed, is large enough for it again.
func (s *Stack) followMTU(i *iface, state netif.State) {
	small := state.MTU < netif.MinMTU6
	s.mu.Lock()
	back := i.small && !small && state.Index != 0
	i.small = small
	s.mu.Unlock()
	if back {
		s.prepare6(state.Name, state.Index)
	}
}
