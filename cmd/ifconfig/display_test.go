package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/ctl"
)

// loopback is lo0 of a v6 stack.
func loopback() ctl.Interface {
	return ctl.Interface{Name: "lo0", Index: 1, MTU: 33192,
		Flags: ctl.FlagUp | ctl.FlagLoopback | ctl.FlagRunning | ctl.FlagMulticast,
		Addresses: []ctl.Address{
			{Addr: netip.MustParseAddr("127.0.0.1"), Mask: 0xff000000},
			{Addr: netip.MustParseAddr("::1"), PrefixLen: 128},
			{Addr: netip.MustParseAddr("fe80::1"), PrefixLen: 64},
		}}
}

// wired is an adapter with everything on.
func wired() ctl.Interface {
	n := ethernet("192.168.56.101/24", "fe80::5054:ff:fe5d:43bb/64")
	n.Name, n.MAC = "wm0", "52:54:00:5d:43:bb"
	n.Media = &ctl.Media{Current: "autoselect", Active: "1000baseT full-duplex", Supported: []string{"autoselect"}, Link: true}
	return n
}

// capable is the adapter of a 7.x VM, which can do more.
func capable() ctl.Interface {
	n := wired()
	n.CapRx, n.CapTx = 0x7, 0x3f
	n.Media.Supported = []string{"none", "10baseT", "10baseT full-duplex", "100baseTX full-duplex,flowcontrol", "autoselect"}
	return n
}

func TestShow(t *testing.T) {
	down := ctl.Interface{Name: "ecm0", Index: 17, MTU: 1500, MAC: "02:00:00:00:00:01",
		Flags: ctl.FlagBroadcast | ctl.FlagSimplex | ctl.FlagMulticast, Media: &ctl.Media{Current: "autoselect"}}
	blackberry := ethernet("169.254.0.1/16")
	blackberry.Flags |= ctl.FlagAllMulti
	aliases := ethernet("10.0.0.1/8", "10.0.0.2/32")
	aliases.Metric = 3
	ppp := ctl.Interface{Name: "ppp0", MTU: 1472,
		Flags: ctl.FlagUp | ctl.FlagPointToPoint | ctl.FlagRunning | ctl.FlagMulticast,
		Addresses: []ctl.Address{{Addr: netip.MustParseAddr("21.28.103.144"),
			Dest: netip.MustParseAddr("68.28.89.85"), Mask: 0xff000000}}}
	busy := ethernet("fd00::1/64")
	busy.Addresses[0].Tentative, busy.Addresses[0].Deprecated, busy.Addresses[0].PreferredLifetime = true, true, 600
	busy.Stats = ctl.Stats{InPackets: 1, InBytes: 1, InMulticasts: 2, InErrors: 1, InDrops: 3,
		OutPackets: 12, OutBytes: 15300, OutMulticasts: 4, OutErrors: 2, Collisions: 1}
	busy.Counters = []ctl.Counter{{Name: "runt frames", Value: 7}}

	enabled := ethernet()
	enabled.CapTx, enabled.EnabledTx = ctl.CapTSO4|ctl.CapTSO6, ctl.CapTSO6
	many := ethernet("10.0.0.1/8", "fd00::1/64")
	many.Name, many.MTU, many.VLAN = "vlan73", 1496, &ctl.VLAN{Tag: 73, Parent: "ecm0"}
	many.Links = []string{"02:00:00:00:00:02", "02:00:00:00:00:03"}
	many.Addresses[0].Preference, many.Addresses[1].Preference, many.Addresses[1].Anycast = 7, 65535, true
	lonely := ctl.Interface{Name: "vlan0", MTU: 1500, MAC: "00:00:00:00:00:00", VLAN: &ctl.VLAN{},
		Flags: ctl.FlagBroadcast | ctl.FlagSimplex | ctl.FlagMulticast}

	for _, c := range []struct {
		name   string
		iface  ctl.Interface
		family string
		o      options
		want   string
	}{
		{name: "wired, as in a 7.x VM", iface: wired(), want: `
wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	address: 52:54:00:5d:43:bb
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	inet 192.168.56.101 netmask 0xffffff00 broadcast 192.168.56.255
	inet6 fe80::5054:ff:fe5d:43bb%wm0 prefixlen 64 scopeid 0x11
`},
		{name: "capable", iface: capable(), o: options{media: true}, family: "inet", want: `
wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	capabilities rx=7<IP4CSUM,TCP4CSUM,UDP4CSUM>
	capabilities tx=3f<IP4CSUM,TCP4CSUM,UDP4CSUM,TCP6CSUM,UDP6CSUM,TSO4>
	enabled=0
	address: 52:54:00:5d:43:bb
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	supported Ethernet media:
		media none
		media 10baseT
		media 10baseT mediaopt full-duplex
		media 100baseTX mediaopt full-duplex,flowcontrol
		media autoselect
	inet 192.168.56.101 netmask 0xffffff00 broadcast 192.168.56.255
`},
		{name: "enabled", iface: enabled, family: "inet6", want: `
ecm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	capabilities tx=60<TSO4,TSO6>
	enabled tx=40<TSO6>
	address: 02:00:00:00:00:01
`},
		{name: "vlan, link addresses, anycast, preference", iface: many, want: `
vlan73: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1496
	vlan: 73 parent: ecm0
	address: 02:00:00:00:00:01
	link 02:00:00:00:00:02
	link 02:00:00:00:00:03
	inet 10.0.0.1 netmask 0xff000000 broadcast 10.255.255.255 preference 7
	inet6 fd00::1 prefixlen 64 anycast preference 65535
`},
		{name: "link addresses alone", iface: many, family: "link", want: `
vlan73: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1496
	vlan: 73 parent: ecm0
	address: 02:00:00:00:00:01
	link 02:00:00:00:00:02
	link 02:00:00:00:00:03
`},
		{name: "vlan without parent", iface: lonely, want: `
vlan0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500
	address: 00:00:00:00:00:00
`},
		{name: "loopback", iface: loopback(), want: `
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33192
	inet 127.0.0.1 netmask 0xff000000
	inet6 ::1 prefixlen 128
	inet6 fe80::1%lo0 prefixlen 64 scopeid 0x1
`},
		{name: "one family", iface: loopback(), family: "inet", want: `
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33192
	inet 127.0.0.1 netmask 0xff000000
`},
		{name: "the other family", iface: wired(), family: "inet6", want: `
wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	address: 52:54:00:5d:43:bb
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	inet6 fe80::5054:ff:fe5d:43bb%wm0 prefixlen 64 scopeid 0x11
`},
		{name: "down", iface: down, want: `
ecm0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500
	address: 02:00:00:00:00:01
	media: Ethernet autoselect
	status: no carrier
`},
		{name: "without media", iface: blackberry, want: `
ecm0: flags=8a43<UP,BROADCAST,RUNNING,ALLMULTI,SIMPLEX,MULTICAST> mtu 1500
	address: 02:00:00:00:00:01
	inet 169.254.0.1 netmask 0xffff0000 broadcast 169.254.255.255
`},
		{name: "alias and metric", iface: aliases, want: `
ecm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 3 mtu 1500
	address: 02:00:00:00:00:01
	inet 10.0.0.1 netmask 0xff000000 broadcast 10.255.255.255
	inet alias 10.0.0.2 netmask 0xffffffff broadcast 10.0.0.2
`},
		{name: "point to point", iface: ppp, want: `
ppp0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1472
	inet 21.28.103.144 -> 68.28.89.85 netmask 0xff000000
`},
		{name: "nothing to broadcast to", iface: ctl.Interface{Name: "en0", Addresses: ethernet("10.0.0.1/8").Addresses},
			want: "\nen0: flags=0\n\tinet 10.0.0.1 netmask 0xff000000\n"},
		{name: "bare", iface: ctl.Interface{Name: "tun0"}, want: "\ntun0: flags=0\n"},
		{name: "zero mask", iface: ctl.Interface{Name: "en0", Addresses: []ctl.Address{{Addr: netip.IPv4Unspecified()}}},
			want: "\nen0: flags=0\n\tinet 0.0.0.0 netmask 0x0\n"},
		{name: "supported media", iface: wired(), family: "inet", o: options{media: true}, want: `
wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	address: 52:54:00:5d:43:bb
	media: Ethernet autoselect (1000baseT full-duplex)
	status: active
	supported Ethernet media:
		media autoselect
	inet 192.168.56.101 netmask 0xffffff00 broadcast 192.168.56.255
`},
		{name: "statistics", iface: busy, o: options{stats: true}, want: `
ecm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	address: 02:00:00:00:00:01
	input: 1 packet, 1 byte, 2 multicasts, 1 error, 3 queue drops
	output: 12 packets, 15300 bytes, 4 multicasts, 2 errors, 1 collision
	driver: runt frames 7
	inet6 fd00::1 prefixlen 64 tentative deprecated
`},
		{name: "lifetimes, sizes for people", iface: busy, o: options{stats: true, human: true, lifetimes: true}, want: `
ecm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	address: 02:00:00:00:00:01
	input: 1 packet, 1 byte, 2 multicasts, 1 error, 3 queue drops
	output: 12 packets, 15K bytes, 4 multicasts, 2 errors, 1 collision
	driver: runt frames 7
	inet6 fd00::1 prefixlen 64 tentative deprecated pltime 600 vltime infty
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			show(&b, c.iface, c.family, c.o)
			if d := cmp.Diff(c.want[1:], b.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestFlagText(t *testing.T) {
	for f, want := range map[ctl.Flags]string{
		0:          "0",
		0x100:      "100<PROMISC>",
		0x8c02:     "8c02<BROADCAST,OACTIVE,SIMPLEX,MULTICAST>",
		0x40008c43: "40008c43<UP,BROADCAST,RUNNING,OACTIVE,SIMPLEX,MULTICAST,ACCEPTRTADV>",
		0x10000:    "10000",
		0xffff: "ffff<UP,BROADCAST,DEBUG,LOOPBACK,POINTOPOINT,NOTRAILERS,RUNNING,NOARP,PROMISC,ALLMULTI," +
			"OACTIVE,SIMPLEX,LINK0,LINK1,LINK2,MULTICAST>",
	} {
		if got := flagText(f); got != want {
			t.Errorf("flagText(%#x) = %s; want %s", uint32(f), got, want)
		}
	}
}

func TestHumanize(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1.0K", 1024: "1.0K", 10240: "10K", 1 << 20: "1.0M",
		1023 << 10: "1.0M", 5 << 30: "5.0G", 1<<64 - 1: "16E",
	} {
		if got := humanize(n); got != want || len(got) > 4 {
			t.Errorf("humanize(%d) = %s; want %s", n, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		line     string
		usage    bool
		operands int
	}{
		{"", false, 0}, {"-a", false, 0}, {"-a inet", false, 1}, {"-a link", false, 1}, {"-au inet6", false, 1}, {"-l", false, 0}, {"-lbdu", false, 0},
		{"-ls", false, 0}, {"-vm ecm0", false, 1}, {"-s ecm0", false, 1}, {"-C", false, 0}, {"-A", false, 0}, {"-- ecm0 -alias", false, 2},
		{"-v", false, 0}, {"ecm0 -arp", false, 2},
		{"-a ecm0", true, 0}, {"-a inet up", true, 0}, {"-l ecm0", true, 0}, {"-la", true, 0}, {"-lv", true, 0}, {"-lm", true, 0},
		{"-lz", true, 0}, {"-lL", true, 0}, {"-lC", true, 0}, {"-C ecm0", true, 0}, {"-x", true, 0}, {"-s ecm0 up", true, 0},
	} {
		_, operands, err := parseOptions(strings.Fields(c.line))
		if (err != nil) != c.usage || len(operands) != c.operands {
			t.Errorf("%q: operands %q, %v; want %d, usage %v", c.line, operands, err, c.operands, c.usage)
		}
	}
}
