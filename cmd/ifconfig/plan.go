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
	refused bool   // fails without asking
	warning bool   // a failure is told and is no failure of the command
	ifDone  bool   // left out when the step before it failed
}

// A planner works out the steps of a line. Nothing is done meanwhile: a line with
// a mistake in it changes nothing.
type planner struct {
	iface   ctl.Interface
	inet6   bool
	resolve resolver
	upSaid  bool             // up or down was on the line
	steps   [last + 1][]step // by moment
	target
}

// plan gives the steps in the original's order: what takes effect at once as it
// stands on the line, then media, the old address's removal, the new address,
// what comes after addresses; and up, if an address was added and nobody said
// down.
func plan(l line, iface ctl.Interface, r resolver) ([]step, error) {
	p := &planner{iface: iface, inet6: l.family == "inet6", resolve: r}
	p.address.PreferredLifetime, p.address.ValidLifetime = endless, endless
	for _, w := range l.words {
		if err := w.do(p, w.args); err != nil {
			return nil, err
		}
	}
	addresses, err := p.addressSteps()
	if err != nil {
		return nil, err
	}
	return slices.Concat(p.steps[now], p.steps[media], addresses, p.steps[last]), nil
}

// add notes a step.
func (p *planner) add(when moment, s step) { p.steps[when] = append(p.steps[when], s) }

// do notes a request in its place on the line, whose failure ends the command.
func (p *planner) do(ioctl string, r ctl.Request) error {
	r.Interface = p.iface.Name
	p.add(now, step{ioctl: ioctl, request: r})
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
		p.add(now, step{ioctl: ioctl, warning: true,
			request: ctl.Request{Op: op, Interface: p.iface.Name, Value: n}})
		return nil
	}}
}

func (p *planner) trailers([]string) error {
	p.add(now, step{note: "Note: trailers are no longer sent, but always received"})
	return nil
}
