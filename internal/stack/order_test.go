package stack

import (
	"strings"
	"testing"

	"io-pkt/internal/ctl"
)

// addresses gives the addresses of ecm0 as it is shown, the first one in front.
func addresses(t *testing.T, s *Stack) string {
	t.Helper()
	var list []string
	for _, a := range get(t, s, "ecm0").Addresses {
		list = append(list, a.Addr.String())
	}
	return strings.Join(list, " ")
}

// TestOrder: the first address is the one that was added first, until it is removed.
func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps string // "+ADDRESS/LENGTH" and "-ADDRESS" by request, "-" of the first, others by ip(8)
		want  string
	}{
		{"two of a network, and another", "+10.0.0.1/24 +10.0.0.2/24 +192.168.1.1/24", "10.0.0.1 10.0.0.2 192.168.1.1"},
		{"the first goes", "+10.0.0.1/24 +10.0.0.2/24 +192.168.1.1/24 -", "10.0.0.2 192.168.1.1"},
		{"and the next", "+10.0.0.1/24 +10.0.0.2/24 +192.168.1.1/24 - -", "192.168.1.1"},
		{"another mask", "+10.0.0.1/24 +192.168.1.1/24 +10.0.0.1/16", "10.0.0.1 192.168.1.1"},
		{"removed and added", "+10.0.0.1/24 +192.168.1.1/24 -10.0.0.1 +10.0.0.1/24", "192.168.1.1 10.0.0.1"},
		{"0.0.0.0 as alias", "+10.0.0.1/24 +0.0.0.0/8", "10.0.0.1 0.0.0.0"},
		{"0.0.0.0 as alias, the first goes", "+10.0.0.1/24 +0.0.0.0/8 -", "0.0.0.0"},
		{"0.0.0.0 again", "+0.0.0.0/8 +10.0.0.1/24 +0.0.0.0/8", "0.0.0.0 10.0.0.1"},
		{"0.0.0.0 removed and added", "+0.0.0.0/8 +10.0.0.1/24 -0.0.0.0 +0.0.0.0/8", "10.0.0.1 0.0.0.0"},
		{"somebody else's last", "+10.0.0.1/24 add:192.168.1.1/24 add:10.0.0.2/24", "10.0.0.1 192.168.1.1 10.0.0.2"},
		{"somebody else's first", "add:192.168.1.1/24 +10.0.0.1/24 add:192.168.1.2/24", "192.168.1.1 10.0.0.1 192.168.1.2"},
		{"removed by somebody else", "+10.0.0.1/24 +192.168.1.1/24 del:10.0.0.1/24 +10.0.0.1/24", "192.168.1.1 10.0.0.1"},
		{"inet6 behind", "+fd00::1/64 +10.0.0.1/24 +fd00::2/64", "10.0.0.1 fd00::1 fd00::2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := loadOne(t, true)
			for step := range strings.FieldsSeq(tt.steps) {
				stepAddress(t, s, step)
			}
			if got := addresses(t, s); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.steps, got, tt.want)
			}
		})
	}
}

// stepAddress does one of TestOrder's steps.
func stepAddress(t *testing.T, s *Stack, step string) {
	t.Helper()
	if how, prefix, byIP := strings.Cut(step, ":"); byIP && (how == "add" || how == "del") {
		ip(t, "addr "+how+" "+prefix+" dev ecm0")
		return
	}
	r := ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0"}
	a, length, adds := strings.Cut(step[1:], "/")
	if a != "" {
		r.Address = &ctl.Address{Addr: addr(a)}
	}
	if adds {
		r.Op = ctl.OpAddAddr
		mask := map[string]uint32{"8": 0xff000000, "16": 0xffff0000, "24": 0xffffff00}
		if r.Address.Mask = mask[length]; r.Address.Mask == 0 {
			r.Address.PrefixLen = 64
		}
	}
	must(t, s, r)
}

// TestPreferenceGoes: it goes with its address, whoever removes that.
func TestPreferenceGoes(t *testing.T) {
	s, _ := loadOne(t, false)
	add := ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("10.0.0.5", 0xffffff00)}
	must(t, s, add)
	preference := func(want int) {
		t.Helper()
		if got := get(t, s, "ecm0").Addresses[0].Preference; got != want {
			t.Errorf("got preference %d, want %d", got, want)
		}
	}
	prefer := func() {
		t.Helper()
		r := add
		r.Op, r.Value = ctl.OpPrefer, 9
		must(t, s, r)
		preference(9)
	}
	prefer()
	r := add
	r.Address = inet("10.0.0.5", 0xffff0000)
	must(t, s, r) // another mask: the address has not gone
	preference(9)

	ip(t, "addr del 10.0.0.5/16 dev ecm0")
	must(t, s, add) // at once, and perhaps before the removal is seen
	preference(0)

	prefer()
	ip(t, "addr del 10.0.0.5/24 dev ecm0")
	i, err := s.lookup("ecm0")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the removal is seen", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(i.local.preferences)+len(i.local.order) == 0
	})
	ip(t, "addr add 10.0.0.5/24 dev ecm0")
	preference(0)
}
