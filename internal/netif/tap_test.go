package netif

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"io-pkt/internal/ctl"
	"io-pkt/internal/netif/netiftest"
	"io-pkt/internal/proctest"
)

func TestMain(m *testing.M) { os.Exit(netiftest.Main(m)) }

var mac = []byte{0x02, 0, 0, 0, 0, 0x42}

// open makes a TAP that is closed with the test.
func open(t testing.TB, c Config) *TAP {
	t.Helper()
	netiftest.Need(t)
	if c.MTU == 0 {
		c.MTU, c.MaxMTU = 1500, 1500
	}
	tap, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tap.Close() })
	return tap
}

// ip runs the kernel's own tool, the judge of what we do.
func ip(t testing.TB, words string) string {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v: %s", words, err, out)
	}
	return string(out)
}

func up(t testing.TB, tap *TAP) {
	t.Helper()
	tap.SetLink(true)
	if err := SetFlags(tap.Index(), ctl.FlagUp, 0); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	tap := open(t, Config{Name: "ecm0", MAC: mac, MTU: 1400, MaxMTU: 1500})
	got := ip(t, "link show ecm0")
	for _, want := range []string{"ecm0: <BROADCAST,MULTICAST>", "mtu 1400 ", "link/ether 02:00:00:00:00:42 "} {
		if !strings.Contains(got, want) {
			t.Errorf("ip link: got %q, want %q in it", got, want)
		}
	}
	up(t, tap)
	if got, want := ip(t, "link show ecm0"), "<BROADCAST,MULTICAST,UP,LOWER_UP>"; !strings.Contains(got, want) {
		t.Errorf("after up: got %q, want %q in it", got, want)
	}
	tap.SetLink(false)
	if got, want := ip(t, "link show ecm0"), "<NO-CARRIER,BROADCAST,MULTICAST,UP>"; !strings.Contains(got, want) {
		t.Errorf("without carrier: got %q, want %q in it", got, want)
	}
	for range 2 {
		if err := tap.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	tap.SetLink(true) // of no effect, and on no other descriptor
	if there, err := exists("ecm0"); there || err != nil {
		t.Errorf("after Close: got %v, %v, want the interface gone", there, err)
	}
}

func TestOpenErrors(t *testing.T) {
	netiftest.Need(t)
	ip(t, "tuntap add dev ecm7 mode tap") // persistent, and nobody holds it: could be taken over
	defer ip(t, "link del ecm7")
	for _, tt := range []struct {
		name string
		c    Config
		want syscall.Errno
	}{
		{"long name", Config{Name: "a234567890123456", MTU: 1500, MaxMTU: 1500}, syscall.ENAMETOOLONG},
		{"no name", Config{MTU: 1500, MaxMTU: 1500}, syscall.EINVAL},
		{"pattern", Config{Name: "ecm%d", MTU: 1500, MaxMTU: 1500}, syscall.EINVAL},
		{"slash", Config{Name: "../x", MTU: 1500, MaxMTU: 1500}, syscall.EINVAL},
		{"somebody's TAP", Config{Name: "ecm7", MTU: 1500, MaxMTU: 1500}, syscall.EEXIST},
		{"lo", Config{Name: "lo", MTU: 1500, MaxMTU: 1500}, syscall.EEXIST},
		{"mtu over maximum", Config{Name: "ecm0", MTU: 1501, MaxMTU: 1500}, syscall.EINVAL},
		{"mtu under minimum", Config{Name: "ecm0", MTU: 67, MaxMTU: 1500}, syscall.EINVAL},
		{"maximum over the kernel's", Config{Name: "ecm0", MTU: 1500, MaxMTU: 65522}, syscall.EINVAL},
		{"group address", Config{Name: "ecm0", MAC: []byte{1, 0, 0, 0, 0, 1}, MTU: 1500, MaxMTU: 1500}, syscall.EINVAL},
		{"zero address", Config{Name: "ecm0", MAC: make([]byte, 6), MTU: 1500, MaxMTU: 1500}, syscall.EINVAL},
		{"short address", Config{Name: "ecm0", MAC: []byte{2}, MTU: 1500, MaxMTU: 1500}, syscall.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := proctest.Descriptors(t)
			tap, err := Open(tt.c)
			if err == nil {
				_ = tap.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := proctest.Descriptors(t); got != before {
				t.Errorf("descriptors: got %d, want %d", got, before)
			}
		})
	}
	if there, err := exists("ecm7"); !there || err != nil {
		t.Errorf("somebody's TAP: got %v, %v, want it left alone", there, err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	netiftest.Need(t)
	before, mapped := proctest.Descriptors(t), mappings(t)
	for range 20 {
		tap := open(t, Config{Name: "ecm0"})
		if got := mappings(t); tap.gate != nil && got != mapped+1 {
			t.Fatalf("with a gate: %d mappings of programs' memory, want %d", got, mapped+1)
		}
		if err := tap.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := proctest.Descriptors(t); got != before {
		t.Errorf("descriptors: got %d, want %d", got, before)
	}
	if got := mappings(t); got != mapped {
		t.Errorf("mappings of programs' memory: got %d, want %d", got, mapped)
	}
}

// mappings counts those of memory that is shared with the kernel's programs (bpf(2)).
func mappings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(maps), "bpf-map")
}

// wait waits for something to read.
func wait(t *testing.T, fds ...int) int16 {
	t.Helper()
	return poll(t, 5000, fds...)
}

// poll gives what poll(2) sees at any of the descriptors within some milliseconds.
func poll(t *testing.T, limit int, fds ...int) (revents int16) {
	t.Helper()
	var p []unix.PollFd
	for _, fd := range fds {
		p = append(p, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	_, err := unix.Poll(p, limit)
	for err == unix.EINTR { // the runtime's own signals
		_, err = unix.Poll(p, limit)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range p {
		revents |= fd.Revents
	}
	return revents
}
