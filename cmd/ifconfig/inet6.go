package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"io-pkt/internal/ctl"
)

// inet6Word is a word that says something of an inet6 address, with a number of
// seconds when it has an argument.
func inet6Word(name string, args int, set func(*ctl.Address, uint32)) entry {
	return entry{name, args, func(p *planner, a []string) error {
		if !p.inet6() {
			return notAllowed(name)
		}
		var n uint64
		if args > 0 {
			var err error
			if n, err = strconv.ParseUint(a[0], 0, 32); err != nil {
				return fmt.Errorf("invalid %s", name)
			}
		}
		set(&p.address, uint32(n))
		return nil
	}}
}

func (p *planner) setEUI64([]string) error {
	if !p.inet6() {
		return notAllowed("eui64")
	}
	p.eui64 = true
	return nil
}

func notAllowed(name string) error { return fmt.Errorf("%s not allowed for the AF", name) }

// fillEUI64 takes the lower half of the address from the link-local one.
func (p *planner) fillEUI64() error {
	a := p.address.Addr.As16()
	if [8]byte(a[8:]) != [8]byte{} {
		return errors.New("interface index is already filled")
	}
	i := slices.IndexFunc(p.iface.Addresses, func(a ctl.Address) bool {
		return a.Addr.Is6() && a.Addr.IsLinkLocalUnicast()
	})
	if i < 0 {
		return errors.New("could not determine link local address")
	}
	local := p.iface.Addresses[i].Addr.As16()
	copy(a[8:], local[8:])
	p.address.Addr = netip.AddrFrom16(a)
	return nil
}
