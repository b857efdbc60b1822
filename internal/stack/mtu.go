package stack

import (
	"fmt"
	"syscall"

	"io-pkt/internal/netif"
)

// setMTU sets the MTU. Where that allows IPv6 no more, the kernel forgets all of it,
// but for lo's anycast addresses; where it allows IPv6 again, the kernel begins it
// anew, with its own settings.
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
	switch {
	case i == s.lo:
	case mtu < netif.MinMTU6:
		s.dropAnycast(i)
	case before.MTU < netif.MinMTU6:
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

// followMTU does the same once it is seen that somebody else has changed the MTU.
func (s *Stack) followMTU(i *iface, state netif.State) {
	small := state.MTU < netif.MinMTU6
	s.mu.Lock()
	back := i.small && !small && state.Index != 0
	i.small = small
	s.mu.Unlock()
	if small {
		s.dropAnycast(i)
	}
	if back {
		s.prepare6(state.Name, state.Index)
	}
}
