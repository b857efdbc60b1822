package stack

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif"
)

// addAddress adds an address. It keeps 0.0.0.0 itself: an interface can have that
// on QNX, where DHCP clients' scripts set it, and Linux takes it for nothing at
// all.
func (s *Stack) addAddress(i *iface, a ctl.Address) error {
	switch {
	case a.Addr.Is6() && !s.config.IPv6:
		return fmt.Errorf("%s: %v: not a v6 stack: %w", i.name, a.Addr, syscall.EAFNOSUPPORT)
	case a.Addr == netip.IPv4Unspecified():
		s.keep(i, func(l *local) { l.any = &a })
		return nil
	case a.Addr.Is4() && a.Mask == 0:
		a.Mask = classMask(a.Addr)
	}
	return netif.AddAddress(i.index, a)
}

// deleteAddress removes an address; with nil the first inet address, which is
// 0.0.0.0 when there is that one.
func (s *Stack) deleteAddress(i *iface, a *ctl.Address) error {
	if a == nil || a.Addr == netip.IPv4Unspecified() {
		var old *ctl.Address
		s.keep(i, func(l *local) { old, l.any = l.any, nil })
		if old != nil {
			return nil
		}
	}
	if a != nil {
		return netif.DeleteAddress(i.index, a.Addr)
	}
	state, err := netif.Read(i.index)
	if err != nil {
		return err
	}
	for _, a := range state.Addresses {
		if a.Addr.Is4() {
			return netif.DeleteAddress(i.index, a.Addr)
		}
	}
	return fmt.Errorf("%s: no inet address: %w", i.name, syscall.EADDRNOTAVAIL)
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
