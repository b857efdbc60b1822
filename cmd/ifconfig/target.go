package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"io-pkt/internal/ctl"
)

// A target is the address that a line adds, removes or replaces.
type target struct {
	address ctl.Address  // to add
	old     *ctl.Address // to remove
	given   bool         // an address was on the line
	adds    bool
	removes bool
	alias   int // 1 after alias, -1 after -alias or delete
	aliases int // how many of those words there were
	masked  bool
	eui64   bool
}

// endless is the lifetime of an inet6 address that does not end.
const endless = 0xffffffff

// setAddress takes the address. A plain inet address replaces the primary one;
// after -alias it is the one to remove.
func (p *planner) setAddress(text string) error {
	p.given = true
	p.adds = p.alias >= 0
	if p.alias == 0 && !p.inet6 {
		if i := slices.IndexFunc(p.iface.Addresses, func(a ctl.Address) bool { return a.Addr.Is4() }); i >= 0 {
			p.removes, p.old = true, &ctl.Address{Addr: p.iface.Addresses[i].Addr}
		}
	}
	text, length, ok := splitPrefix(text)
	a, err := p.find(text)
	if err != nil {
		return err
	}
	if p.alias < 0 {
		p.old = &ctl.Address{Addr: a}
		return nil
	}
	p.address.Addr = a
	if ok {
		return p.setPrefix(length)
	}
	return nil
}

// find finds an address of the line's family.
func (p *planner) find(text string) (netip.Addr, error) {
	if p.inet6 {
		return p.resolve.inet6(text, p.iface.Name)
	}
	return p.resolve.inet(text)
}

// setAlias takes alias (1), and -alias or delete (-1), which may stand before the
// address or behind it.
func (p *planner) setAlias(v int) error {
	if p.aliases++; p.aliases > 1 {
		return complaint("Only one use of alias, -alias or delete is valid.")
	}
	p.alias, p.removes = v, v < 0
	if v < 0 {
		p.adds, p.old = false, nil
		if p.given {
			p.old = &ctl.Address{Addr: p.address.Addr}
		}
	}
	return nil
}

func (p *planner) setDestination(text string) (err error) {
	if p.iface.Flags&ctl.FlagPointToPoint == 0 {
		return errors.New("can't set destination address on non-point-to-point link")
	}
	p.address.Dest, err = p.find(text)
	return err
}

func (p *planner) setBroadcast(text string) (err error) {
	if p.inet6 {
		return notAllowed("broadcast")
	}
	p.address.Broadcast, err = p.find(text)
	return err
}

// setNetmask takes a mask, which is read like an address: 255.255 is 255.0.0.255.
func (p *planner) setNetmask(text string) error {
	mask, err := p.find(text)
	if err != nil {
		return err
	}
	p.masked = true
	if !p.inet6 {
		p.address.Mask = inetValue(mask)
		return nil
	}
	var ok bool
	if p.address.PrefixLen, ok = maskLength(mask); !ok {
		return badValue(text)
	}
	return nil
}

func (p *planner) setPrefix(text string) error {
	bits := 32
	if p.inet6 {
		bits = 128
	}
	n, ok := prefixLength(text, bits)
	if !ok {
		return badValue(text)
	}
	p.masked = true
	switch {
	case !p.inet6:
		p.address.Mask = inetMask(n)
	case n == 0:
		p.address.PrefixLen = 128 // as with inet
	default:
		p.address.PrefixLen = n
	}
	return nil
}

// inet6Word is a word that says something of an inet6 address, with a number of
// seconds when it has an argument.
func inet6Word(name string, args int, set func(*ctl.Address, uint32)) entry {
	return entry{name, args, func(p *planner, a []string) error {
		if !p.inet6 {
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
	if !p.inet6 {
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

// addressSteps removes the old address and adds the new one. Adding brings the
// interface up, unless the line says otherwise.
func (p *planner) addressSteps() ([]step, error) {
	var steps []step
	request := func(op ctl.Op, a *ctl.Address) ctl.Request {
		return ctl.Request{Op: op, Interface: p.iface.Name, Address: a}
	}
	if p.removes {
		if p.old == nil && p.inet6 {
			p.old = &ctl.Address{Addr: netip.IPv6Unspecified()} // none is primary: it is not found
		}
		steps = append(steps, step{ioctl: "SIOCDIFADDR", request: request(ctl.OpDelAddr, p.old)})
	}
	if !p.adds {
		return steps, nil
	}
	if err := p.complete(); err != nil {
		return nil, err
	}
	steps = append(steps, step{ioctl: "SIOCAIFADDR", warning: true, request: request(ctl.OpAddAddr, &p.address)})
	if !p.upSaid {
		up := request(ctl.OpSetFlags, nil)
		up.Set = ctl.FlagUp
		steps = append(steps, step{ioctl: "SIOCSIFFLAGS", ifDone: true, request: up})
	}
	return steps, nil
}

// complete fills in what the line left out of the address to add. An explicit
// mask is taken as it is, whether it fits the broadcast address or not.
func (p *planner) complete() error {
	a := &p.address
	if p.inet6 {
		if !p.masked {
			a.PrefixLen = 64
		}
		if p.eui64 {
			return p.fillEUI64()
		}
		return nil
	}
	a.PreferredLifetime, a.ValidLifetime = 0, 0
	if !p.masked {
		a.Mask = classMask(a.Addr)
	}
	switch {
	case p.iface.Flags&ctl.FlagBroadcast == 0:
		a.Broadcast = netip.Addr{}
	case !a.Broadcast.IsValid():
		a.Broadcast = broadcastOf(a.Addr, a.Mask)
	}
	return nil
}
