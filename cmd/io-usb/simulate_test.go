package main

import (
	"context"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"io-pkt/usb"
	"io-pkt/usb/usbip"
)

// start simulates in this process, at a path of its own.
func start(t *testing.T, words ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "dev", "io-usb")
	c, err := parse(append(words, "-n", path))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- simulate(ctx, c, func() { close(ready) }, io.Discard) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("simulate: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("simulate: %v", err)
		}
		if _, err := os.Lstat(filepath.Dir(path)); !os.IsNotExist(err) {
			t.Errorf("its directory is left behind: %v", err)
		}
	})
	return path
}

// devices asks the USB/IP server for its devices.
func devices(t *testing.T, network, address string) []usb.DeviceInfo {
	t.Helper()
	s, err := usbip.Dial(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// tell gives a command to io-usb.
func tell(t *testing.T, path, command string) string {
	t.Helper()
	reply, err := ask(path+ctlSuffix, command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return reply
}

func TestSimulate(t *testing.T) {
	path := start(t, "-d", "sim", "count=2,speed=super,bus=7", "-d", "sim",
		"desc=../../usb/sim/testdata/descriptors/16-0525-a4a2-qemu-usb-net.hex")
	var got []string
	for _, d := range devices(t, "unix", path) {
		got = append(got, d.Port+" "+d.Speed.String())
	}
	if want := "7-1 super 7-2 super 7-3 full"; strings.Join(got, " ") != want {
		t.Errorf("devices %v, want %s", got, want)
	}
}

// Every device has an address of its own, also the ones with descriptors when
// an address was given.
func TestAddresses(t *testing.T) {
	path := start(t, "-d", "sim", "count=2,net=none", "-d", "sim",
		"count=2,mac=0200000000ff,desc=../../usb/sim/testdata/descriptors/16-0525-a4a2-qemu-usb-net.hex")
	s, err := usbip.Dial(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"02696F706B00", "02696F706B01", "0200000000FF", "020000000100"}
	for i, index := range []uint8{4, 4, 3, 3} {
		d, err := s.Open(t.Context(), list[i])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := usb.ReadString(t.Context(), d, index); got != want[i] {
			t.Errorf("address %d is %s, %v; want %s", i, got, err, want[i])
		}
		_ = d.Close()
	}
}

func TestCommands(t *testing.T) {
	path := start(t, "-d", "sim", "count=2,net=none")
	tell(t, path, "pull 0")
	if list := devices(t, "unix", path); len(list) != 1 || list[0].Port != "1-2" {
		t.Errorf("after pull 0: %v", list)
	}
	tell(t, path, "plug 0")
	if list := devices(t, "unix", path); len(list) != 2 {
		t.Errorf("after plug 0: %v", list)
	}
	tell(t, path, "link 1 down")
	tell(t, path, "fault 1 storm")
	tell(t, path, "fault 1 stall-in 3")
	list := tell(t, path, "list")
	if !strings.Contains(list, "1 1209:0001 high speed, port 1-2 address 2, link down") ||
		!strings.Contains(list, "stall-in 3, storm 1\n") {
		t.Errorf("list:\n%s", list)
	}
	tell(t, path, "fault 1 none")
	if list := tell(t, path, "list"); strings.Contains(list, "storm") {
		t.Errorf("list after fault 1 none:\n%s", list)
	}
	if help := tell(t, path, "help"); !strings.Contains(help, "fault N stall-in") {
		t.Errorf("help:\n%s", help)
	}
	for _, bad := range []string{
		" ", "jump", "pull", "pull 2", "pull -1", "pull x", "pull 0 1", "plug 0", "link 0", "link 0 sideways",
		"fault 0", "fault 0 fire", "fault 0 delay x", "fault 0 delay -1", "fault 0 none 1", "list 0",
		"say 0", "say 0 RING", "coverage 0 off",
	} {
		if reply, err := ask(path+ctlSuffix, bad); err == nil {
			t.Errorf("%q: %q", bad, reply)
		}
	}
}

// A modem's link waits for a data session; what it has to say gets out.
func TestSimulateModem(t *testing.T) {
	path := start(t, "-d", "sim", "net=none,modem=1,pin=0000,command=64")
	if list := tell(t, path, "list"); !strings.Contains(list, "link down") {
		t.Errorf("list:\n%s", list)
	}
	tell(t, path, "say 0 +CMTI: \"SM\",1")
	tell(t, path, "coverage 0 off")
	for _, bad := range []string{"say 0", "coverage 0", "coverage 0 perhaps"} {
		if reply, err := ask(path+ctlSuffix, bad); err == nil {
			t.Errorf("%q: %q", bad, reply)
		}
	}
	s, err := usbip.Dial(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Devices(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	d, err := s.Open(t.Context(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b := make([]byte, 100)
	n, err := d.Control(t.Context(), usb.Setup{RequestType: 0xa1, Request: 0x01}, b)
	if got, want := string(b[:n]), "\r\n+CMTI: \"SM\",1\r\n"; err != nil || got != want {
		t.Errorf("response %q, %v; want %q", got, err, want)
	}
}

// Clients that say nothing, or too much, do no harm.
func TestBadClients(t *testing.T) {
	path := start(t, "-d", "sim", "net=none")
	for _, text := range []string{"", strings.Repeat("x", 1<<16)} {
		c, err := net.Dial("unix", path+ctlSuffix)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, text)
	}
	tell(t, path, "list")
}

// A poorListener has no descriptors left for its first connections.
type poorListener struct {
	net.Listener
	fails  atomic.Int32
	failed chan struct{} // gets one for each, if it has room
}

func (l *poorListener) Accept() (net.Conn, error) {
	if l.fails.Add(-1) < 0 {
		return l.Listener.Accept()
	}
	select {
	case l.failed <- struct{}{}:
	default:
	}
	return nil, &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
}

// Commands wait where the system is out of descriptors for a while; the bus, and all
// that is on it, goes on.
func TestCommandsWithoutDescriptors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "io-usb")
	listening, err := net.Listen("unix", path+ctlSuffix)
	must(t, err)
	l := &poorListener{Listener: listening, failed: make(chan struct{}, 1)}
	l.fails.Store(2)
	c := newCommands(&simulator{})
	served := make(chan error, 1)
	go func() { served <- c.serve(l) }()
	tell(t, path, "help")
	c.close(l)
	must(t, <-served)

	// It also ends while it waits.
	l.fails.Store(math.MaxInt32)
	<-l.failed
	c = newCommands(&simulator{})
	go func() { served <- c.serve(l) }()
	<-l.failed
	c.close(l)
	must(t, <-served)
}

func TestListen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	start(t, "-d", "sim", "net=none,listen="+address)
	if list := devices(t, "tcp", address); len(list) != 1 {
		t.Errorf("devices: %v", list)
	}
}

func TestSimulateFails(t *testing.T) {
	path := start(t, "-d", "sim", "net=none")
	for name, line := range map[string]string{
		"in use":         "-d sim -n " + path,
		"no file":        "-d sim desc=/no/such/file -n " + path + "2",
		"no namespace":   "-d sim tap=far,netns=no-such-namespace -n " + path + "2",
		"no port":        "-d sim listen=nowhere -n " + path + "2",
		"group address":  "-d sim mac=010203040506,net=none,count=127 -d sim -n " + path + "2",
		"long path":      "-d sim -n " + path + strings.Repeat("x", 108),
		"not a socket":   "-d sim -n " + os.Args[0],
		"not a director": "-d sim -n " + os.Args[0] + "/io-usb",
	} {
		c, err := parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		err = simulate(t.Context(), c, func() { t.Errorf("%s: it is ready", name) }, io.Discard)
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	tell(t, path, "list") // the first one is as it was
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
