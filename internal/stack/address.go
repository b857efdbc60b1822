package stack

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// changeAddress adds or removes an address, one at a time: with the first of a
// network the kernel may take others, which are put back, and must not be if
// somebody else has just deleted them.
func (s *Stack) changeAddress(i *iface, index int, r ctl.Request) error {
	defer i.alone()()
	all, err := s.settle(i)
	if err != nil {
		return err
	}
	if r.Op == ctl.OpAddAddr {
		return s.addAddress(i, index, *r.Address)
	}
	if r.Address != nil {
		return s.deleteAddress(i, index, r.Address.Addr)
	}
	first, err := primary(i, all)
	if err != nil {
		return err
	}
	return s.deleteAddress(i, index, first)
}

// addAddress adds an address.
func (s *Stack) addAddress(i *iface, index int, a ctl.Address) error {
	if a.Addr.Is6() {
		return s.addInet6(i, index, a)
	}
	if a.Addr == netip.IPv4Unspecified() {
		return s.addAny(i, a)
	}
	if a.Mask == 0 {
		a.Mask = classMask(a.Addr)
	}
	if err := netif.AddAddress(index, a); err != nil {
		return err
	}
	s.keep(i, func(l *local) { l.added(a.Addr) })
	return nil
}

// addAny adds 0.0.0.0, which is kept here: an interface can have that on QNX, where
// DHCP clients' scripts set it, and Linux takes it for nothing at all. Its mask has
// to be one that Linux would take: a client that replaces the first address leaves
// that in place when the mask is none.
func (s *Stack) addAny(i *iface, a ctl.Address) error {
	if _, err := netif.PrefixLen(a.Mask); err != nil {
		return fmt.Errorf("%s: adding %v: %w", i.name, a.Addr, err)
	}
	s.keep(i, func(l *local) {
		l.any = &a
		l.added(a.Addr)
	})
	return nil
}

// addInet6 adds an inet6 address. One that is no longer preferred, or no longer
// valid, is told by its lifetimes, which are endless when none are given.
func (s *Stack) addInet6(i *iface, index int, a ctl.Address) error {
	if !s.config.IPv6 {
		return fmt.Errorf("%s: %v: not a v6 stack: %w", i.name, a.Addr, syscall.EAFNOSUPPORT)
	}
	if a.Anycast {
		return s.addAnycast(i, index, a)
	}
	if a.Deprecated {
		a.PreferredLifetime = 0
		if a.ValidLifetime == 0 {
			a.ValidLifetime = math.MaxUint32
		}
	}
	return netif.AddAddress(index, a)
}

// deleteAddress removes an address, and what is kept of it.
func (s *Stack) deleteAddress(i *iface, index int, a netip.Addr) error {
	if !s.deleteAny(i, a) && !s.deleteAnycast(i, a) {
		if err := netif.DeleteAddress(index, a); err != nil {
			return err
		}
	}
	s.keep(i, func(l *local) { l.forget(func(x netip.Addr) bool { return x == a }) })
	return nil
}

// deleteAny reports whether an address was 0.0.0.0, which is kept here, and is no
// more.
func (s *Stack) deleteAny(i *iface, a netip.Addr) (was bool) {
	if a == netip.IPv4Unspecified() {
		s.keep(i, func(l *local) { was, l.any = l.any != nil, nil })
	}
	return was
}

// primary gives the first inet address of an interface.
func primary(i *iface, all []ctl.Address) (netip.Addr, error) {
	for _, a := range all {
		if a.Addr.Is4() {
			return a.Addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%s: no inet address: %w", i.name, syscall.EADDRNOTAVAIL)
}

// classMask gives the netmask of an address's class (RFC 791, 3.2), which counts
// when none is given. As on QNX, the classes D and E are treated as C.
func classMask(a netip.Addr) uint32 {
	switch first := a.As4()[0]; {
	case first < 0x80:
		return 0xff000000
	case first < 0xc0:
		return 0xffff0000
	}
	return 0xffffff00
}

// gone makes the kernel's ENODEV, for an interface that went in the middle of a
// request, the ENXIO that the request would have met a moment later.
func gone(i *iface, err error) error {
	if errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("%s: %w", i.name, syscall.ENXIO)
	}
	return err
}
