package main

import (
	"fmt"
	"slices"
	"strconv"

	"io-pkt/internal/ctl"
)

// A step is one thing to do, and how it fails.
type step struct {
	ioctl   string // the call of the original that it stands for, for the error
	request ctl.Request
	note    string // to print instead of making a request
	refused error  // fails with that without asking
	warning bool   // a failure is told and is no failure of the command
	adds    bool   // adds the line's address
	ifAdded bool   // left out unless the address was added
}

// A planner works out the steps of a line. Nothing is done meanwhile: a line with
// a mistake in it changes nothing.
type planner struct {
	iface   ctl.Interface
	family  string
	resolve resolver
	upSaid  bool   // up or down was on the line
	steps   []step // those that are done in their place on the line
	target
	link       linkPlan
	media      mediaPlan
	capability capabilityPlan
	preference *int
	tag        *int // of a VLAN
}

// plan gives the steps in the original's order: what takes effect at once as it
// stands on the line, then media, the old address's removal, the new address, its
// preference, the capabilities; and up, if an address was added and nobody said
// down.
func plan(l line, iface ctl.Interface, r resolver) ([]step, error) {
	p := &planner{iface: iface, family: l.family, resolve: r}
	p.address.PreferredLifetime, p.address.ValidLifetime = endless, endless
	p.capability.rx, p.capability.tx = iface.EnabledRx, iface.EnabledTx
	for _, w := range l.words {
		if err := w.do(p, w.args); err != nil {
			return nil, err
		}
	}
	var addresses, up []step
	if p.family == "link" {
		addresses = p.linkSteps()
	} else {
		var err error
		if addresses, err = p.addressSteps(); err != nil {
			return nil, err
		}
		up = p.upSteps()
	}
	return slices.Concat(p.steps, p.mediaSteps(), addresses, p.preferenceSteps(), p.capabilitySteps(), up), nil
}

// inet6 reports whether the line is about inet6 addresses.
func (p *planner) inet6() bool { return p.family == "inet6" }

// add notes a step in its place on the line.
func (p *planner) add(s step) { p.steps = append(p.steps, s) }

// do notes a request in its place on the line, whose failure ends the command.
func (p *planner) do(ioctl string, r ctl.Request) error {
	r.Interface = p.iface.Name
	p.add(step{ioctl: ioctl, request: r})
	return nil
}

// number is a word that sets a number of the interface. The original only warns
// when that fails.
func number(name, ioctl string, op ctl.Op) entry {
	return entry{name, 1, func(p *planner, args []string) error {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return fmt.Errorf("%s: invalid %s", args[0], name)
		}
		p.add(step{ioctl: ioctl, warning: true,
			request: ctl.Request{Op: op, Interface: p.iface.Name, Value: n}})
		return nil
	}}
}

func (p *planner) trailers([]string) error {
	p.add(step{note: "Note: trailers are no longer sent, but always received"})
	return nil
}
