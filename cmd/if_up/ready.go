package main

import (
	"slices"

	"io-pkt/internal/ctl"
)

// satisfied reports whether the interfaces are as the command line wants them.
func (o options) satisfied(list []ctl.Interface) bool {
	ready := func(name string) bool {
		return slices.ContainsFunc(list, func(n ctl.Interface) bool { return n.Name == name && o.ready(n) })
	}
	if !o.all {
		return slices.ContainsFunc(o.interfaces, ready)
	}
	for _, name := range o.interfaces {
		if !ready(name) {
			return false
		}
	}
	return true
}

// ready reports whether one interface that is there is as wanted.
func (o options) ready(n ctl.Interface) bool {
	switch {
	case o.link:
		return linkUp(n)
	case o.present:
		return true
	default:
		return n.Flags&ctl.FlagUp != 0 && slices.ContainsFunc(n.Addresses, o.usable)
	}
}

// linkUp asks the media, and where the driver knows of none, whether it runs.
func linkUp(n ctl.Interface) bool {
	if n.Media != nil {
		return n.Media.Link
	}
	return n.Flags&ctl.FlagRunning != 0
}

// usable reports whether an address counts: an inet one other than the 0.0.0.0 of
// a DHCP client that is still asking, or with -6 an inet6 one that is known to be
// nobody else's.
func (o options) usable(a ctl.Address) bool {
	if a.Addr.Is4() {
		return !o.inet6 && !a.Addr.IsUnspecified()
	}
	return o.inet6 && !a.Tentative && !a.Duplicated && !a.Anycast &&
		!(o.global && a.Addr.IsLinkLocalUnicast())
}
