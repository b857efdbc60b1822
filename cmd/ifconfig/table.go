package main

import (
	"slices"

	"io-pkt/internal/ctl"
)

// An entry is one word of the command line, as in the table at the heart of
// NetBSD's ifconfig: how many words follow that belong to it, and what it does to
// the plan.
type entry struct {
	name string
	args int
	do   func(p *planner, args []string) error
}

// The entries of words that are in no table: the first one is the address, the
// others are the destination address.
var (
	source      = &entry{name: "address", do: func(p *planner, a []string) error { return p.setAddress(a[0]) }}
	destination = &entry{name: "dest_address", do: func(p *planner, a []string) error { return p.setDestination(a[0]) }}
)

// table is every word that QNX documents for ifconfig.
var table = slices.Concat(
	[]entry{
		flag("up", ctl.FlagUp, 0), flag("down", 0, ctl.FlagUp),
		flag("arp", 0, ctl.FlagNoARP), flag("-arp", ctl.FlagNoARP, 0),
		flag("debug", ctl.FlagDebug, 0), flag("-debug", 0, ctl.FlagDebug),
		flag("link0", ctl.FlagLink0, 0), flag("-link0", 0, ctl.FlagLink0),
		flag("link1", ctl.FlagLink1, 0), flag("-link1", 0, ctl.FlagLink1),
		flag("link2", ctl.FlagLink2, 0), flag("-link2", 0, ctl.FlagLink2),
		{"trailers", 0, (*planner).trailers}, {"-trailers", 0, (*planner).trailers},

		{"alias", 0, func(p *planner, _ []string) error { return p.setAlias(1) }},
		{"-alias", 0, func(p *planner, _ []string) error { return p.setAlias(-1) }},
		{"delete", 0, func(p *planner, _ []string) error { return p.setAlias(-1) }},
		{"netmask", 1, func(p *planner, a []string) error { return p.setNetmask(a[0]) }},
		{"prefixlen", 1, func(p *planner, a []string) error { return p.setPrefix(a[0]) }},
		{"broadcast", 1, func(p *planner, a []string) error { return p.setBroadcast(a[0]) }},

		number("mtu", "SIOCSIFMTU", ctl.OpSetMTU),
		number("metric", "SIOCSIFMETRIC", ctl.OpSetMetric),
		{"create", 0, func(p *planner, _ []string) error { return p.do("SIOCIFCREATE", ctl.Request{Op: ctl.OpCreate}) }},
		{"destroy", 0, func(p *planner, _ []string) error { return p.do("SIOCIFDESTROY", ctl.Request{Op: ctl.OpDestroy}) }},

		inet6Word("anycast", 0, func(a *ctl.Address, _ uint32) { a.Anycast = true }),
		inet6Word("-anycast", 0, func(a *ctl.Address, _ uint32) { a.Anycast = false }),
		inet6Word("tentative", 0, func(a *ctl.Address, _ uint32) { a.Tentative = true }),
		inet6Word("-tentative", 0, func(a *ctl.Address, _ uint32) { a.Tentative = false }),
		inet6Word("deprecated", 0, func(a *ctl.Address, _ uint32) { a.Deprecated = true }),
		inet6Word("-deprecated", 0, func(a *ctl.Address, _ uint32) { a.Deprecated = false }),
		inet6Word("pltime", 1, func(a *ctl.Address, v uint32) { a.PreferredLifetime = v }),
		inet6Word("vltime", 1, func(a *ctl.Address, v uint32) { a.ValidLifetime = v }),
		{"eui64", 0, (*planner).setEUI64},
		{"preference", 1, func(p *planner, a []string) error { return p.setPreference(a[0]) }},

		{"vlan", 1, func(p *planner, a []string) error { return p.setTag(a[0]) }},
		{"vlanif", 1, func(p *planner, a []string) error { return p.setParent(a[0]) }},
		{"-vlanif", 0, (*planner).unsetParent},
	},
	mediaWords(),
	capabilityWords(),
	foreignWords(),
)

// active is a word of the link family only; elsewhere it is what any other word
// is, an address.
var active = &entry{"active", 0, func(p *planner, _ []string) error {
	p.link.active = true
	return nil
}}

// find looks a word up.
func find(name, family string) *entry {
	if family == "link" && name == active.name {
		return active
	}
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

func flag(name string, set, clear ctl.Flags) entry {
	return entry{name, 0, func(p *planner, _ []string) error {
		p.upSaid = p.upSaid || (set|clear)&ctl.FlagUp != 0
		return p.do("SIOCSIFFLAGS", ctl.Request{Op: ctl.OpSetFlags, Set: set, Clear: clear})
	}}
}
