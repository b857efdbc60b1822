package stack

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"io-pkt/internal/ctl"
)

// loadOne makes a stack with one interface, ecm0.
func loadOne(t *testing.T, v6 bool) (*Stack, *device) {
	t.Helper()
	d := &driver{}
	dev := d.plug(t, 1)[0]
	s, _ := start(t, d, func(c *Config) { c.IPv6 = v6 })
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	return s, dev
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// inet is an address as ifconfig sends it.
func inet(a string, mask uint32) *ctl.Address { return &ctl.Address{Addr: addr(a), Mask: mask} }

func TestShow(t *testing.T) {
	s, _ := loadOne(t, false)
	got := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpList}).Interfaces
	want := []ctl.Interface{{
		Name: "lo0", Flags: 0x8049, MTU: 33192,
		Addresses: []ctl.Address{{Addr: addr("127.0.0.1"), Mask: 0xff000000}},
	}, {
		Name: "ecm0", Flags: 0x8802, MTU: 1500, MaxMTU: 1500, MAC: "02:00:00:00:00:01",
		Media:  &ctl.Media{Current: "autoselect", Active: "none", Supported: []string{"autoselect"}, BitRate: 480e6},
		Driver: "ecm", Description: "a device in a test",
		Counters: []ctl.Counter{{Name: "frames", Value: 7}},
		CapRx:    0x1f, CapTx: 0x7f, EnabledRx: 0x1f, EnabledTx: 0x7f,
	}}
	if diff := cmp.Diff(want, got, sameAddr, cmpopts.IgnoreFields(ctl.Interface{}, "Index", "Stats")); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	up := get(t, s, "ecm0")
	if up.Flags != 0x8843 || !up.Media.Link {
		t.Errorf("up: got flags %x, link %v, want 8843, true", up.Flags, up.Media.Link)
	}
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Clear: ctl.FlagUp})
	if down := get(t, s, "ecm0"); down.Flags != 0x8802 || down.Media.Link {
		t.Errorf("down: got flags %x, link %v, want 8802, false", down.Flags, down.Media.Link)
	}
}

func TestErrno(t *testing.T) {
	s, _ := loadOne(t, false)
	for _, tt := range []struct {
		name string
		r    ctl.Request
		want syscall.Errno
	}{
		{"get, missing", ctl.Request{Op: ctl.OpGet, Interface: "en9"}, syscall.ENXIO},
		{"get, kernel's", ctl.Request{Op: ctl.OpGet, Interface: "lo"}, syscall.ENXIO},
		{"destroy, missing", ctl.Request{Op: ctl.OpDestroy, Interface: "ecm1"}, syscall.ENXIO},
		{"destroy lo0", ctl.Request{Op: ctl.OpDestroy, Interface: "lo0"}, syscall.EINVAL},
		{"create, no cloner", ctl.Request{Op: ctl.OpCreate, Interface: "tap0"}, syscall.EINVAL},
		{"create lo0", ctl.Request{Op: ctl.OpCreate, Interface: "lo0"}, syscall.EINVAL},
		{"mtu over the hardware's", ctl.Request{Op: ctl.OpSetMTU, Interface: "ecm0", Value: 1501}, syscall.EINVAL},
		{"mtu too small", ctl.Request{Op: ctl.OpSetMTU, Interface: "ecm0", Value: 67}, syscall.EINVAL},
		{"mtu negative", ctl.Request{Op: ctl.OpSetMTU, Interface: "lo0", Value: -1}, syscall.EINVAL},
		{"mtu", ctl.Request{Op: ctl.OpSetMTU, Interface: "ecm0", Value: 1500}, 0},
		{"delete, unknown", ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0", Address: inet("10.9.9.9", 0)}, syscall.EADDRNOTAVAIL},
		{"delete primary, none", ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0"}, syscall.EADDRNOTAVAIL},
		{"delete 0.0.0.0, none", ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0", Address: inet("0.0.0.0", 0)}, syscall.EADDRNOTAVAIL},
		{"mask with holes", ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("10.0.0.1", 0xff0000ff)}, syscall.EINVAL},
		{"0.0.0.0, mask with holes", ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("0.0.0.0", 0xff00ff00)}, syscall.EINVAL},
		{"inet6 on v4", ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: &ctl.Address{Addr: addr("fd00::1"), PrefixLen: 64}}, syscall.EAFNOSUPPORT},
		{"mount, missing", ctl.Request{Op: ctl.OpMount, Driver: "devnp-asix.so"}, syscall.ENXIO},
		{"unknown", ctl.Request{Op: "x", Interface: "ecm0"}, syscall.ENOSYS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := s.Do(t.Context(), root, tt.r)
			if got := syscall.Errno(r.Errno); got != tt.want || (tt.want != 0) != (r.Error != "") {
				t.Errorf("got %v %q, want %v", got, r.Error, tt.want)
			}
		})
	}
}

func TestPrivilege(t *testing.T) {
	s, _ := loadOne(t, false)
	nobody := ctl.Peer{UID: 65534}
	for _, op := range []ctl.Op{ctl.OpSetFlags, ctl.OpSetMTU, ctl.OpSetMetric, ctl.OpAddAddr, ctl.OpDelAddr, ctl.OpCreate, ctl.OpDestroy, ctl.OpMount} {
		r := s.Do(t.Context(), nobody, ctl.Request{Op: op, Interface: "ecm0", Address: inet("10.0.0.9", 0xff000000)})
		if syscall.Errno(r.Errno) != syscall.EPERM {
			t.Errorf("%s: got %v, want EPERM", op, syscall.Errno(r.Errno))
		}
	}
	for _, op := range []ctl.Op{ctl.OpList, ctl.OpGet} {
		if r := s.Do(t.Context(), nobody, ctl.Request{Op: op, Interface: "ecm0"}); r.Errno != 0 {
			t.Errorf("%s: got %v, want 0", op, syscall.Errno(r.Errno))
		}
	}
}

func TestAddresses(t *testing.T) {
	add := func(a *ctl.Address) ctl.Request { return ctl.Request{Op: ctl.OpAddAddr, Address: a} }
	del := func(a *ctl.Address) ctl.Request { return ctl.Request{Op: ctl.OpDelAddr, Address: a} }
	const c = 0xffffff00
	for _, tt := range []struct {
		name string
		rs   []ctl.Request
		want []ctl.Address // as shown
		ip   []string      // as ip(8) shows it
	}{
		{
			"class A", []ctl.Request{add(inet("10.0.0.184", 0))},
			[]ctl.Address{{Addr: addr("10.0.0.184"), Mask: 0xff000000, Broadcast: addr("10.255.255.255")}},
			[]string{"inet 10.0.0.184/8 brd 10.255.255.255 scope global ecm0"},
		},
		{
			"aliases, in the order of adding", []ctl.Request{add(inet("10.0.0.5", c)), add(inet("10.0.0.4", c)), add(inet("192.168.1.1", c))},
			[]ctl.Address{
				{Addr: addr("10.0.0.5"), Mask: c, Broadcast: addr("10.0.0.255")},
				{Addr: addr("10.0.0.4"), Mask: c, Broadcast: addr("10.0.0.255")},
				{Addr: addr("192.168.1.1"), Mask: c, Broadcast: addr("192.168.1.255")},
			},
			[]string{"inet 10.0.0.5/24", "inet 10.0.0.4/24", "inet 192.168.1.1/24"},
		},
		{
			"the alias stays when the primary goes", []ctl.Request{add(inet("10.0.0.5", c)), add(inet("10.0.0.4", c)), del(nil)},
			[]ctl.Address{{Addr: addr("10.0.0.4"), Mask: c, Broadcast: addr("10.0.0.255")}},
			[]string{"inet 10.0.0.4/24"},
		},
		{
			"a mask that does not fit its broadcast", []ctl.Request{add(&ctl.Address{Addr: addr("10.0.0.5"), Mask: c, Broadcast: addr("10.255.255.255")})},
			[]ctl.Address{{Addr: addr("10.0.0.5"), Mask: c, Broadcast: addr("10.255.255.255")}},
			[]string{"inet 10.0.0.5/24 brd 10.255.255.255"},
		},
		{
			"the same address again, other mask", []ctl.Request{add(inet("10.0.0.5", c)), add(inet("10.0.0.5", 0xffff0000))},
			[]ctl.Address{{Addr: addr("10.0.0.5"), Mask: 0xffff0000, Broadcast: addr("10.0.255.255")}},
			[]string{"inet 10.0.0.5/16 brd 10.0.255.255"},
		},
		{
			"a host's mask", []ctl.Request{add(inet("10.0.0.5", 0xffffffff))},
			[]ctl.Address{{Addr: addr("10.0.0.5"), Mask: 0xffffffff, Broadcast: addr("10.0.0.5")}},
			[]string{"inet 10.0.0.5/32 scope"},
		},
		{
			"the last of its network", []ctl.Request{add(inet("10.0.0.255", c))},
			[]ctl.Address{{Addr: addr("10.0.0.255"), Mask: c, Broadcast: addr("10.0.0.255")}},
			[]string{"inet 10.0.0.255/24 scope"},
		},
		{
			"two hosts", []ctl.Request{add(inet("10.0.0.4", 0xfffffffe)), add(inet("10.0.0.4", 0xfffffffe))},
			[]ctl.Address{{Addr: addr("10.0.0.4"), Mask: 0xfffffffe, Broadcast: addr("10.0.0.5")}},
			[]string{"inet 10.0.0.4/31 scope"},
		},
		{
			"peer", []ctl.Request{add(&ctl.Address{Addr: addr("10.0.0.5"), Mask: 0xffffffff, Dest: addr("10.1.0.6")})},
			[]ctl.Address{{Addr: addr("10.0.0.5"), Mask: 0xffffffff, Dest: addr("10.1.0.6"), Broadcast: addr("10.0.0.5")}},
			[]string{"inet 10.0.0.5 peer 10.1.0.6/32"},
		},
		{
			"what a DHCP client's script does first", []ctl.Request{add(&ctl.Address{Addr: addr("0.0.0.0"), Broadcast: addr("255.255.255.255")})},
			[]ctl.Address{{Addr: addr("0.0.0.0"), Broadcast: addr("255.255.255.255")}}, nil,
		},
		{
			"and then", []ctl.Request{
				add(&ctl.Address{Addr: addr("0.0.0.0"), Broadcast: addr("255.255.255.255")}), del(inet("0.0.0.0", 0)), add(inet("10.0.0.5", c)),
			},
			[]ctl.Address{{Addr: addr("10.0.0.5"), Mask: c, Broadcast: addr("10.0.0.255")}},
			[]string{"inet 10.0.0.5/24"},
		},
		{
			"a group as alias", []ctl.Request{add(inet("10.0.0.5", c)), add(inet("224.1.1.1", 0xffffffff))},
			[]ctl.Address{
				{Addr: addr("10.0.0.5"), Mask: c, Broadcast: addr("10.0.0.255")},
				{Addr: addr("224.1.1.1"), Mask: 0xffffffff, Broadcast: addr("224.1.1.1")},
			},
			[]string{"inet 10.0.0.5/24", "inet 224.1.1.1/32", "autojoin"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := loadOne(t, false)
			must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
			for _, r := range tt.rs {
				r.Interface = "ecm0"
				must(t, s, r)
			}
			if diff := cmp.Diff(tt.want, get(t, s, "ecm0").Addresses, sameAddr); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
			shown := ip(t, "addr show ecm0")
			for _, want := range tt.ip {
				if !strings.Contains(shown, want) {
					t.Errorf("ip addr: got %q, want %q in it", shown, want)
				}
			}
			if got, want := strings.Count(shown, "inet "), strings.Count(strings.Join(tt.ip, ""), "inet "); got != want {
				t.Errorf("ip addr: got %d addresses, want %d: %s", got, want, shown)
			}
			if strings.Contains(shown, "inet6") {
				t.Errorf("inet6 on a v4 stack: %s", shown)
			}
		})
	}
}

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestAddresses6(t *testing.T) {
	s, _ := loadOne(t, true)
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	for _, a := range []ctl.Address{
		{Addr: addr("fd00::1"), PrefixLen: 64, PreferredLifetime: 0xffffffff, ValidLifetime: 0xffffffff},
		{Addr: addr("fd00::2"), PrefixLen: 64, PreferredLifetime: 100, ValidLifetime: 200},
		{Addr: addr("fd00::3"), PrefixLen: 64, ValidLifetime: 0xffffffff}, // deprecated at once
		{Addr: addr("fd00::2"), PrefixLen: 96},                            // changes its prefix
	} {
		must(t, s, ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: &a})
	}
	var got []ctl.Address
	eventually(t, "no address is tentative", func() bool {
		got = get(t, s, "ecm0").Addresses
		return !slices.ContainsFunc(got, func(a ctl.Address) bool { return a.Tentative })
	})
	const endless = 0xffffffff
	want := []ctl.Address{
		{Addr: addr("fe80::ff:fe00:1"), PrefixLen: 64, PreferredLifetime: endless, ValidLifetime: endless},
		{Addr: addr("fd00::1"), PrefixLen: 64, PreferredLifetime: endless, ValidLifetime: endless},
		{Addr: addr("fd00::3"), PrefixLen: 64, Deprecated: true, ValidLifetime: endless},
		{Addr: addr("fd00::2"), PrefixLen: 96, PreferredLifetime: endless, ValidLifetime: endless},
	}
	if diff := cmp.Diff(want, got, sameAddr); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	must(t, s, ctl.Request{Op: ctl.OpDelAddr, Interface: "ecm0", Address: &ctl.Address{Addr: addr("fd00::1")}})
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Clear: ctl.FlagUp})
	if got, want := ip(t, "-6 addr show ecm0"), "fd00::2/96"; !strings.Contains(got, want) || strings.Contains(got, "fd00::1/") {
		t.Errorf("down: got %q, want %s still there and fd00::1 not", got, want)
	}
	if got := get(t, s, "lo0").Addresses; len(got) != 3 || got[1].Addr != addr("::1") || got[2].Addr != addr("fe80::1") {
		t.Errorf("lo0: got %v, want 127.0.0.1, ::1 and fe80::1", got)
	}
}

func TestSettings(t *testing.T) {
	s, _ := loadOne(t, false)
	for _, r := range []ctl.Request{
		{Op: ctl.OpSetMTU, Interface: "ecm0", Value: 1280},
		{Op: ctl.OpSetMetric, Interface: "ecm0", Value: 3},
		{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp | ctl.FlagNoARP | ctl.FlagDebug | ctl.FlagLink0 | ctl.FlagPromisc},
		{Op: ctl.OpSetMTU, Interface: "lo0", Value: 1500},
		{Op: ctl.OpSetMetric, Interface: "lo0", Value: 1},
	} {
		must(t, s, r)
	}
	if got := get(t, s, "ecm0"); got.MTU != 1280 || got.Metric != 3 || got.Flags != 0x98c7 {
		t.Errorf("got mtu %d metric %d flags %x, want 1280, 3, 98c7", got.MTU, got.Metric, got.Flags)
	}
	if got := ip(t, "link show ecm0"); !strings.Contains(got, "mtu 1280 ") || !strings.Contains(got, "NOARP") || !strings.Contains(got, "DEBUG") || strings.Contains(got, "PROMISC") {
		t.Errorf("ip link: got %q", got)
	}
	if got := get(t, s, "lo0"); got.MTU != 1500 || got.Metric != 1 {
		t.Errorf("lo0: got mtu %d, metric %d, want 1500, 1", got.MTU, got.Metric)
	}
	must(t, s, ctl.Request{Op: ctl.OpSetMTU, Interface: "lo0", Value: 65521})
	ip(t, "link set lo mtu 65536")
}

func TestPing(t *testing.T) {
	if _, err := exec.LookPath("ping"); err != nil {
		t.Skip(err)
	}
	s, _ := loadOne(t, false)
	must(t, s, ctl.Request{Op: ctl.OpAddAddr, Interface: "ecm0", Address: inet("10.0.0.5", 0xffffff00)})
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	out, err := exec.Command("ping", "-c3", "-i0.01", "-W10", neighbor.Addr.String()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "3 received") {
		t.Fatalf("ping: %v: %s", err, out)
	}
	stats := get(t, s, "ecm0").Stats
	if stats.InPackets != 4 || stats.OutPackets < 4 || stats.InBytes == 0 || stats.OutBytes == 0 {
		t.Errorf("got %+v, want 4 packets in (1 ARP, 3 ICMP) and as many out", stats)
	}
	if stats.OutBroadcasts != 1 || stats.OutMulticasts < 1 || stats.InMulticasts != 0 {
		t.Errorf("got %+v, want 1 broadcast out (ARP), and no group in", stats)
	}
}
