package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"io-pkt/usb"
)

var compareLines = cmp.Options{
	cmp.AllowUnexported(commandLine{}, simOptions{}),
	cmpopts.EquateComparable(netip.Prefix{}),
	cmpopts.EquateEmpty(),
}

func TestParse(t *testing.T) {
	one := simOptions{count: 1, net: netStack}
	two := simOptions{count: 2, net: netStack, speed: usb.SpeedHigh}
	tests := []struct {
		line string
		want commandLine
	}{
		{"-d sim", commandLine{sims: []simOptions{one}}},
		{"-dsim", commandLine{sims: []simOptions{one}}},
		{"-d sim count=2,speed=high", commandLine{sims: []simOptions{two}}},
		{"-vdsim count=2,speed=high", commandLine{sims: []simOptions{two}, verbose: true}},
		{"-v -dsim -n /tmp/bus", commandLine{sims: []simOptions{one}, verbose: true, path: "/tmp/bus"}},
		{"-d sim count=2,speed=high -n /tmp/bus -d sim", commandLine{sims: []simOptions{two, one}, path: "/tmp/bus"}},
		{"-d sim -d sim count=2,speed=high", commandLine{sims: []simOptions{one, two}}},
		{"--foreground -d sim", commandLine{sims: []simOptions{one}, foreground: true}},
		{"-dehci", commandLine{controllers: []string{"ehci"}}},
		{"-d ehci ioport=0x02184100,irq=75 -d ohci", commandLine{controllers: []string{"ehci", "ohci"}}},
		{"-d hcd-ehci", commandLine{controllers: []string{"hcd-ehci"}}},
		{"-d /lib/dll/devu-ehci-mx28.so", commandLine{controllers: []string{"ehci-mx28"}}},
		{"-vvv -d dm816x-mg ioport=0x47401400,irq=18,num_td=0 -d omap3-mg", commandLine{controllers: []string{"dm816x-mg", "omap3-mg"}, verbose: true}},
		{"-c -C -d dwcotg -P 21 -e 12 -t memory=below4G -o hcd-x irq=1 -c", commandLine{controllers: []string{"dwcotg"}}},
		{"-v -c -d ehci", commandLine{controllers: []string{"ehci"}, verbose: true}},
		{"-d ehci -c -n /x", commandLine{controllers: []string{"ehci"}, path: "/x"}},
		{"-d ehci irq=1 -c -v -c", commandLine{controllers: []string{"ehci"}, verbose: true}},
		{"-vc -C -d ehci -Ic", commandLine{controllers: []string{"ehci"}, verbose: true}},
		{"-c -n -c -d ehci -P -c -c", commandLine{controllers: []string{"ehci"}, path: "-c"}},
		{"-v -n /tmp/bus -c list", commandLine{command: "list", path: "/tmp/bus", verbose: true}},
		{"-vclist", commandLine{command: "list", verbose: true}},
		{"-c list -n /tmp/bus", commandLine{command: "list", path: "/tmp/bus"}},
		{"-c pull 1 -n /tmp/bus", commandLine{command: "pull 1", path: "/tmp/bus"}},
		{"-v -c say 0 +CREG: 1", commandLine{command: "say 0 +CREG: 1", verbose: true}},
		{"--help -x", commandLine{help: true}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			got, err := parse(strings.Fields(tt.line))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.machine = machineBus
			if tt.want.path == "" {
				tt.want.path = defaultPath
			}
			if diff := cmp.Diff(tt.want, got, compareLines); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ line, err string }{
		{"", "no driver"},
		{"-v", "no driver"},
		{"-d", "requires an argument -- d"},
		{"-x", "unknown option -- x"},
		{"--background -d sim", "--background"},
		{"-d floppy", `unknown driver "floppy"`},
		{"-d ehci ioport=here", "ehci: ioport=here: want a number"},
		{"-d ehci irq", "ehci: irq=: want a number"},
		{"-o ehci", "no driver"},
		{"-P", "requires an argument -- P"},
		{"-d sim -d ehci", "not both"},
		{"-c list -d sim", "without -d"},
		{"-d ehci -v -c list", "without -d"},
		{"-c", "no driver"},
		{"-n /x -", `unexpected word "-"`},
		{"sim", `unexpected word "sim"`},
		{"-d sim count=1 more", `unexpected word "more"`},
		{"-n /tmp/bus more -d sim", `unexpected word "more"`},
		{"-d sim paint=red", `unknown option "paint"`},
		{"-d sim count=1,paint", `unknown option "paint"`},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			_, err := parse(strings.Fields(tt.line))
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
		})
	}
}

func TestParseSim(t *testing.T) {
	tests := []struct {
		words string
		want  simOptions
	}{
		{"", simOptions{}},
		{"count=0x10,,segment=9014", simOptions{count: 16, segment: 9014}},
		{"notify=0", simOptions{notify: -1}},
		{"notify=1", simOptions{}},
		{"notify=8", simOptions{notify: 8}},
		{"mac=0a0B0c0d0e0f,serial=a=b", simOptions{mac: []byte{10, 11, 12, 13, 14, 15}, serial: "a=b"}},
		{"vid=0x1e2d,did=96,bus=3", simOptions{vid: 0x1e2d, did: 0x60, bus: 3}},
		{"tap=far,netns=there", simOptions{net: netTAP, tap: "far", netns: "there"}},
		{"net=none", simOptions{net: netNone}},
		{"modem=1,pin=1234,command=64", simOptions{modem: true, pin: "1234", command: 64}},
		{"modem=0", simOptions{}},
		{"addr=192.168.1.1/24", simOptions{addr: netip.MustParsePrefix("192.168.1.1/24")}},
		{"listen=localhost:3240,desc=a.hex", simOptions{listen: "localhost:3240", desc: "a.hex"}},
	}
	for _, tt := range tests {
		t.Run(tt.words, func(t *testing.T) {
			got, err := parseSim(tt.words)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.count = max(tt.want.count, 1)
			if tt.want.net == "" {
				tt.want.net = netStack
			}
			if diff := cmp.Diff(tt.want, got, compareLines); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseSimRefuses(t *testing.T) {
	for _, words := range []string{
		"count=0", "count=128", "count", "count=", "speed=low", "speed=", "segment=63", "segment=65536", "notify=7",
		"notify=65", "notify=-1", "mac=0102", "mac=0102030405zz", "vid=65536", "bus=0", "bus=256", "net=wifi",
		"net=tap", "tap=far,net=none", "netns=there", "addr=10.0.0.1", "addr=fd00::1/64", "addr=x", "count=1 2",
		"modem=2", "pin=1", "command=64", "modem=1,command=0", "modem=1,command=65536",
	} {
		if o, err := parseSim(words); err == nil {
			t.Errorf("%s: taken as %+v", words, o)
		}
	}
}

// What is taken is within its limits.
func FuzzParse(f *testing.F) {
	f.Add("-d sim count=2,speed=high -v")
	f.Add("--foreground -d ehci ioport=1 -dohci -n /tmp/x")
	f.Add("-d sim mac=010203040506,addr=10.0.0.1/8,tap=a,netns=b")
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parse(strings.Split(line, " "))
		if err != nil || c.help {
			return
		}
		if len(c.sims) > 0 == (len(c.controllers) > 0) && c.command == "" {
			t.Errorf("%d simulated, %d real", len(c.sims), len(c.controllers))
		}
		for _, o := range c.sims {
			if o.count < 1 || o.count > 127 || len(o.mac) != 0 && len(o.mac) != 6 || o.addr.IsValid() && !o.addr.Addr().Is4() {
				t.Errorf("%+v", o)
			}
		}
		for _, name := range c.controllers {
			if strings.Contains(name, "/") {
				t.Errorf("controller %q", name)
			}
		}
	})
}
