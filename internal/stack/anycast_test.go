package stack

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
	"io-pkt/internal/proctest"
)

// inet6Request is a request about an inet6 address of ecm0.
func inet6Request(op ctl.Op, a string, anycast bool) ctl.Request {
	return ctl.Request{Op: op, Interface: "ecm0", Address: &ctl.Address{Addr: addr(a), PrefixLen: 64, Anycast: anycast}}
}

// joined reports whether the kernel answers to the anycast address fd00::9.
func joined(t *testing.T) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/net/anycast6")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(b), "fd000000000000000000000000000009")
}

func TestAnycast(t *testing.T) {
	s, _ := loadOne(t, true)
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	request := inet6Request
	must(t, s, request(ctl.OpAddAddr, "fd00::1", false))
	if got := do(t, s, request(ctl.OpAddAddr, "fd77::9", true)); got != syscall.EADDRNOTAVAIL {
		t.Errorf("in no prefix: got %v, want EADDRNOTAVAIL", got)
	}
	must(t, s, request(ctl.OpAddAddr, "fd00::9", true))
	if got := do(t, s, request(ctl.OpAddAddr, "fd00::9", true)); got != syscall.EEXIST {
		t.Errorf("twice: got %v, want EEXIST", got)
	}
	list := get(t, s, "ecm0").Addresses
	if last := list[len(list)-1]; last.Addr != addr("fd00::9") || !last.Anycast || !joined(t) {
		t.Errorf("got %+v, joined %v, want anycast fd00::9, joined", last, joined(t))
	}
	must(t, s, request(ctl.OpDelAddr, "fd00::9", false))
	if joined(t) || len(get(t, s, "ecm0").Addresses) != len(list)-1 {
		t.Error("it is still there")
	}
	must(t, s, request(ctl.OpAddAddr, "fd00::9", true))
	before := proctest.Descriptors(t)
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "ecm0"})
	if n := proctest.Sockets(t, unix.AF_INET6); n != 0 {
		t.Errorf("%d memberships have a socket after destroying", n)
	}
	eventually(t, "the TAP is closed, too", func() bool { return proctest.Descriptors(t) < before-1 })
}

// TestAnycastMTU: they go with all of IPv6 when the MTU is too small for it, and can
// be set again.
func TestAnycastMTU(t *testing.T) {
	s, _ := loadOne(t, true)
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	shown := func() bool { return strings.Contains(addresses(t, s), "fd00::9") }
	set := func() {
		t.Helper()
		must(t, s, inet6Request(ctl.OpAddAddr, "fd00::1", false))
		must(t, s, inet6Request(ctl.OpAddAddr, "fd00::9", true))
		if !shown() || !joined(t) {
			t.Fatalf("shown %v, joined %v, want both", shown(), joined(t))
		}
	}
	setMTU := func(mtu int) {
		t.Helper()
		must(t, s, ctl.Request{Op: ctl.OpSetMTU, Interface: "ecm0", Value: mtu})
	}
	set()
	sockets := func() int { return proctest.Sockets(t, unix.AF_INET6) }
	if n := sockets(); n != 1 {
		t.Errorf("%d memberships have a socket, want 1", n)
	}
	setMTU(1000)
	if shown() || joined(t) || sockets() != 0 {
		t.Errorf("mtu 1000: shown %v, joined %v, %d sockets, want none", shown(), joined(t), sockets())
	}
	setMTU(1500)
	set()
	ip(t, "link set ecm0 mtu 1000")
	eventually(t, "it is shown no more", func() bool { return !shown() })
	ip(t, "link set ecm0 mtu 1500")
	eventually(t, "IPv6 is there again", func() bool { return prepared6(t, "ecm0", true) })
	set()
	setMTU(1280)
	if !shown() || !joined(t) {
		t.Errorf("mtu 1280: shown %v, joined %v, want both", shown(), joined(t))
	}
}

// TestAnycastMTUOfLoopback: of lo the kernel keeps them.
func TestAnycastMTUOfLoopback(t *testing.T) {
	s, _ := loadOne(t, true)
	request := func(r ctl.Request) {
		t.Helper()
		r.Interface = "lo0"
		must(t, s, r)
	}
	request(inet6Request(ctl.OpAddAddr, "fd00::1", false))
	request(inet6Request(ctl.OpAddAddr, "fd00::9", true))
	request(ctl.Request{Op: ctl.OpSetMTU, Value: 1000})
	if !joined(t) {
		t.Error("it is left")
	}
	request(inet6Request(ctl.OpDelAddr, "fd00::9", false))
	if joined(t) {
		t.Error("it is still there")
	}
	ip(t, "link set lo mtu 65536")
	ip(t, "link set lo down")
	ip(t, "link set lo up") // with ::1, and no address of ours
}
