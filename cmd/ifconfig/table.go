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

		inet6Word("tentative", 0, func(a *ctl.Address, _ uint32) { a.Tentative = true }),
		inet6Word("-tentative", 0, func(a *ctl.Address, _ uint32) { a.Tentative = false }),
		inet6Word("deprecated", 0, func(a *ctl.Address, _ uint32) { a.Deprecated = true }),
		inet6Word("-deprecated", 0, func(a *ctl.Address, _ uint32) { a.Deprecated = false }),
		inet6Word("pltime", 1, func(a *ctl.Address, v uint32) { a.PreferredLifetime = v }),
		inet6Word("vltime", 1, func(a *ctl.Address, v uint32) { a.ValidLifetime = v }),
		{"eui64", 0, (*planner).setEUI64},
	},
	refusals(now, "SIOCAIFADDR", 0, "anycast", "-anycast"),
	refusals(last, "SIOCSIFADDRPREF", 1, "preference"),
	refusals(media, "SIOCSIFMEDIA", 1, "media", "mediaopt", "-mediaopt", "instance", "inst", "mode"),
	refusals(last, "SIOCSIFCAP", 0, capabilities()...),
	refusals(now, "SIOCGETVLAN", 1, "vlan", "vlanif"),
	refusals(now, "SIOCGETVLAN", 0, "-vlanif"),
	refusals(now, "SIOCSLIFPHYADDR", 2, "tunnel"),
	refusals(now, "SIOCDIFPHYADDR", 0, "deletetunnel"),
	refusals(now, "SIOCSETAGR", 1, "agrport", "-agrport"),
	refusals(now, "SIOCS80211NWID", 1, "ssid", "nwid"),
	refusals(now, "SIOCS80211NWKEY", 1, "nwkey"),
	refusals(now, "SIOCS80211NWKEY", 0, "-nwkey"),
	refusals(now, "SIOCS80211BSSID", 1, "bssid"),
	refusals(now, "SIOCS80211BSSID", 0, "-bssid"),
	refusals(now, "SIOCS80211CHANNEL", 1, "chan"),
	refusals(now, "SIOCS80211CHANNEL", 0, "-chan"),
	refusals(now, "SIOCG80211POWER", 0, "powersave", "-powersave"),
	refusals(now, "SIOCG80211POWER", 1, "powersavesleep"),
	refusals(now, "SIOCG80211FLAGS", 0, "hidessid", "-hidessid", "apbridge", "-apbridge"),
	refusals(now, "SIOCGVH", 1, "advbase", "advskew", "pass", "vhid", "state", "carpdev"),
	refusals(now, "SIOCGVH", 0, "-carpdev"),
	// Words of families that are not there: IPX, AppleTalk, ISO.
	refusals(now, "socket", 1, "ipdst", "range", "phase", "snpaoffset", "nsellength"),
)

// find looks a word up.
func find(name string) *entry {
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

// capabilities are the words for the checksum and segmentation offloads.
func capabilities() []string {
	words := []string{"tso4", "-tso4", "tso6", "-tso6"}
	for _, c := range []string{"ip4csum", "tcp4csum", "udp4csum", "tcp6csum", "udp6csum"} {
		for _, way := range []string{"", "-rx", "-tx"} {
			words = append(words, c+way, "-"+c+way)
		}
	}
	return words
}

// A moment is when a word takes effect.
type moment int

const (
	now   moment = iota // in its place on the line
	media               // after the words, before the addresses
	last                // after the addresses
)

// refusals are words that this io-pkt has nothing for. They fail as they do on an
// interface that lacks the feature, never silently.
func refusals(when moment, ioctl string, args int, names ...string) []entry {
	var entries []entry
	for _, n := range names {
		entries = append(entries, entry{n, args, func(p *planner, _ []string) error {
			p.add(when, step{ioctl: ioctl, refused: true})
			return nil
		}})
	}
	return entries
}
