package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"io-pkt/internal/ctl"
)

// errNotConnected is the answer of -s.
var errNotConnected = errors.New("not connected")

// ifconfig does what the command line says: it shows, or it makes a plan and
// carries it out.
func ifconfig(ctx context.Context, args []string, out, warnings io.Writer) error {
	o, operands, err := parseOptions(args)
	if err != nil {
		return err
	}
	if o.old {
		fmt.Fprintf(warnings, "%s: -A is deprecated\n", name)
	}
	if o.cloners {
		return withClient(ctx, func(c *ctl.Client) error { return showCloners(ctx, c, out) })
	}
	if o.all || o.names {
		return withClient(ctx, func(c *ctl.Client) error { return showAll(ctx, c, out, o, operands) })
	}
	if len(operands[0]) > maxName {
		return complaint(fmt.Sprintf("interface name '%s' too long", operands[0]))
	}
	return withClient(ctx, func(c *ctl.Client) error {
		l, mistake := parseLine(operands[0], operands[1:])
		return carryOut(ctx, c, l, mistake, o, out, warnings)
	})
}

// withClient connects for the duration of f.
func withClient(ctx context.Context, f func(*ctl.Client) error) error {
	c, err := ctl.Dial(ctx, ctl.Prefix())
	if err != nil {
		return connectError{err}
	}
	defer c.Close()
	return f(c)
}

// carryOut does what a line about one interface says. A mistake in the line is
// told after what would have failed before it: the interface is not there.
func carryOut(ctx context.Context, c *ctl.Client, l line, mistake error, o options, out, warnings io.Writer) error {
	if err := familyHere(l.family); err != nil {
		return err
	}
	if l.create {
		if mistake != nil {
			return mistake
		}
		s := step{ioctl: "SIOCIFCREATE", request: ctl.Request{Op: ctl.OpCreate, Interface: l.iface}}
		if err := perform(ctx, c, s, out); err != nil || len(l.words) == 0 {
			return err
		}
	}
	n, err := get(ctx, c, l.iface)
	switch {
	case err != nil:
		return err
	case mistake != nil:
		return mistake
	case o.connected:
		return connected(n)
	case len(l.words) == 0:
		return display(ctx, c, out, n, l.family, o)
	}
	steps, err := plan(l, n, systemResolver())
	if err != nil {
		if l.create { // a line with a mistake changes nothing
			_, _ = c.Do(ctx, ctl.Request{Op: ctl.OpDestroy, Interface: l.iface})
		}
		return err
	}
	return performAll(ctx, c, steps, out, warnings)
}

// familyHere refuses the families that only the original has, and inet6 of a v4
// stack, as the original does: it cannot make a socket.
func familyHere(family string) error {
	if family == "" || families[family] && (family != "inet6" || ctl.HasInet6(ctl.Prefix())) {
		return nil
	}
	return ioctlError{"socket", syscall.EAFNOSUPPORT}
}

// performAll carries out a plan up to the first failure that counts.
func performAll(ctx context.Context, c *ctl.Client, steps []step, out, warnings io.Writer) error {
	added := false
	for _, s := range steps {
		if s.ifAdded && !added {
			continue
		}
		err := perform(ctx, c, s, out)
		if err != nil && !s.warning {
			return err
		}
		if err != nil {
			tell(warnings, err)
		}
		added = added || s.adds && err == nil
	}
	return nil
}

// perform does one step.
func perform(ctx context.Context, c *ctl.Client, s step, out io.Writer) error {
	switch {
	case s.note != "":
		_, err := fmt.Fprintln(out, s.note)
		return err
	case s.refused != nil:
		return ioctlError{s.ioctl, s.refused}
	}
	if _, err := c.Do(ctx, s.request); err != nil {
		return ioctlError{s.ioctl, err}
	}
	return nil
}

// get fetches one interface.
func get(ctx context.Context, c *ctl.Client, iface string) (ctl.Interface, error) {
	r, err := c.Do(ctx, ctl.Request{Op: ctl.OpGet, Interface: iface})
	if err == nil && len(r.Interfaces) != 1 {
		err = syscall.ENXIO
	}
	if err != nil {
		return ctl.Interface{}, ioctlError{"SIOCGIFFLAGS " + iface, err}
	}
	return r.Interfaces[0], nil
}
