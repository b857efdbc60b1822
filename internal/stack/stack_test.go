package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif/netiftest"
	"io-pkt/internal/nic"
	"io-pkt/slog"
)

func TestMain(m *testing.M) { os.Exit(netiftest.Main(m)) }

// root is who asks in most tests.
var root = ctl.Peer{}

// A journal collects the lines of the log, "severity text".
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) log(sev slog.Severity, text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%d %s", sev, text))
}

func (j *journal) get() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.lines)
}

// start makes a stack with one driver, "ecm".
func start(t *testing.T, d *driver, tune func(*Config)) (*Stack, *journal) {
	t.Helper()
	netiftest.Need(t)
	j := &journal{}
	c := Config{Drivers: map[string]nic.Driver{"ecm": d}, Log: j.log, Patience: time.Minute}
	if tune != nil {
		tune(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, j
}

func (d *driver) plug(t *testing.T, n int) []*device {
	for range n {
		d.plugged = append(d.plugged, newDevice(t))
	}
	return d.plugged
}

// do makes a request and gives its errno.
func do(t *testing.T, s *Stack, r ctl.Request) syscall.Errno {
	t.Helper()
	return syscall.Errno(s.Do(t.Context(), root, r).Errno)
}

// must makes a request that has to succeed.
func must(t *testing.T, s *Stack, r ctl.Request) {
	t.Helper()
	if reply := s.Do(t.Context(), root, r); reply.Errno != 0 {
		t.Fatalf("%s %s: %s", r.Op, r.Interface, reply.Error)
	}
}

func get(t *testing.T, s *Stack, name string) ctl.Interface {
	t.Helper()
	r := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpGet, Interface: name})
	if r.Errno != 0 || len(r.Interfaces) != 1 {
		t.Fatalf("get %s: %+v", name, r)
	}
	return r.Interfaces[0]
}

// names lists the interfaces.
func names(t *testing.T, s *Stack) (names []string) {
	t.Helper()
	r := s.Do(t.Context(), root, ctl.Request{Op: ctl.OpList})
	if r.Errno != 0 {
		t.Fatal(r.Error)
	}
	for _, i := range r.Interfaces {
		names = append(names, i.Name)
	}
	return names
}

// ip runs the kernel's own tool.
func ip(t *testing.T, words string) string {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v: %s", words, err, out)
	}
	return string(out)
}

// eventually waits for what has no event of its own.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

func TestLoadLog(t *testing.T) {
	for _, tt := range []struct {
		name            string
		devices         int
		mount           bool
		driver, options string
		want            syscall.Errno
		passed          []string // options that the driver got
		log             []string
	}{
		{"plain", 1, false, "ecm", "", 0, []string{""}, []string{"5 devnp-ecm.so (null)", "5 ecm0"}},
		{"options", 1, false, "ecm", "busnum=0,devnum=2", 0, []string{"busnum=0,devnum=2"}, []string{"5 devnp-ecm.so busnum=0,devnum=2", "5 ecm0"}},
		{"two devices", 2, false, "ecm", "verbose", 0, []string{"verbose"}, []string{"5 devnp-ecm.so verbose", "5 ecm0", "5 ecm1"}},
		{"path", 1, false, "/lib/dll/devnp-ecm.so", "", 0, []string{""}, []string{"5 /lib/dll/devnp-ecm.so (null)", "5 ecm0"}},
		{"file name", 1, false, "devn-ecm.so", "", 0, []string{""}, []string{"5 devn-ecm.so (null)", "5 ecm0"}},
		{"mount", 1, true, "devnp-ecm.so", "pnp", 0, []string{"pnp"}, []string{"5 devnp-ecm.so pnp", "5 ecm0"}},
		{"mount adds nothing", 1, true, "ecm", "", syscall.ENXIO, nil, []string{"5 ecm (null)", "2 Unable to load ecm: Library cannot be found\n"}},
		{"no such driver", 1, false, "asix", "x", syscall.ENXIO, nil, []string{"5 devnp-asix.so x", "2 Unable to load devnp-asix.so: Library cannot be found\n"}},
		{"no device", 0, false, "ecm", "", syscall.ENODEV, []string{""}, []string{"5 devnp-ecm.so (null)", "2 Unable to init devnp-ecm.so: No such device\n"}},
		{"name", 1, false, "ecm", "name=en,verbose", 0, []string{"verbose"}, []string{"5 devnp-ecm.so name=en,verbose", "5 en0"}},
		{"lan", 1, false, "ecm", "verbose,lan=0x5", 0, []string{"verbose"}, []string{"5 devnp-ecm.so verbose,lan=0x5", "5 ecm5"}},
		{"unit, automatic", 1, false, "ecm", "unit=-1", 0, []string{""}, []string{"5 devnp-ecm.so unit=-1", "5 ecm0"}},
		{"lo is taken", 1, false, "ecm", "name=lo", 0, []string{""}, []string{"5 devnp-ecm.so name=lo", "5 lo1"}},
		{"lo0 is taken", 1, false, "ecm", "name=lo,lan=0", syscall.EALREADY, []string{""}, []string{"5 devnp-ecm.so name=lo,lan=0", "2 Unable to init devnp-ecm.so: Operation already in progress\n"}},
		{"single", 2, false, "ecm", "lan=1", syscall.EBUSY, []string{""}, []string{"5 devnp-ecm.so lan=1", "5 ecm1", "2 Unable to init devnp-ecm.so: Resource busy\n"}},
		{"bad number", 1, false, "ecm", "lan=x", syscall.EINVAL, nil, []string{"5 devnp-ecm.so lan=x", "2 Unable to init devnp-ecm.so: Invalid argument\n"}},
		{"path for a name", 1, false, "ecm", "name=../x", syscall.EINVAL, []string{""}, []string{"5 devnp-ecm.so name=../x", "2 Unable to init devnp-ecm.so: Invalid argument\n"}},
		{"long name", 1, false, "ecm", "name=a23456789012345", syscall.ENAMETOOLONG, []string{""}, []string{"5 devnp-ecm.so name=a23456789012345", "2 Unable to init devnp-ecm.so: Filename too long\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &driver{}
			d.plug(t, tt.devices)
			s, j := start(t, d, nil)
			load := s.Load
			if tt.mount {
				load = s.Mount
			}
			if err := load(t.Context(), tt.driver, tt.options); !errors.Is(err, tt.want) && (err != nil || tt.want != 0) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(tt.passed, d.options); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.log, j.get()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if slices.ContainsFunc(d.plugged, func(d *device) bool { return strings.Contains(d.named, "/") }) {
				t.Error("a device makes files by a path")
			}
			if got := names(t, s); tt.want != 0 && !slices.Equal(got, []string{"lo0"}) {
				t.Errorf("after an error: got %v, want lo0 alone", got)
			}
		})
	}
}

func TestNameTaken(t *testing.T) {
	netiftest.Need(t)
	ip(t, "tuntap add dev ecm0 mode tap")
	defer ip(t, "link del ecm0")
	before := ip(t, "link show ecm0")
	d := &driver{}
	d.plug(t, 1)
	s, j := start(t, d, nil)
	if err := s.Load(t.Context(), "ecm", ""); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("got %v, want EEXIST", err)
	}
	want := []string{
		"5 devnp-ecm.so (null)",
		"2 ecm0: the name is taken by another interface: file exists",
		"2 Unable to init devnp-ecm.so: File exists\n",
	}
	if diff := cmp.Diff(want, j.get()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if got := ip(t, "link show ecm0"); got != before {
		t.Errorf("somebody's ecm0: got %q, want it as before, %q", got, before)
	}
}

func TestNumbers(t *testing.T) {
	first, second := &driver{}, &driver{}
	first.plug(t, 3)
	second.plug(t, 1)
	s, _ := start(t, first, func(c *Config) { c.Drivers["ecmplus"] = second })
	if err := s.Load(t.Context(), "ecm", ""); err != nil {
		t.Fatal(err)
	}
	first.plugged[1].pull()
	if got, want := names(t, s), []string{"lo0", "ecm0", "ecm2"}; !slices.Equal(got, want) {
		t.Errorf("after a pull: got %v, want %v", got, want)
	}
	if err := s.Load(t.Context(), "ecmplus", "lan=2"); !errors.Is(err, syscall.EALREADY) {
		t.Errorf("number 2: got %v, want EALREADY", err)
	}
	second.plugged = nil
	second.plug(t, 1)
	if err := s.Load(t.Context(), "ecmplus", ""); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, s), []string{"lo0", "ecm0", "ecm2", "ecm1"}; !slices.Equal(got, want) {
		t.Errorf("the lowest free number: got %v, want %v", got, want)
	}
}

func TestLoadAfterClose(t *testing.T) {
	d := &driver{}
	d.plug(t, 1)
	s, _ := start(t, d, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(context.Background(), "ecm", ""); !errors.Is(err, syscall.ESHUTDOWN) {
		t.Errorf("Load after Close: got %v, want ESHUTDOWN", err)
	}
}
