package main

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseInet(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"10.184", "10.0.0.184"},
		{"127.1", "127.0.0.1"},
		{"10.1.256", "10.1.1.0"},
		{"10.16777215", "10.255.255.255"},
		{"4294967295", "255.255.255.255"},
		{"0xffffff00", "255.255.255.0"},
		{"0XFF.0x1", "255.0.0.1"},
		{"192.168.010.1", "192.168.8.1"},
		{"255.255", "255.0.0.255"},
		{"0", "0.0.0.0"},
		{"1.2.3.4 \t", "1.2.3.4"},
		{"1.2.3.4 x", ""},
		{" 1.2.3.4", ""},
		{"1.2.3.4.5", ""},
		{"1.2.3.256", ""},
		{"1.2.65536", ""},
		{"1.16777216", ""},
		{"4294967296", ""},
		{"256.1", ""},
		{"08", ""},
		{"0x", ""},
		{"0b1", ""},
		{"0o7", ""},
		{"1_0", ""},
		{"+1", ""},
		{"-1", ""},
		{"1.", ""},
		{".1", ""},
		{"1..2", ""},
		{"", ""},
		{"up", ""},
	} {
		got, ok := parseInet(c.in)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("parseInet(%q) = %v, %v; want %q", c.in, got, ok, c.want)
		}
	}
}

// FuzzParseInet: what Go takes for an address means the same here, and what we
// take can be printed and taken again.
func FuzzParseInet(f *testing.F) {
	for _, s := range []string{"10.184", "0x7f.1", "192.168.010.1", "1.2.3.4 ", "4294967295", "::1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseInet(s)
		if gos, err := netip.ParseAddr(s); err == nil && gos.Is4() && (!ok || a != gos) {
			t.Errorf("parseInet(%q) = %v, %v; netip has %v", s, a, ok, gos)
		}
		if !ok {
			return
		}
		if b, ok := parseInet(a.String()); !ok || a != b {
			t.Errorf("%q is %v, which is %v, %v", s, a, b, ok)
		}
	})
}

func TestPrefixLength(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
		ok   bool
	}{
		{"24", 24, true}, {" +24", 24, true}, {"24abc", 24, true}, {"", 0, true}, {"abc", 0, true}, {"-", 0, true},
		{"32", 32, true}, {"33", 0, false}, {"-1", 0, false}, {"99999999999999999999", 0, false},
	} {
		if got, ok := prefixLength(c.in, 32); ok != c.ok || ok && got != c.want {
			t.Errorf("prefixLength(%q) = %v, %v; want %v, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

func FuzzPrefixLength(f *testing.F) {
	f.Add("24")
	f.Add(" -0x")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := prefixLength(s, 128); ok && (n < 0 || n > 128) {
			t.Errorf("prefixLength(%q) = %d", s, n)
		}
	})
}

func TestMasks(t *testing.T) {
	for _, c := range []struct {
		addr string
		want uint32
	}{
		{"10.0.0.184", 0xff000000}, {"127.0.0.1", 0xff000000}, {"128.0.0.1", 0xffff0000}, {"191.255.0.1", 0xffff0000},
		{"192.168.1.1", 0xffffff00}, {"224.0.0.1", 0xffffff00}, {"255.255.255.255", 0xffffff00},
	} {
		if got := classMask(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("classMask(%s) = %#x; want %#x", c.addr, got, c.want)
		}
	}
	for length, want := range map[int]uint32{0: 0xffffffff, 1: 0x80000000, 8: 0xff000000, 31: 0xfffffffe, 32: 0xffffffff} {
		if got := inetMask(length); got != want {
			t.Errorf("inetMask(%d) = %#x; want %#x", length, got, want)
		}
	}
	for mask, want := range map[uint32]bool{0: true, 0x80000000: true, 0xfffffffe: true, 0xffffffff: true, 1: false, 0xff0000ff: false, 0x7fffffff: false} {
		if got := contiguous(mask); got != want {
			t.Errorf("contiguous(%#x) = %v", mask, got)
		}
	}
	for mask, want := range map[string]int{"ffff:ffff::": 32, "::": 0, "fffe::": 15, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": 128} {
		if got, ok := maskLength(netip.MustParseAddr(mask)); !ok || got != want {
			t.Errorf("maskLength(%s) = %d, %v; want %d", mask, got, ok, want)
		}
	}
	if _, ok := maskLength(netip.MustParseAddr("ffff::1")); ok {
		t.Error("a mask with a hole in it is taken")
	}
}

// noNames is a resolver that reaches nothing but the files of the test.
func noNames(t testing.TB, hosts map[string]string, networks string) resolver {
	path := filepath.Join(t.TempDir(), "networks")
	if err := os.WriteFile(path, []byte(networks), 0o600); err != nil {
		t.Fatal(err)
	}
	return resolver{networks: path, lookup: func(_ context.Context, network, host string) ([]netip.Addr, error) {
		a, err := netip.ParseAddr(hosts[host])
		if err != nil || a.Is4() != (network == "ip4") {
			return nil, errors.New("no such host")
		}
		return []netip.Addr{a}, nil
	}}
}

func TestResolver(t *testing.T) {
	r := noNames(t, map[string]string{"modem": "10.1.2.3", "modem6": "fd00::5"}, `
# comment
loopback 127
office	192.168.7	work # alias
broken
odd      1.2.x`)
	for _, c := range []struct{ name, inet, inet6 string }{
		{"modem", "10.1.2.3", ""},
		{"loopback", "127.0.0.0", ""},
		{"work", "192.168.7.0", ""},
		{"192.168.7", "192.168.0.7", ""},
		{"odd", "", ""},
		{"broken", "", ""},
		{"upp", "", ""},
		{"modem6", "", "fd00::5"},
		{"fe80::1%ecm0", "", "fe80::1"},
		{"fe80::1%ecm1", "", ""},
		{"fd00::1", "", "fd00::1"},
	} {
		got, err := r.inet(c.name)
		if (err == nil) != (c.inet != "") || err == nil && got.String() != c.inet {
			t.Errorf("inet(%q) = %v, %v; want %q", c.name, got, err, c.inet)
		}
		if err != nil && err.Error() != c.name+": bad value" {
			t.Errorf("inet(%q) = %v", c.name, err)
		}
		got, err = r.inet6(c.name, "ecm0")
		if (err == nil) != (c.inet6 != "") || err == nil && got.String() != c.inet6 {
			t.Errorf("inet6(%q) = %v, %v; want %q", c.name, got, err, c.inet6)
		}
		if err != nil && !strings.HasPrefix(err.Error(), c.name+": hostname nor servname") {
			t.Errorf("inet6(%q) = %v", c.name, err)
		}
	}
}
