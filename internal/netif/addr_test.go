package netif

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
)

func add(t *testing.T, tap *TAP, cidr string) {
	t.Helper()
	p := netip.MustParsePrefix(cidr)
	a := ctl.Address{Addr: p.Addr(), PrefixLen: p.Bits()}
	if p.Addr().Is4() {
		a.Mask, a.PrefixLen = maskOf(p.Bits()), 0
	}
	if err := AddAddress(tap.Index(), a); err != nil {
		t.Fatal(err)
	}
}

// shown gives the addresses that ip(8) shows, without those it made itself.
func shown(t *testing.T) string {
	t.Helper()
	var list []string
	for line := range strings.Lines(ip(t, "-o addr show ecm0")) {
		if word := strings.Fields(line)[3]; !strings.HasPrefix(word, "fe80:") {
			list = append(list, word)
		}
	}
	return strings.Join(list, " ")
}

func TestDeleteKeepsAliases(t *testing.T) {
	for _, set := range []string{"0", "1"} {
		t.Run("promote_secondaries="+set, func(t *testing.T) {
			tap := open(t, Config{Name: "ecm0"})
			if err := Sysctl("/proc/sys").set("ipv4", "ecm0", "promote_secondaries", set); err != nil {
				t.Fatal(err)
			}
			for _, a := range []string{"10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.1.0.1/24"} {
				add(t, tap, a)
			}
			if err := DeleteAddress(tap.Index(), netip.MustParseAddr("10.0.0.1")); err != nil {
				t.Fatal(err)
			}
			if got := shown(t); len(got) != 35 || !strings.Contains(got, "10.0.0.2/24") || !strings.Contains(got, "10.0.0.3/24") {
				t.Errorf("got %q, want 10.0.0.2, 10.0.0.3 and 10.1.0.1", got)
			}
		})
	}
}

// Deletions that meet bring nothing back that another one of them deletes.
func TestDeleteAtOnce(t *testing.T) {
	tap := open(t, Config{Name: "ecm0"})
	for round := range 100 {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for n := range 4 {
			a := fmt.Sprintf("10.%d.0.1", n)
			add(t, tap, a+"/24")
			wg.Go(func() {
				<-start
				if err := DeleteAddress(tap.Index(), netip.MustParseAddr(a)); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		if got := ip(t, "-4 -o addr show ecm0"); got != "" {
			t.Fatalf("round %d: got %q, want nothing", round, got)
		}
	}
}

func TestTakes(t *testing.T) {
	first := func(cidr string) netlink.Addr {
		p := netip.MustParsePrefix(cidr)
		mask := net.CIDRMask(p.Bits(), p.Addr().BitLen())
		return netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: mask}}
	}
	further := func(cidr string) netlink.Addr {
		a := first(cidr)
		a.Flags = unix.IFA_F_SECONDARY
		return a
	}
	peer := first("10.9.0.1/32")
	peer.Peer = first("10.0.0.9/24").IPNet
	for _, tt := range []struct {
		name string
		a, b netlink.Addr
		want bool
	}{
		{"one more of the network", first("10.0.0.1/24"), further("10.0.0.2/24"), true},
		{"one more of the peer's network", peer, further("10.0.0.2/24"), true},
		{"not the first", further("10.0.0.1/24"), further("10.0.0.2/24"), false},
		{"the first of a network", first("10.0.0.1/24"), first("10.0.0.2/24"), false},
		{"another network", first("10.0.0.1/24"), further("10.0.1.2/24"), false},
		{"another length", first("10.0.0.1/24"), further("10.0.0.2/25"), false},
		{"inet6, temporary", first("fd00::1/64"), further("fd00::2/64"), false},
	} {
		if got := takes(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// An address that cannot be changed stays what it was.
func TestAddRestores(t *testing.T) {
	tap := open(t, Config{Name: "ecm0"})
	up(t, tap)
	add(t, tap, "fd00::1/64")
	err := AddAddress(tap.Index(), ctl.Address{
		Addr: netip.MustParseAddr("fd00::1"), PrefixLen: 80, PreferredLifetime: 9, ValidLifetime: 8,
	})
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("got %v, want EINVAL", err)
	}
	if got, want := shown(t), "fd00::1/64"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotThere(t *testing.T) {
	tap := open(t, Config{Name: "ecm0"})
	index, a := tap.Index(), netip.MustParseAddr("10.0.0.1")
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Read(index)
	for what, err := range map[string]error{
		"Read":       err,
		"AddAddress": AddAddress(index, ctl.Address{Addr: a, Mask: 0xffffff00}),
		"SetMTU":     SetMTU(index, 1500),
		"SetFlags":   SetFlags(index, ctl.FlagUp, 0),
	} {
		if !errors.Is(err, syscall.ENODEV) {
			t.Errorf("%s: got %v, want ENODEV", what, err)
		}
	}
	if err := DeleteAddress(index, a); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("DeleteAddress: got %v, want EADDRNOTAVAIL", err)
	}
}

// A container's /proc/sys cannot be written.
func TestSysctlReadOnly(t *testing.T) {
	tap := open(t, Config{Name: "ecm0"})
	sys := Sysctl(t.TempDir())
	if err := errors.Join(sys.SetIPv6(tap.Name(), tap.Index(), false), sys.SetIPv6(tap.Name(), tap.Index(), true), sys.KeepAliases(tap.Name())); err != nil {
		t.Errorf("a kernel without the settings: got %v, want nil", err)
	}
	for _, key := range []string{"ipv6/conf/ecm0/disable_ipv6", "ipv4/conf/ecm0/promote_secondaries"} {
		if err := os.MkdirAll(filepath.Join(string(sys), "net", key), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := sys.SetIPv6(tap.Name(), tap.Index(), false); err != nil {
		t.Errorf("SetIPv6: %v", err)
	}
	if err := sys.KeepAliases(tap.Name()); err == nil {
		t.Error("KeepAliases: got nil, want an error to log")
	}
	up(t, tap)
	if got := ip(t, "addr show ecm0"); strings.Contains(got, "inet6") {
		t.Errorf("got %q, want no inet6", got)
	}
}
