package tap

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// namespace makes a network namespace that is gone after the test.
func namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("io-usb-tap-%d", os.Getpid())
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		ns, err := netns.NewNamed(name)
		if err == nil {
			err = ns.Close()
		}
		made <- err
	}()
	if err := <-made; err != nil {
		missing(t, fmt.Sprintf("no network namespace can be made: %v", err))
	}
	t.Cleanup(func() {
		if err := netns.DeleteNamed(name); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		missing(t, err.Error())
	}
	return name
}

// missing skips a test, but not where it must run.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// The kernel answers an ARP request for the interface's address.
func TestKernelAnswers(t *testing.T) {
	n, err := New(Config{Name: "far0", Namespace: namespace(t), Addr: netip.MustParsePrefix("10.0.0.1/8"), MTU: 9000})
	if err != nil {
		t.Fatal(err)
	}
	frames := make(chan []byte, 256)
	err = n.Start(func(fs [][]byte) {
		for _, f := range fs {
			select {
			case frames <- bytes.Clone(f):
			default:
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()

	mac := []byte{2, 0, 0, 0, 0, 9}
	request := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, mac...)
	request = append(request, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
	request = append(append(request, mac...), 10, 0, 0, 9)
	request = append(request, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1)
	n.Send([][]byte{request})
	deadline := time.After(10 * time.Second)
	for {
		select {
		case f := <-frames:
			if bytes.HasPrefix(f, mac) && f[12] == 8 && f[13] == 6 {
				return
			}
		case <-deadline:
			t.Fatal("the kernel does not answer")
		}
	}
}

func TestClose(t *testing.T) {
	n, err := New(Config{Name: "far0", Namespace: namespace(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(func([][]byte) {}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	n.Send([][]byte{make([]byte, 60)})
	if n, _ = New(Config{Name: "far0"}); n.Close() != nil {
		t.Error("Close before Start fails")
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]Config{
		"no name":   {},
		"long name": {Name: "abcdefghijklmnop"},
		"small MTU": {Name: "far0", MTU: 67},
		"large MTU": {Name: "far0", MTU: 65522},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: New took it", name)
		}
	}
	n, err := New(Config{Name: "far0", Namespace: "no such namespace"})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(func([][]byte) {}); err == nil {
		t.Error("Start works in a namespace that is not there")
	}
}
