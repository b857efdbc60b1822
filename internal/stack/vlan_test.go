package stack

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/ctl"
)

func setVLAN(name, parent string, tag int) ctl.Request {
	return ctl.Request{Op: ctl.OpSetVLAN, Interface: name, VLAN: &ctl.VLAN{Tag: tag, Parent: parent}}
}

func create(name string) ctl.Request { return ctl.Request{Op: ctl.OpCreate, Interface: name} }

// TestVLANAlone: an interface without a parent needs nothing of the kernel.
func TestVLANAlone(t *testing.T) {
	s, _ := loadOne(t, false)
	if got := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpCloners}).Cloners; !slices.Equal(got, []string{"vlan"}) {
		t.Errorf("cloners: got %v, want vlan", got)
	}
	for name, want := range map[string]syscall.Errno{
		"vlan": syscall.EINVAL, "vlan01": syscall.EINVAL, "vlan-1": syscall.EINVAL, "vlan+1": syscall.EINVAL,
		"vlan32768": syscall.EINVAL, "vlan99999999999999999999": syscall.EINVAL, "tap0": syscall.EINVAL, "Vlan1": syscall.EINVAL,
		"ecm0": syscall.EINVAL, "lo0": syscall.EINVAL, "vlan0": 0, "vlan32767": 0,
	} {
		if got := do(t, s, create(name)); got != want {
			t.Errorf("create %s: got %v, want %v", name, got, want)
		}
	}
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "vlan0"})
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "vlan32767"})
	must(t, s, create("vlan9"))
	must(t, s, create("vlan3"))
	if got, want := names(t, s), []string{"lo0", "ecm0", "vlan9", "vlan3"}; !slices.Equal(got, want) {
		t.Errorf("names: got %v, want %v", got, want)
	}
	for _, tt := range []struct {
		name string
		r    ctl.Request
		want syscall.Errno
	}{
		{"twice", create("vlan9"), syscall.EEXIST},
		{"no such parent", setVLAN("vlan9", "ecm9", 9), syscall.ENOENT},
		{"on lo0", setVLAN("vlan9", "lo0", 9), syscall.EPROTONOSUPPORT},
		{"on another one", setVLAN("vlan9", "vlan3", 9), syscall.EPROTONOSUPPORT},
		{"tag 0", setVLAN("vlan9", "ecm0", 0), syscall.EINVAL},
		{"tag 4095", setVLAN("vlan9", "ecm0", 4095), syscall.EINVAL},
		{"no parent to leave", setVLAN("vlan9", "", 0), 0},
		{"address", ctl.Request{Op: ctl.OpAddAddr, Interface: "vlan9", Address: inet("10.0.0.1", 0xff000000)}, syscall.EINVAL},
		{"no address", ctl.Request{Op: ctl.OpDelAddr, Interface: "vlan9"}, syscall.EADDRNOTAVAIL},
		{"mtu", ctl.Request{Op: ctl.OpSetMTU, Interface: "vlan9", Value: 1400}, syscall.EINVAL},
		{"link address", ctl.Request{Op: ctl.OpAddLink, Interface: "vlan9", MAC: "02:00:00:00:00:09"}, syscall.EINVAL},
		{"capabilities", ctl.Request{Op: ctl.OpSetCap, Interface: "vlan9", Tx: 1}, syscall.EINVAL},
		{"metric", ctl.Request{Op: ctl.OpSetMetric, Interface: "vlan9", Value: 2}, 0},
		{"flags", ctl.Request{Op: ctl.OpSetFlags, Interface: "vlan9", Set: ctl.FlagUp | ctl.FlagLink1 | ctl.FlagPromisc}, 0},
		{"statistics", ctl.Request{Op: ctl.OpZeroStats, Interface: "vlan9"}, 0},
	} {
		if got := do(t, s, tt.r); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	want := ctl.Interface{
		Name: "vlan9", Flags: 0x8803 | ctl.FlagLink1, Metric: 2, MTU: 1500, MAC: "00:00:00:00:00:00", VLAN: &ctl.VLAN{},
	}
	if diff := cmp.Diff(want, get(t, s, "vlan9"), sameAddr); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "vlan9"})
	if got := do(t, s, ctl.Request{Op: ctl.OpGet, Interface: "vlan9"}); got != syscall.ENXIO {
		t.Errorf("destroyed: got %v, want ENXIO", got)
	}
}

// needVLANs skips a test where the kernel has no VLANs. The guest of test/vm has
// them, and runs these tests, where they must not be skipped.
func needVLANs(t *testing.T) {
	t.Helper()
	out, err := exec.Command("ip", "link", "add", "link", "ecm0", "name", "probe0", "type", "vlan", "id", "4000").CombinedOutput()
	switch {
	case err == nil:
		ip(t, "link del probe0")
	case os.Getenv("NEED_VLANS") != "":
		t.Fatalf("no VLANs here: %s", out)
	default:
		t.Skipf("no VLANs here, see test/vm: %s", out)
	}
}

func TestVLAN(t *testing.T) {
	s, _ := loadOne(t, true)
	needVLANs(t)
	must(t, s, create("vlan73"))
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "vlan73", Set: ctl.FlagUp})
	must(t, s, setVLAN("vlan73", "ecm0", 73))
	// It is up by now, though its parent is not.
	n := get(t, s, "vlan73")
	if n.Flags&ctl.FlagUp == 0 || n.MTU != 1496 || n.MAC != "02:00:00:00:00:01" || *n.VLAN != (ctl.VLAN{Tag: 73, Parent: "ecm0"}) {
		t.Errorf("got %+v", n)
	}
	if got := ip(t, "-d link show vlan73"); !strings.Contains(got, "vlan73@ecm0: ") || !strings.Contains(got, "id 73 ") {
		t.Errorf("ip: got %s", got)
	}
	must(t, s, create("vlan74"))
	for _, tt := range []struct {
		name string
		r    ctl.Request
		want syscall.Errno
	}{
		{"a parent twice", setVLAN("vlan73", "ecm0", 74), syscall.EBUSY},
		{"the same tag", setVLAN("vlan74", "ecm0", 73), syscall.EEXIST},
		{"mtu", ctl.Request{Op: ctl.OpSetMTU, Interface: "vlan73", Value: 1400}, 0},
		{"mtu without room for the tag", ctl.Request{Op: ctl.OpSetMTU, Interface: "vlan73", Value: 1497}, syscall.EINVAL},
		{"inet", ctl.Request{Op: ctl.OpAddAddr, Interface: "vlan73", Address: inet("160.48.199.119", 0xffffff80)}, 0},
		{"inet6", ctl.Request{Op: ctl.OpAddAddr, Interface: "vlan73", Address: &ctl.Address{Addr: addr("fd73::1"), PrefixLen: 64}}, 0},
	} {
		if got := do(t, s, tt.r); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := ip(t, "-4 addr show vlan73"); !strings.Contains(got, "160.48.199.119/25 brd 160.48.199.127") {
		t.Errorf("ip: got %s", got)
	}
	must(t, s, setVLAN("vlan73", "", 0))
	if n := get(t, s, "vlan73"); n.Index != 0 || n.Flags != 0x8802 || len(n.Addresses) != 0 || *n.VLAN != (ctl.VLAN{}) {
		t.Errorf("left: got %+v", n)
	}
	must(t, s, setVLAN("vlan73", "ecm0", 75))
	must(t, s, setVLAN("vlan74", "ecm0", 73))
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "vlan73"})
	if got := ip(t, "link"); strings.Contains(got, "vlan73") || !strings.Contains(got, "vlan74@ecm0") {
		t.Errorf("destroyed: got %s", got)
	}
}

// A v4 stack keeps VLANs free of inet6, too.
func TestVLANOnV4(t *testing.T) {
	s, _ := loadOne(t, false)
	needVLANs(t)
	must(t, s, create("vlan1"))
	must(t, s, setVLAN("vlan1", "ecm0", 1))
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "ecm0", Set: ctl.FlagUp})
	must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "vlan1", Set: ctl.FlagUp})
	if got := ip(t, "-6 addr show vlan1"); got != "" {
		t.Errorf("got %s, want nothing", got)
	}
}

// A VLAN outlives its parent, whoever removes that, and its kernel's interface.
func TestVLANLosesParent(t *testing.T) {
	for name, remove := range map[string]func(*testing.T, *Stack, *device){
		"destroyed":    func(t *testing.T, s *Stack, _ *device) { must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "ecm0"}) },
		"pulled":       func(_ *testing.T, _ *Stack, d *device) { d.pull() },
		"removed":      func(t *testing.T, _ *Stack, _ *device) { ip(t, "link del ecm0") },
		"removed, too": func(t *testing.T, _ *Stack, _ *device) { ip(t, "link del vlan1") },
	} {
		t.Run(name, func(t *testing.T) {
			s, dev := loadOne(t, false)
			needVLANs(t)
			must(t, s, create("vlan1"))
			must(t, s, setVLAN("vlan1", "ecm0", 1))
			must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: "vlan1", Set: ctl.FlagUp})
			remove(t, s, dev)
			if n := get(t, s, "vlan1"); n.Index != 0 || n.Flags != 0x8802 || *n.VLAN != (ctl.VLAN{}) {
				t.Errorf("got %+v", n)
			}
		})
	}
}

// Frames for a VLAN's own link address are not the device's to sort out.
func TestVLANLinkAddress(t *testing.T) {
	s, dev := loadOne(t, false)
	needVLANs(t)
	must(t, s, create("vlan1"))
	must(t, s, setVLAN("vlan1", "ecm0", 1))
	for _, name := range []string{"ecm0", "vlan1"} {
		must(t, s, ctl.Request{Op: ctl.OpSetFlags, Interface: name, Set: ctl.FlagUp})
	}
	must(t, s, ctl.Request{Op: ctl.OpAddLink, Interface: "vlan1", MAC: "02:00:00:00:00:77", Active: true})
	eventually(t, "promiscuous", func() bool { _, mode := dev.state(); return mode.Promiscuous })
	must(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: "vlan1"})
	eventually(t, "no longer promiscuous", func() bool { _, mode := dev.state(); return !mode.Promiscuous })
}

// TestVLANHammer: what is asked for at the same time ends in something consistent.
func TestVLANHammer(t *testing.T) {
	s, _ := loadOne(t, false)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				name := fmt.Sprintf("vlan%d", i%3)
				for _, r := range []ctl.Request{
					create(name), setVLAN(name, "ecm0", 1+(i+g)%3), {Op: ctl.OpList},
					setVLAN(name, "", 0), {Op: ctl.OpDestroy, Interface: name},
				} {
					s.Do(t.Context(), root, r)
				}
			}
		})
	}
	wg.Wait()
	for i := range 3 {
		_ = do(t, s, ctl.Request{Op: ctl.OpDestroy, Interface: fmt.Sprintf("vlan%d", i)})
	}
	if got := names(t, s); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
	if got := ip(t, "link"); strings.Contains(got, "vlan") {
		t.Errorf("left in the kernel: %s", got)
	}
}
