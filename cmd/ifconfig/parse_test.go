package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/ctl"
)

// spell shows how a line was taken apart: words that stand alone, words with
// their arguments in brackets, addresses in angle brackets.
func spell(l line) string {
	var s []string
	if l.create {
		s = append(s, "+create")
	}
	if l.family != "" {
		s = append(s, "@"+l.family)
	}
	for _, w := range l.words {
		switch {
		case w.entry == source, w.entry == destination:
			s = append(s, "<"+w.name+" "+w.args[0]+">")
		case len(w.args) > 0:
			s = append(s, w.name+"["+strings.Join(w.args, " ")+"]")
		default:
			s = append(s, w.name)
		}
	}
	return strings.Join(s, " ")
}

func TestParseLine(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"", "", ""},
		{"10.184", "<address 10.184>", ""},
		{"inet", "@inet", ""},
		{"inet6 fe80::1", "@inet6 <address fe80::1>", ""},
		{"10.0.0.1 10.0.0.2", "<address 10.0.0.1> <dest_address 10.0.0.2>", ""},
		{"inet alias 10.0.0.1/24", "@inet alias <address 10.0.0.1/24>", ""},
		{"10.0.0.1 netmask 255.0.0.0 -alias", "<address 10.0.0.1> netmask[255.0.0.0] -alias", ""},
		{"create vlan 73 vlanif dwc0 160.48.199.119/25 up", "+create vlan[73] vlanif[dwc0] <address 160.48.199.119/25> up", ""},
		{"up create", "up create", ""},
		{"mtu 1504 up", "mtu[1504] up", ""},
		{"mtu up", "mtu[up]", ""}, // the next word whatever it is
		{"tunnel 1.1.1.1 2.2.2.2 up", "tunnel[1.1.1.1 2.2.2.2] up", ""},
		{"up mtu", "up", "'mtu' requires argument"},
		{"tunnel 1.1.1.1", "", "'tunnel' requires 2 arguments"},
		{"inet inet6", "@inet <address inet6>", ""},
		{"UP", "<address UP>", ""},
		{"ip4csum-rx -tso6", "ip4csum-rx -tso6", ""},
		{"link 02:0:0:0:0:2 active", "@link <address 02:0:0:0:0:2> active", ""},
		{"inet active", "@inet <address active>", ""}, // no word there
	} {
		l, err := parseLine("ecm0", strings.Fields(c.in))
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got := spell(l); got != c.want || text != c.err {
			t.Errorf("%q = %s, %q; want %s, %q", c.in, got, text, c.want, c.err)
		}
	}
}

// TestTable: every documented word is known once, with its arguments.
func TestTable(t *testing.T) {
	want := map[int]string{
		0: `up down arp -arp debug -debug link0 link1 link2 -link0 -link1 -link2 trailers -trailers
			alias -alias delete create destroy anycast -anycast tentative -tentative deprecated -deprecated eui64
			ip4csum ip4csum-rx ip4csum-tx -ip4csum -ip4csum-rx -ip4csum-tx tcp4csum tcp4csum-rx tcp4csum-tx
			-tcp4csum -tcp4csum-rx -tcp4csum-tx udp4csum udp4csum-rx udp4csum-tx -udp4csum -udp4csum-rx
			-udp4csum-tx tcp6csum tcp6csum-rx tcp6csum-tx -tcp6csum -tcp6csum-rx -tcp6csum-tx udp6csum
			udp6csum-rx udp6csum-tx -udp6csum -udp6csum-rx -udp6csum-tx tso4 tso6 -tso4 -tso6 -vlanif deletetunnel
			-bssid -chan -nwkey powersave -powersave hidessid -hidessid apbridge -apbridge -carpdev`,
		1: `netmask prefixlen broadcast metric mtu preference media mediaopt -mediaopt instance inst mode pltime
			vltime vlan vlanif agrport -agrport bssid chan ssid nwid nwkey powersavesleep advbase advskew pass
			vhid state carpdev ipdst range phase snpaoffset nsellength`,
		2: `tunnel`,
	}
	seen := make(map[string]int)
	for _, e := range table {
		if _, twice := seen[e.name]; twice {
			t.Errorf("%s is there twice", e.name)
		}
		seen[e.name] = e.args
	}
	for args, words := range want {
		for w := range strings.FieldsSeq(words) {
			if got, ok := seen[w]; !ok || got != args {
				t.Errorf("%s: known %v with %d arguments; want %d", w, ok, got, args)
			}
			delete(seen, w)
		}
	}
	if len(seen) > 0 {
		t.Errorf("undocumented words: %v", seen)
	}
}

// FuzzLine: no line panics, printing one and parsing that gives the same, and
// planning one never makes a request that is not about its interface.
func FuzzLine(f *testing.F) {
	for _, s := range []string{
		"10.184", "inet 0.0.0.0 netmask 0.0.0.0 broadcast 255.255.255.255 up", "inet6 alias fe80::1/64",
		"create vlan 73 vlanif dwc0 160.48.199.119/25 up", "10.0.0.1 delete", "mtu 1504 metric 3 down", "tunnel a",
		"link 02:00:00:00:00:02 active", "media 100TX mediaopt fdx,flow inst 2", "tso4 -ip4csum-rx 10.0.0.1 preference 3",
		"inet6 fd00:: eui64 pltime 0 vltime 0 anycast",
	} {
		f.Add(s)
	}
	r := noNames(f, nil, "")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := parseLine("ecm0", strings.Fields(s))
		if err != nil {
			return
		}
		again, err := parseLine("ecm0", strings.Fields(l.String())[1:])
		if err != nil {
			t.Fatalf("%q: %v", l.String(), err)
		}
		if d := cmp.Diff(spell(l), spell(again)); d != "" {
			t.Errorf("%q became %q:\n%s", s, l.String(), d)
		}
		iface := ethernet("10.0.0.1/24", "fe80::1/64")
		iface.Media, iface.VLAN = &ctl.Media{Current: "autoselect"}, &ctl.VLAN{}
		steps, err := plan(l, iface, r)
		if err != nil {
			return
		}
		for _, s := range steps {
			if s.request.Op != "" && s.request.Interface != "ecm0" {
				t.Errorf("%q plans %+v", l, s)
			}
		}
	})
}
