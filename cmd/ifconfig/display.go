package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"io-pkt/internal/ctl"
)

// showAll shows every interface that the options let through: names on a line
// with -l, everything else without.
func showAll(ctx context.Context, c *ctl.Client, w io.Writer, o options, operands []string) error {
	family := strings.Join(operands, "") // one at most
	if err := familyHere(family); err != nil {
		return err
	}
	r, err := c.Do(ctx, ctl.Request{Op: ctl.OpList})
	if err != nil {
		return ioctlError{"getifaddrs", err}
	}
	var names []string
	for _, n := range r.Interfaces {
		if !o.wants(n) {
			continue
		}
		if names = append(names, n.Name); o.names {
			continue
		}
		if err := display(ctx, c, w, n, family, o); err != nil {
			return err
		}
	}
	if o.names {
		_, err = fmt.Fprintln(w, strings.Join(names, " "))
	}
	return err
}

// showCloners prints the kinds of interfaces that can be created.
func showCloners(ctx context.Context, c *ctl.Client, w io.Writer) error {
	r, err := c.Do(ctx, ctl.Request{Op: ctl.OpCloners})
	if err != nil {
		return ioctlError{"SIOCIFGCLONERS for names", err}
	}
	_, err = fmt.Fprintln(w, strings.Join(r.Cloners, " "))
	return err
}

// wants reports whether an interface is to be shown.
func (o options) wants(n ctl.Interface) bool {
	up := n.Flags&ctl.FlagUp != 0
	switch {
	case o.broadcast && n.Flags&ctl.FlagBroadcast == 0,
		o.down && up, o.up && !up,
		o.connected && connected(n) != nil:
		return false
	}
	return true
}

// connected gives errNotConnected for an interface that knows of no carrier. One
// that cannot tell counts as connected.
func connected(n ctl.Interface) error {
	if n.Media != nil && !n.Media.Link {
		return errNotConnected
	}
	return nil
}

// display shows an interface, with -z as it was when its counters began anew. When
// that is refused, what stands before the counters is there all the same.
func display(ctx context.Context, c *ctl.Client, w io.Writer, n ctl.Interface, family string, o options) error {
	var refusal error
	if o.zero {
		r, err := c.Do(ctx, ctl.Request{Op: ctl.OpZeroStats, Interface: n.Name})
		switch {
		case err != nil:
			refusal = ioctlError{"SIOCZIFDATA", err}
		case len(r.Interfaces) == 1:
			n.Stats = r.Interfaces[0].Stats
		}
	}
	var b strings.Builder
	if refusal != nil {
		showCommon(&b, n, o)
	} else {
		show(&b, n, family, o)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return refusal
}

// show prints an interface: the common part, the counters, then the addresses, of
// one family if one is given.
func show(b *strings.Builder, n ctl.Interface, family string, o options) {
	showCommon(b, n, o)
	if o.stats {
		showStats(b, n, o)
	}
	showAddresses(b, n, family, o)
}

// showCommon prints what is no address and no counter.
func showCommon(b *strings.Builder, n ctl.Interface, o options) {
	fmt.Fprintf(b, "%s: flags=%s", n.Name, flagText(n.Flags))
	if n.Metric != 0 {
		fmt.Fprintf(b, " metric %d", n.Metric)
	}
	if n.MTU != 0 {
		fmt.Fprintf(b, " mtu %d", n.MTU)
	}
	b.WriteByte('\n')
	showCapabilities(b, n)
	showVLAN(b, n.VLAN)
	if n.MAC != "" {
		fmt.Fprintf(b, "\taddress: %s\n", n.MAC)
	}
	if n.Media != nil {
		showMedia(b, *n.Media, o)
	}
}

// flagNames are the flags' names by bit, lowest first.
var flagNames = []string{
	0: "UP", 1: "BROADCAST", 2: "DEBUG", 3: "LOOPBACK", 4: "POINTOPOINT", 5: "NOTRAILERS",
	6: "RUNNING", 7: "NOARP", 8: "PROMISC", 9: "ALLMULTI", 10: "OACTIVE", 11: "SIMPLEX",
	12: "LINK0", 13: "LINK1", 14: "LINK2", 15: "MULTICAST",
	29: "IP6FORWARDING", 30: "ACCEPTRTADV", 31: "SHIM",
}

// flagText prints flags as snprintb(3) does: 8843<UP,BROADCAST,...>, or 0.
func flagText(f ctl.Flags) string { return bitText(uint32(f), flagNames) }

func bitText(bits uint32, names []string) string {
	var set []string
	for bit, name := range names {
		if bits>>bit&1 != 0 && name != "" {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return fmt.Sprintf("%x", bits)
	}
	return fmt.Sprintf("%x<%s>", bits, strings.Join(set, ","))
}

func showMedia(b *strings.Builder, m ctl.Media, o options) {
	fmt.Fprintf(b, "\tmedia: Ethernet %s", m.Current)
	if m.Active != "" && m.Active != m.Current {
		fmt.Fprintf(b, " (%s)", m.Active)
	}
	status := "no carrier"
	if m.Link {
		status = "active"
	}
	fmt.Fprintf(b, "\n\tstatus: %s\n", status)
	if o.media && len(m.Supported) > 0 {
		b.WriteString("\tsupported Ethernet media:\n")
		for _, s := range m.Supported {
			fmt.Fprintf(b, "\t\tmedia %s\n", parseMedium(s).text(" mediaopt "))
		}
	}
}

// showAddresses prints the addresses of a family, or all. The first inet one is
// the primary; the others are its aliases.
func showAddresses(b *strings.Builder, n ctl.Interface, family string, o options) {
	shown := func(f string) bool { return family == "" || family == f }
	if shown("link") {
		showLinks(b, n.Links)
	}
	alias := ""
	for _, a := range n.Addresses {
		switch {
		case a.Addr.Is4():
			if shown("inet") {
				showInet(b, n, a, alias)
			}
			alias = "alias "
		case a.Addr.Is6() && shown("inet6"):
			showInet6(b, n, a, o)
		}
	}
}

func showInet(b *strings.Builder, n ctl.Interface, a ctl.Address, alias string) {
	fmt.Fprintf(b, "\tinet %s%s", alias, a.Addr)
	if n.Flags&ctl.FlagPointToPoint != 0 && a.Dest.IsValid() {
		fmt.Fprintf(b, " -> %s", a.Dest)
	}
	fmt.Fprintf(b, " netmask 0x%x", a.Mask)
	if n.Flags&ctl.FlagBroadcast != 0 && a.Broadcast.IsValid() {
		fmt.Fprintf(b, " broadcast %s", a.Broadcast)
	}
	showPreference(b, a)
	b.WriteByte('\n')
}

func showInet6(b *strings.Builder, n ctl.Interface, a ctl.Address, o options) {
	local := a.Addr.IsLinkLocalUnicast()
	addr := a.Addr
	if local {
		addr = addr.WithZone(n.Name)
	}
	fmt.Fprintf(b, "\tinet6 %s", addr)
	if n.Flags&ctl.FlagPointToPoint != 0 && a.Dest.IsValid() {
		fmt.Fprintf(b, " -> %s", a.Dest)
	}
	fmt.Fprintf(b, " prefixlen %d", a.PrefixLen)
	for _, s := range []struct {
		is   bool
		text string
	}{{a.Anycast, " anycast"}, {a.Tentative, " tentative"}, {a.Duplicated, " duplicated"}, {a.Deprecated, " deprecated"}} {
		if s.is {
			b.WriteString(s.text)
		}
	}
	if local {
		fmt.Fprintf(b, " scopeid 0x%x", n.Index)
	}
	if o.lifetimes {
		fmt.Fprintf(b, " pltime %s vltime %s", lifetime(a.PreferredLifetime), lifetime(a.ValidLifetime))
	}
	showPreference(b, a)
	b.WriteByte('\n')
}

// showPreference prints a preference that somebody has set, behind all else.
func showPreference(b *strings.Builder, a ctl.Address) {
	if a.Preference != 0 {
		fmt.Fprintf(b, " preference %d", a.Preference)
	}
}

func lifetime(seconds uint32) string {
	if seconds == endless {
		return "infty"
	}
	return fmt.Sprint(seconds)
}
