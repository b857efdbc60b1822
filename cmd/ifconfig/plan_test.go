package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/ctl"
)

// ethernet is ecm0 with addresses.
func ethernet(prefixes ...string) ctl.Interface {
	n := ctl.Interface{Name: "ecm0", Index: 17, MTU: 1500, MAC: "02:00:00:00:00:01",
		Flags: ctl.FlagUp | ctl.FlagBroadcast | ctl.FlagRunning | ctl.FlagSimplex | ctl.FlagMulticast}
	for _, s := range prefixes {
		p := netip.MustParsePrefix(s)
		a := ctl.Address{Addr: p.Addr(), PreferredLifetime: endless, ValidLifetime: endless}
		if p.Addr().Is4() {
			a.Mask = inetMask(p.Bits())
			a.Broadcast = broadcastOf(a.Addr, a.Mask)
		} else {
			a.PrefixLen = p.Bits()
		}
		n.Addresses = append(n.Addresses, a)
	}
	return n
}

// describe prints a step on a line: the call, a sign for how it fails (! refused,
// ? warning), and what is requested.
func describe(s step) string {
	r := s.request
	words := []string{s.ioctl}
	if s.note != "" {
		words = []string{"note"}
	}
	if s.refused != nil {
		words = append(words, "!")
	}
	if s.warning {
		words = append(words, "?")
	}
	if r.Set|r.Clear != 0 {
		words = append(words, fmt.Sprintf("+%x-%x", r.Set, r.Clear))
	}
	if r.Value != 0 {
		words = append(words, fmt.Sprint(r.Value))
	}
	if r.Op == ctl.OpSetCap {
		words = append(words, fmt.Sprintf("rx=%x tx=%x", r.Rx, r.Tx))
	}
	if r.Media != "" {
		words = append(words, r.Media)
	}
	if r.MAC != "" {
		words = append(words, r.MAC)
	}
	if r.Active {
		words = append(words, "active")
	}
	if r.VLAN != nil {
		words = append(words, fmt.Sprintf("%d on %q", r.VLAN.Tag, r.VLAN.Parent))
	}
	if a := r.Address; a != nil {
		words = append(words, a.Addr.String())
		if r.Op == ctl.OpAddAddr && a.Addr.Is4() {
			words = append(words, fmt.Sprintf("%x", a.Mask))
		} else if r.Op == ctl.OpAddAddr {
			words = append(words, fmt.Sprintf("/%d", a.PrefixLen))
			if a.PreferredLifetime != endless || a.ValidLifetime != endless {
				words = append(words, fmt.Sprintf("%d-%d", a.PreferredLifetime, a.ValidLifetime))
			}
		}
		if a.Broadcast.IsValid() {
			words = append(words, "b", a.Broadcast.String())
		}
		if a.Dest.IsValid() {
			words = append(words, "->", a.Dest.String())
		}
		if a.Tentative {
			words = append(words, "tentative")
		}
		if a.Deprecated {
			words = append(words, "deprecated")
		}
		if a.Anycast {
			words = append(words, "anycast")
		}
	}
	return strings.Join(words, " ")
}

func TestPlan(t *testing.T) {
	ppp := ctl.Interface{Name: "ppp0", Flags: ctl.FlagPointToPoint}
	fixed := ethernet()
	fixed.Media = &ctl.Media{Current: "100baseTX full-duplex,flowcontrol instance 1"}
	lonely, tagged := ethernet(), ethernet()
	lonely.Name, lonely.VLAN = "vlan73", &ctl.VLAN{}
	tagged.Name, tagged.VLAN = "vlan73", &ctl.VLAN{Tag: 73, Parent: "ecm0"}
	for _, c := range []struct {
		name  string
		iface ctl.Interface
		line  string
		want  string // steps, separated by newlines, or an error after "error: "
	}{
		{"classful abbreviation", ethernet(), "10.184",
			"SIOCAIFADDR ? 10.0.0.184 ff000000 b 10.255.255.255\nSIOCSIFFLAGS +1-0"},
		{"replaces the primary", ethernet("10.0.0.1/24", "10.0.1.1/24"), "192.168.1.2",
			"SIOCDIFADDR 10.0.0.1\nSIOCAIFADDR ? 192.168.1.2 ffffff00 b 192.168.1.255\nSIOCSIFFLAGS +1-0"},
		{"up is explicit", ethernet(), "10.0.2.15/16 up",
			"SIOCSIFFLAGS +1-0\nSIOCAIFADDR ? 10.0.2.15 ffff0000 b 10.0.255.255"},
		{"down stops the automatic up", ethernet(), "10.0.2.15 down",
			"SIOCSIFFLAGS +0-1\nSIOCAIFADDR ? 10.0.2.15 ff000000 b 10.255.255.255"},
		{"netmask dotted", ethernet(), "10.0.0.1 netmask 255.255.0.0",
			"SIOCAIFADDR ? 10.0.0.1 ffff0000 b 10.0.255.255\nSIOCSIFFLAGS +1-0"},
		{"netmask hex before the address", ethernet(), "netmask 0xfffffe00 10.0.0.1",
			"SIOCAIFADDR ? 10.0.0.1 fffffe00 b 10.0.1.255\nSIOCSIFFLAGS +1-0"},
		{"netmask is read like an address", ethernet(), "10.0.0.1 netmask 255.255",
			"SIOCAIFADDR ? 10.0.0.1 ff0000ff b 10.255.255.1\nSIOCSIFFLAGS +1-0"},
		{"masks are taken as given", ethernet(), "10.0.0.1 netmask 255.255.255.0 broadcast 10.255.255.255",
			"SIOCAIFADDR ? 10.0.0.1 ffffff00 b 10.255.255.255\nSIOCSIFFLAGS +1-0"},
		{"netmask that is no prefix loses nothing", ethernet("10.0.0.2/24"), "10.0.0.1 netmask 255.255",
			"SIOCAIFADDR ? 10.0.0.1 ff0000ff b 10.255.255.1\nSIOCSIFFLAGS +1-0"},
		{"netmask of nothing is the class's", ethernet(), "10.0.0.1 netmask 0",
			"SIOCAIFADDR ? 10.0.0.1 ff000000 b 10.255.255.255\nSIOCSIFFLAGS +1-0"},
		{"prefixlen", ethernet(), "10.0.0.1 prefixlen 12",
			"SIOCAIFADDR ? 10.0.0.1 fff00000 b 10.15.255.255\nSIOCSIFFLAGS +1-0"},
		{"/0 is /32", ethernet(), "10.0.0.1/0", "SIOCAIFADDR ? 10.0.0.1 ffffffff b 10.0.0.1\nSIOCSIFFLAGS +1-0"},
		{"dhcp client's start", ethernet(), "inet 0.0.0.0 netmask 0.0.0.0 broadcast 255.255.255.255 up",
			"SIOCSIFFLAGS +1-0\nSIOCAIFADDR ? 0.0.0.0 0 b 255.255.255.255"},
		{"dhcp client's end", ethernet("0.0.0.0/8"), "inet -alias 0.0.0.0", "SIOCDIFADDR 0.0.0.0"},
		{"alias before", ethernet("10.0.0.1/24"), "inet alias 10.0.0.2/24",
			"SIOCAIFADDR ? 10.0.0.2 ffffff00 b 10.0.0.255\nSIOCSIFFLAGS +1-0"},
		{"alias behind, multicast", ethernet("10.0.0.1/24"), "224.0.0.5 netmask 255.255.255.255 alias",
			"SIOCAIFADDR ? 224.0.0.5 ffffffff b 224.0.0.5\nSIOCSIFFLAGS +1-0"},
		{"-alias before", ethernet("10.0.0.1/24"), "-alias 10.0.0.2", "SIOCDIFADDR 10.0.0.2"},
		{"-alias behind", ethernet("10.0.0.1/24"), "10.0.0.2 -alias", "SIOCDIFADDR 10.0.0.2"},
		{"delete", ethernet("10.0.0.1/24"), "10.0.0.2 delete", "SIOCDIFADDR 10.0.0.2"},
		{"delete alone", ethernet("10.0.0.1/24"), "delete", "SIOCDIFADDR"},
		{"delete alone, inet6", ethernet("fe80::1/64"), "inet6 delete", "SIOCDIFADDR ::"},
		{"alias alone", ethernet("10.0.0.1/24"), "alias", ""},
		{"two of them", ethernet(), "alias 10.0.0.1 delete", "error: Only one use of alias, -alias or delete is valid."},
		{"inet6 never replaces", ethernet("10.0.0.1/24", "fd00::1/64"), "inet6 fd00::2",
			"SIOCAIFADDR ? fd00::2 /64\nSIOCSIFFLAGS +1-0"},
		{"inet6 length", ethernet(), "inet6 fd00::2/48 alias", "SIOCAIFADDR ? fd00::2 /48\nSIOCSIFFLAGS +1-0"},
		{"inet6 /0 is /128", ethernet(), "inet6 fd00::2/0", "SIOCAIFADDR ? fd00::2 /128\nSIOCSIFFLAGS +1-0"},
		{"inet6 netmask", ethernet(), "inet6 fd00::2 netmask ffff:ffff::", "SIOCAIFADDR ? fd00::2 /32\nSIOCSIFFLAGS +1-0"},
		{"inet6 zone", ethernet(), "inet6 fe80::9%ecm0", "SIOCAIFADDR ? fe80::9 /64\nSIOCSIFFLAGS +1-0"},
		{"inet6 lifetimes", ethernet(), "inet6 fd00::2 pltime 60 vltime 0x100 tentative",
			"SIOCAIFADDR ? fd00::2 /64 60-256 tentative\nSIOCSIFFLAGS +1-0"},
		{"eui64", ethernet("fe80::5054:ff:fe5d:43bb/64"), "inet6 fd00:: eui64",
			"SIOCAIFADDR ? fd00::5054:ff:fe5d:43bb /64\nSIOCSIFFLAGS +1-0"},
		{"eui64 is full", ethernet("fe80::1/64"), "inet6 fd00::1 eui64", "error: interface index is already filled"},
		{"eui64 of nothing", ethernet(), "inet6 fd00:: eui64", "error: could not determine link local address"},
		{"inet6 words with inet", ethernet(), "10.0.0.1 pltime 5", "error: pltime not allowed for the AF"},
		{"bad lifetime", ethernet(), "inet6 fd00::1 vltime x", "error: invalid vltime"},
		{"from left to right", ethernet(), "mtu 1400 up metric 3 -arp link0 arp",
			"SIOCSIFMTU ? 1400\nSIOCSIFFLAGS +1-0\nSIOCSIFMETRIC ? 3\nSIOCSIFFLAGS +80-0\nSIOCSIFFLAGS +1000-0\nSIOCSIFFLAGS +0-80"},
		{"order of work", capable(), "10.0.0.1 alias tso4 preference 9 media auto mtu 1400",
			"SIOCSIFMTU ? 1400\nSIOCSIFMEDIA autoselect\nSIOCAIFADDR ? 10.0.0.1 ff000000 b 10.255.255.255\n" +
				"SIOCSIFADDRPREF ? 9 10.0.0.1\nSIOCSIFCAP rx=0 tx=20\nSIOCSIFFLAGS +1-0"},
		{"down, whatever its place", ethernet(), "10.0.0.1 down", "SIOCSIFFLAGS +0-1\nSIOCAIFADDR ? 10.0.0.1 ff000000 b 10.255.255.255"},
		{"inet6 that is not preferred", ethernet(), "inet6 fd00::2 deprecated", "SIOCAIFADDR ? fd00::2 /64 deprecated\nSIOCSIFFLAGS +1-0"},
		{"inet6 anycast", ethernet(), "inet6 fd00::2 anycast", "SIOCAIFADDR ? fd00::2 /64 anycast\nSIOCSIFFLAGS +1-0"},
		{"inet6 without life", ethernet("fd00::2/64"), "inet6 fd00::2 pltime 0 vltime 0", "SIOCAIFADDR ? fd00::2\nSIOCSIFFLAGS +1-0"},
		{"inet6 without life, new", ethernet(), "inet6 fd00::2 pltime 0 vltime 0", "SIOCSIFFLAGS +1-0"},
		{"preference alone", ethernet(), "preference 3", "error: set address preference: first specify an address"},
		{"bad preference", ethernet(), "10.0.0.1 preference 65536", "error: invalid preference 65536"},

		{"capabilities, both ways", capable(), "ip4csum tcp4csum-rx -tcp4csum-tx udp6csum-tx tso6", "SIOCSIFCAP rx=3 tx=51"},
		{"capabilities, taken back", capable(), "tcp4csum -tcp4csum-rx", "SIOCSIFCAP rx=0 tx=2"},
		{"media by another name", capable(), "media 100TX mediaopt flow,FDX", "SIOCSIFMEDIA 100baseTX full-duplex,flowcontrol"},
		{"media and option in a word", capable(), "media 10BASE-T-FDX instance 3", "SIOCSIFMEDIA 10baseT full-duplex instance 3"},
		{"media options only", capable(), "mediaopt hdx,loop", "SIOCSIFMEDIA autoselect half-duplex,loopback"},
		{"media options taken away", fixed, "-mediaopt flow", "SIOCSIFMEDIA 100baseTX full-duplex instance 1"},
		{"media mode", capable(), "mode auto", "SIOCSIFMEDIA autoselect"},
		{"no media", ethernet(), "media auto", "error: SGIOCGIFMEDIA: Inappropriate I/O control operation"},
		{"no media on the loopback", loopback(), "media nonsense", "error: SGIOCGIFMEDIA: Invalid argument"},
		{"bad subtype", capable(), "media 100baseXX", "error: unknown Ethernet media subtype: 100baseXX"},
		{"bad option", capable(), "mediaopt fdx,xdf", "error: unknown Ethernet media option: xdf"},
		{"bad mode", capable(), "mode 11a", "error: unknown Ethernet media mode: 11a"},
		{"bad instance", capable(), "media auto instance 16", "error: invalid media instance: 16"},
		{"media twice", capable(), "media auto media auto", "error: only one `media' command may be issued"},
		{"mediaopt twice", capable(), "mediaopt fdx mediaopt fdx", "error: only one `mediaopt' command may be issued"},
		{"media behind mediaopt", capable(), "mediaopt fdx media auto", "error: may not issue `media' after `mediaopt' commands"},
		{"media behind mode", capable(), "mode auto media auto", "error: may not issue `media' after `mode' commands"},
		{"media with -mediaopt", capable(), "media auto -mediaopt fdx", "error: may not issue both `media' and `-mediaopt'"},
		{"instance without media", capable(), "inst 1", "error: must specify `media' before `instance'"},
		{"mediaopt behind instance", capable(), "media auto inst 1 mediaopt fdx", "error: may not issue `mediaopt' after `instance'"},

		{"vlan", lonely, "vlan 73 vlanif dwc0 160.48.199.119/25 up",
			"SIOCSETVLAN 73 on \"dwc0\"\nSIOCSIFFLAGS +1-0\nSIOCAIFADDR ? 160.48.199.119 ffffff80 b 160.48.199.127"},
		{"vlan without parent yet", lonely, "vlan 73", ""},
		{"vlan with a parent", tagged, "vlan 74", "SIOCSETVLAN 74 on \"ecm0\""},
		{"vlan leaves", tagged, "-vlanif", "SIOCSETVLAN 0 on \"\""},
		{"parent without tag", lonely, "vlanif ecm0", "error: must specify both ``vlan'' and ``vlanif''"},
		{"no vlan", ethernet(), "vlan 7 vlanif en0 up", "error: valid only with vlan(4) interfaces"},
		{"no vlan, vlanif", ethernet(), "vlanif en0", "error: valid only with vlan(4) interfaces"},
		{"no vlan, -vlanif", ethernet(), "-vlanif", "error: valid only with vlan(4) interfaces"},

		{"link", ethernet(), "link 2:0:0:0:0:A", "SIOCALIFADDR 02:00:00:00:00:0a"},
		{"link active", ethernet(), "link 02-00-00-00-00-0a active", "SIOCALIFADDR 02:00:00:00:00:0a active"},
		{"link delete", ethernet(), "link 02:00:00:00:00:0a delete", "SIOCDLIFADDR 02:00:00:00:00:0a"},
		{"link -alias, and flags", ethernet(), "link -alias 02:00:00:00:00:0a up", "SIOCSIFFLAGS +1-0\nSIOCDLIFADDR 02:00:00:00:00:0a"},
		{"link, bad", ethernet(), "link 02:00:00:00:00", "error: 02:00:00:00:00: bad value"},
		{"link, no netmask", ethernet(), "link 02:00:00:00:00:0a netmask 255.0.0.0", "error: netmask not allowed for the AF"},
		{"active elsewhere", ethernet(), "inet active", "error: active: bad value"},

		{"tunnel only warns", ethernet(), "tunnel 1.1.1.1 2.2.2.2 up", "SIOCSLIFPHYADDR ! ?\nSIOCSIFFLAGS +1-0"},
		{"tunnel to nowhere", ethernet(), "tunnel 1.1.1.1 no!where", "error: error in parsing address string: hostname nor servname provided, or not known"},
		{"deletetunnel", ethernet(), "up deletetunnel down", "SIOCSIFFLAGS +1-0\nSIOCDIFPHYADDR !\nSIOCSIFFLAGS +0-1"},
		{"wireless", ethernet(), "ssid home", "SIOCS80211NWID !"},
		{"bssid", ethernet(), "bssid 1:2", "error: malformed BSSID: 1:2"},
		{"chan", ethernet(), "chan 99999", "error: invalid channel: 99999"},
		{"vhid", ethernet(), "vhid 256", "error: vhid: 256: must be between 0 and 255"},
		{"agrport", ethernet(), "agrport wm0", "error: valid only with agr(4) interfaces"},
		{"another family's", ethernet(), "nsellength 1", "error: socket: Address family not supported by protocol family"},
		{"trailers", ethernet(), "trailers", "note"},
		{"destroy", ethernet(), "destroy", "SIOCIFDESTROY"},
		{"point to point", ppp, "10.0.0.1 10.0.0.2", "SIOCAIFADDR ? 10.0.0.1 ff000000 -> 10.0.0.2\nSIOCSIFFLAGS +1-0"},
		{"no point to point", ethernet(), "10.0.0.1 10.0.0.2", "error: can't set destination address on non-point-to-point link"},
		{"no broadcast there", ppp, "10.0.0.1 broadcast 10.0.0.9", "SIOCAIFADDR ? 10.0.0.1 ff000000\nSIOCSIFFLAGS +1-0"},
		{"mistyped word", ethernet(), "upp", "error: upp: bad value"},
		{"bad address", ethernet(), "10.0.0.256", "error: 10.0.0.256: bad value"},
		{"bad length", ethernet(), "10.0.0.1/33", "error: 33: bad value"},
		{"no length in a mask", ethernet(), "10.0.0.1 netmask 255.0.0.0/8", "error: 255.0.0.0/8: bad value"},
		{"bad mtu", ethernet(), "mtu 15x", "error: 15x: invalid mtu"},
		{"bad metric", ethernet(), "metric ", "error: 'metric' requires argument"},
		{"bad inet6", ethernet(), "inet6 fd00:::1", "error: fd00:::1: hostname nor servname provided, or not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := parseLine(c.iface.Name, strings.Fields(c.line))
			var steps []step
			if err == nil {
				steps, err = plan(l, c.iface, noNames(t, nil, ""))
			}
			got := ""
			for i, s := range steps {
				if i > 0 {
					got += "\n"
				}
				got += describe(s)
			}
			if err != nil {
				got = "error: " + err.Error()
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.line, d)
			}
		})
	}
}
