package ecmdrv

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"io-pkt/internal/nic"
	"io-pkt/slog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests.
const patience = 30 * time.Second

// A testHost is a stack with interfaces that are socket pairs.
type testHost struct {
	t testing.TB

	mu     sync.Mutex
	ports  map[string]*testPort
	lines  []string
	change chan struct{}

	refuse   error            // of the next Attach
	attached func(nic.Device) // called by Attach
}

func newHost(t testing.TB) *testHost {
	return &testHost{t: t, ports: map[string]*testPort{}, change: make(chan struct{})}
}

// changed wakes until. The caller holds mu.
func (h *testHost) changed() {
	close(h.change)
	h.change = make(chan struct{})
}

// until waits for something about the host or its ports to become true.
func (h *testHost) until(what string, ok func() bool) {
	h.t.Helper()
	late := time.After(patience)
	for {
		h.mu.Lock()
		change := h.change
		h.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-change:
		case <-time.After(10 * time.Millisecond): // counters tell nobody when they change
		case <-late:
			h.t.Fatalf("never happened: %s; log:\n%s", what, strings.Join(h.log(), "\n"))
		}
	}
}

func (h *testHost) Attach(spec nic.Spec, dev nic.Device) (nic.Port, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.refuse; err != nil {
		h.refuse = nil
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	for _, fd := range fds {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<20)
	}
	p := &testPort{host: h, spec: spec, dev: dev, fd: fds[0], outside: fds[1]}
	for n := 0; p.name == ""; n++ {
		if name := fmt.Sprintf("%s%d", spec.Base, n); h.ports[name] == nil {
			p.name = name
		}
	}
	h.mu.Unlock()
	dev.Named(p.name)
	h.mu.Lock()
	h.ports[p.name] = p
	h.changed()
	if h.attached != nil {
		h.attached(dev)
	}
	return p, nil
}

func (h *testHost) Detach(port nic.Port) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := port.(*testPort)
	if h.ports[p.name] == p {
		h.removeLocked(p)
	}
}

// destroy is ifconfig's.
func (h *testHost) destroy(p *testPort) error {
	err := p.dev.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ports[p.name] == p {
		h.removeLocked(p)
	}
	return err
}

func (h *testHost) removeLocked(p *testPort) {
	if p.gone.Swap(true) {
		h.t.Errorf("%s is removed twice", p.name)
		return
	}
	delete(h.ports, p.name)
	_ = unix.Close(p.fd)
	_ = unix.Close(p.outside)
	h.changed()
}

func (h *testHost) Log(sev slog.Severity, format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf("%d ", sev)+fmt.Sprintf(format, args...))
	h.changed()
}

func (h *testHost) log() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.lines...)
}

// logged counts the lines that hold some text.
func (h *testHost) logged(text string) int {
	n := 0
	for _, l := range h.log() {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

func (h *testHost) port(name string) *testPort {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ports[name]
}

func (h *testHost) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ports)
}

// all lists the interfaces.
func (h *testHost) all() []*testPort {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*testPort
	for _, p := range h.ports {
		list = append(list, p)
	}
	return list
}

// A testPort is the driver's end of a socket pair; the test has the other one.
type testPort struct {
	host        *testHost
	name        string
	spec        nic.Spec
	dev         nic.Device
	fd, outside int
	link        atomic.Bool
	gone        atomic.Bool
	in, out     atomic.Uint64 // dropped
}

func (p *testPort) check() {
	if p.gone.Load() {
		p.host.t.Errorf("%s is used after it has gone", p.name)
	}
}

func (p *testPort) Name() string            { return p.name }
func (p *testPort) PollFDs() ([]int, int16) { p.check(); return []int{p.fd}, unix.POLLIN }

func (p *testPort) Drop(in, out uint64) {
	p.in.Add(in)
	p.out.Add(out)
}

func (p *testPort) SetLink(up bool) {
	p.check()
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	p.link.Store(up)
	p.host.changed()
}

func (p *testPort) Fetch(_ uint, bufs [][]byte, lens []int) (int, error) {
	p.check()
	for i, b := range bufs {
		if len(b) < p.spec.MaxMTU+18 {
			return 0, fmt.Errorf("a buffer of %d bytes", len(b))
		}
		n, err := unix.Read(p.fd, b)
		if errors.Is(err, unix.EAGAIN) {
			return i, nil
		}
		if err != nil {
			return i, err
		}
		if n == 0 {
			return i, errors.New("end of file")
		}
		lens[i] = n
	}
	return len(bufs), nil
}

func (p *testPort) Backlog(int) { p.check() }

func (p *testPort) Deliver(frames [][]byte) error {
	p.check()
	for _, f := range frames {
		if _, err := unix.Write(p.fd, f); err != nil {
			if !errors.Is(err, unix.EAGAIN) {
				return err
			}
			p.Drop(1, 0)
		}
	}
	return nil
}

// send gives the interface a frame from the host's network stack.
func (p *testPort) send(frame []byte) {
	p.host.t.Helper()
	for {
		_, err := unix.Write(p.outside, frame)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EAGAIN) || !p.wait(unix.POLLOUT) {
			p.host.t.Fatalf("send a frame to %s: %v", p.name, err)
		}
	}
}

// receive gives the next frame that the interface has received.
func (p *testPort) receive(buf []byte) []byte {
	p.host.t.Helper()
	for {
		n, err := unix.Read(p.outside, buf)
		if err == nil {
			return buf[:n]
		}
		if !errors.Is(err, unix.EAGAIN) || !p.wait(unix.POLLIN) {
			p.host.t.Fatalf("receive a frame from %s: %v; %v; log:\n%s", p.name, err, p.dev.Status(), strings.Join(p.host.log(), "\n"))
		}
	}
}

func (p *testPort) wait(events int16) bool { return p.poll(events, int(patience/time.Millisecond)) }

// waitFor waits for a received frame, at most some milliseconds.
func (p *testPort) waitFor(ms int) bool { return p.poll(unix.POLLIN, ms) }

func (p *testPort) poll(events int16, ms int) bool {
	fds := []unix.PollFd{{Fd: int32(p.outside), Events: events}}
	for {
		n, err := unix.Poll(fds, ms)
		if !errors.Is(err, unix.EINTR) {
			return err == nil && n > 0
		}
	}
}

// counter gives one of the driver's counters.
func (p *testPort) counter(c counter) uint64 { return p.dev.Status().Counters[c].Value }
