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
	if p.family == "link" {
		return p.setLink(text)
	}
	p.given = true
	p.adds = p.alias >= 0
	if p.alias == 0 && !p.inet6() {
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
	if p.inet6() {
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
	if p.inet6() || p.family == "link" {
		return notAllowed("broadcast")
	}
	p.address.Broadcast, err = p.find(text)
	return err
}

// setNetmask takes a mask, which is read like an address: 255.255 is 255.0.0.255.
func (p *planner) setNetmask(text string) error {
	if p.family == "link" {
		return notAllowed("netmask")
	}
	mask, err := p.find(text)
	if err != nil {
		return err
	}
	p.masked = true
	if !p.inet6() {
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
	if p.family == "link" {
		return notAllowed("prefixlen")
	}
	bits := 32
	if p.inet6() {
		bits = 128
	}
	n, ok := prefixLength(text, bits)
	if !ok {
		return badValue(text)
	}
	p.masked = true
	switch {
	case !p.inet6():
		p.address.Mask = inetMask(n)
	case n == 0:
		p.address.PrefixLen = 128 // as with inet
	default:
		p.address.PrefixLen = n
	}
	return nil
}

// addressSteps removes the old address and adds the new one.
func (p *planner) addressSteps() ([]step, error) {
	var steps []step
	request := func(op ctl.Op, a *ctl.Address) ctl.Request {
		return ctl.Request{Op: op, Interface: p.iface.Name, Address: a}
	}
	if p.removes {
		if p.old == nil && p.inet6() {
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
	if !p.inet6() && !contiguous(p.address.Mask) {
		steps = nil // the new address will be refused, and the old one stays
	}
	add := step{ioctl: "SIOCAIFADDR", warning: true, adds: true, request: request(ctl.OpAddAddr, &p.address)}
	if p.inet6() && p.address.ValidLifetime == 0 && p.address.PreferredLifetime == 0 {
		// A life of no length: the address is not there afterwards.
		if !slices.ContainsFunc(p.iface.Addresses, func(a ctl.Address) bool { return a.Addr == p.address.Addr }) {
			return steps, nil
		}
		add.request.Op = ctl.OpDelAddr
	}
	return append(steps, add), nil
}

// upSteps bring the interface up behind a new address, unless the line says
// otherwise.
func (p *planner) upSteps() []step {
	if !p.adds || p.upSaid {
		return nil
	}
	return []step{{ioctl: "SIOCSIFFLAGS", ifAdded: true, request: ctl.Request{
		Op: ctl.OpSetFlags, Interface: p.iface.Name, Set: ctl.FlagUp,
	}}}
}

// setPreference takes the preference of the address that stands before it.
func (p *planner) setPreference(text string) error {
	if !p.given {
		return errors.New("set address preference: first specify an address")
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return fmt.Errorf("invalid preference %s", text)
	}
	p.preference = new(int(n))
	return nil
}

func (p *planner) preferenceSteps() []step {
	if p.preference == nil || p.family == "link" {
		return nil
	}
	return []step{{ioctl: "SIOCSIFADDRPREF", warning: true, request: ctl.Request{
		Op: ctl.OpPrefer, Interface: p.iface.Name, Address: &ctl.Address{Addr: p.address.Addr}, Value: *p.preference,
	}}}
}

// complete fills in what the line left out of the address to add. An explicit
// mask is taken as it is, whether it fits the broadcast address or not; but 0 is the
// class's.
func (p *planner) complete() error {
	a := &p.address
	if p.inet6() {
		if !p.masked {
			a.PrefixLen = 64
		}
		if p.eui64 {
			return p.fillEUI64()
		}
		return nil
	}
	a.PreferredLifetime, a.ValidLifetime = 0, 0
	if !p.masked || a.Mask == 0 && !a.Addr.IsUnspecified() {
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
