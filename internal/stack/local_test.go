package stack

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"io-pkt/internal/ctl"
)

// TestLinkAddresses: the list, the one in use, and what the device learns of it.
func TestLinkAddresses(t *testing.T) {
	s, dev := loadOne(t, false)
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	link := func(op ctl.Op, mac string, active bool) ctl.Request {
		return ctl.Request{Op: op, Interface: "ecm0", MAC: mac, Active: active}
	}
	const own, a, b = "02:00:00:00:00:01", "02:00:00:00:00:0a", "02:00:00:00:00:0b"
	for _, step := range []struct {
		name        string
		r           ctl.Request
		want        syscall.Errno
		mac         string
		links       []string
		promiscuous bool
	}{
		{"one more", link(ctl.OpAddLink, a, false), 0, own, []string{a}, false},
		{"twice", link(ctl.OpAddLink, a, false), syscall.EEXIST, own, []string{a}, false},
		{"its own", link(ctl.OpAddLink, own, false), syscall.EEXIST, own, []string{a}, false},
		{"its own, in use", link(ctl.OpAddLink, own, true), 0, own, []string{a}, false},
		{"a new one in use", link(ctl.OpAddLink, b, true), 0, b, []string{a, own}, true},
		{"a known one in use", link(ctl.OpAddLink, a, true), 0, a, []string{own, b}, true},
		{"delete the one in use", link(ctl.OpDelLink, a, false), syscall.EBUSY, a, []string{own, b}, true},
		{"delete", link(ctl.OpDelLink, b, false), 0, a, []string{own}, true},
		{"delete, unknown", link(ctl.OpDelLink, b, false), syscall.EADDRNOTAVAIL, a, []string{own}, true},
		{"back", link(ctl.OpAddLink, own, true), 0, own, []string{a}, false},
		{"a group", link(ctl.OpAddLink, "01:00:5e:00:00:01", true), syscall.EINVAL, own, []string{a}, false},
		{"none", link(ctl.OpAddLink, "00:00:00:00:00:00", false), syscall.EINVAL, own, []string{a}, false},
		{"no address", link(ctl.OpAddLink, "02:00:00:00:00", true), syscall.EINVAL, own, []string{a}, false},
		{"eight bytes", link(ctl.OpAddLink, "02:00:00:00:00:00:00:01", true), syscall.EINVAL, own, []string{a}, false},
	} {
		if got := do(t, s, step.r); got != step.want {
			t.Errorf("%s: got %v, want %v", step.name, got, step.want)
		}
		n := get(t, s, "ecm0")
		if n.MAC != step.mac || !slices.Equal(n.Links, step.links) {
			t.Errorf("%s: got %s and %v, want %s and %v", step.name, n.MAC, n.Links, step.mac, step.links)
		}
		eventually(t, step.name, func() bool { _, mode := dev.state(); return mode.Promiscuous == step.promiscuous })
	}
	if got := do(t, s, ctl.Request{Op: ctl.OpAddLink, Interface: "lo0", MAC: a}); got != syscall.EINVAL {
		t.Errorf("lo0: got %v, want EINVAL", got)
	}
	// Somebody else activates one of them.
	ip(t, "link set ecm0 address "+a)
	if n := get(t, s, "ecm0"); n.MAC != a || len(n.Links) != 0 {
		t.Errorf("ip: got %s and %v, want %s alone", n.MAC, n.Links, a)
	}
}

// TestLinkAddressesEnd: there is an end to them, whether they come into use or not.
func TestLinkAddressesEnd(t *testing.T) {
	const own = "02:00:00:00:00:01"
	number := func(n int) string { return fmt.Sprintf("02:00:00:00:01:%02x", n) }
	for _, active := range []bool{false, true} {
		t.Run(fmt.Sprintf("active %v", active), func(t *testing.T) {
			s, _ := loadOne(t, false)
			add := func(n int) syscall.Errno {
				return do(t, s, ctl.Request{Op: ctl.OpAddLink, Interface: "ecm0", MAC: number(n), Active: active})
			}
			for n := range maxLinks {
				if e := add(n); e != 0 {
					t.Fatalf("number %d: got %v", n, e)
				}
			}
			used := own
			if active {
				used = number(maxLinks - 1)
			}
			last := add(maxLinks)
			if n := get(t, s, "ecm0"); last != syscall.ENOSPC || n.MAC != used || len(n.Links) != maxLinks {
				t.Errorf("got %v, %s and %d more, want ENOSPC, %s and %d", last, n.MAC, len(n.Links), used, maxLinks)
			}
			// One of them changes places with the one in use.
			must(t, s, ctl.Request{Op: ctl.OpAddLink, Interface: "ecm0", MAC: number(0), Active: true})
			if n := get(t, s, "ecm0"); n.MAC != number(0) || len(n.Links) != maxLinks {
				t.Errorf("got %s and %d more, want %s and %d", n.MAC, len(n.Links), number(0), maxLinks)
			}
		})
	}
}

// TestZeroStats: the counters begin anew here, and nowhere else.
func TestZeroStats(t *testing.T) {
	s, dev := loadOne(t, false)
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	dev.port.Drop(5, 7)
	r := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpZeroStats, Interface: "ecm0"})
	if r.Errno != 0 || len(r.Interfaces) != 1 || r.Interfaces[0].Stats.InDrops != 5 || r.Interfaces[0].Stats.OutDrops != 7 {
		t.Fatalf("got %+v, want what it was before", r)
	}
	if got := get(t, s, "ecm0").Stats; got.InDrops != 0 || got.OutDrops != 0 {
		t.Errorf("got %+v, want no drops", got)
	}
	dev.port.Drop(1, 0)
	if got := get(t, s, "ecm0").Stats; got.InDrops != 1 || got.OutDrops != 0 {
		t.Errorf("got %+v, want one drop", got)
	}
	r = s.Do(t.Context(), root, ctl.Request{Op: ctl.OpZeroStats, Interface: "ecm0"})
	if got := get(t, s, "ecm0").Stats; r.Interfaces[0].Stats.InDrops != 1 || got.InDrops != 0 {
		t.Errorf("again: got %+v, then %+v", r.Interfaces[0].Stats, got)
	}
}

// TestSwitches: what can be set to nothing else than it is.
func TestSwitches(t *testing.T) {
	s, _ := loadOne(t, false)
	must(t, s, ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("10.0.0.5", 0xff000000)})
	prefer := func(a string, n int) ctl.Request {
		return ctl.Request{Op: ctl.OpPrefer, Interface: "ecm0", Address: inet(a, 0), Value: n}
	}
	for _, tt := range []struct {
		name string
		r    ctl.Request
		want syscall.Errno
	}{
		{"media", ctl.Request{Op: ctl.OpSetMedia, Interface: "ecm0", Media: "autoselect"}, 0},
		{"other media", ctl.Request{Op: ctl.OpSetMedia, Interface: "ecm0", Media: "100baseTX full-duplex"}, syscall.ENXIO},
		{"no media", ctl.Request{Op: ctl.OpSetMedia, Interface: "lo0", Media: "autoselect"}, syscall.EINVAL},
		{"capabilities, none", ctl.Request{Op: ctl.OpSetCap, Interface: "ecm0"}, 0},
		{"capabilities, unknown", ctl.Request{Op: ctl.OpSetCap, Interface: "ecm0", Tx: 0x80}, syscall.EINVAL},
		{"capabilities of lo0", ctl.Request{Op: ctl.OpSetCap, Interface: "lo0", Rx: 1}, syscall.EINVAL},
		{"capabilities of lo0, none", ctl.Request{Op: ctl.OpSetCap, Interface: "lo0"}, 0},
		{"preference", prefer("10.0.0.5", 9), 0},
		{"preference, too high", prefer("10.0.0.5", 65536), syscall.EINVAL},
		{"preference, unknown address", prefer("10.0.0.6", 9), syscall.EADDRNOTAVAIL},
		{"vlan of what is none", ctl.Request{Op: ctl.OpSetVLAN, Interface: "ecm0", VLAN: &ctl.VLAN{Tag: 1, Parent: "ecm0"}}, syscall.EINVAL},
	} {
		if got := do(t, s, tt.r); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := get(t, s, "ecm0").Addresses[0].Preference; got != 9 {
		t.Errorf("preference: got %d, want 9", got)
	}
	must(t, s, ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0"})
	must(t, s, ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("10.0.0.5", 0xff000000)})
	if got := get(t, s, "ecm0").Addresses[0].Preference; got != 0 {
		t.Errorf("preference of an address that was gone: got %d, want 0", got)
	}
}
