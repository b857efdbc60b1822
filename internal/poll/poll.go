// Package poll waits for several descriptors at once, from one goroutine that
// can be woken.
package poll

import (
	"encoding/binary"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Poller waits for descriptors. Wake may be called by any goroutine at any
// time, Close too; the rest belongs to the goroutine that waits.
type Poller struct {
	fds []unix.PollFd // fds[0] is the wake-up

	mu     sync.Mutex
	wake   int
	closed bool
}

// New makes a poller.
func New() (*Poller, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	return &Poller{wake: fd, fds: []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}}, nil
}

// Add adds a descriptor and gives its place, for Watch and Ready. The
// descriptor must stay open until the last Wait or Reset.
func (p *Poller) Add(fd int, events int16) int {
	p.fds = append(p.fds, unix.PollFd{Fd: int32(fd), Events: events})
	return len(p.fds) - 1
}

// Reset forgets every descriptor, which may then be closed, and every place.
func (p *Poller) Reset() { p.fds = p.fds[:1] }

// Watch says which events count from now on; 0 leaves the descriptor out.
func (p *Poller) Watch(place int, events int16) { p.fds[place].Events = events }

// Ready gives what the last Wait saw, POLLERR and POLLHUP included.
func (p *Poller) Ready(place int) int16 { return p.fds[place].Revents }

// Wait waits until something is ready, Wake was called, or d has passed; d < 0
// waits for ever, 0 only looks. It may also end early, with nothing ready.
func (p *Poller) Wait(d time.Duration) error {
	for i := range p.fds {
		p.fds[i].Revents = 0
	}
	first := brief
	if d >= 0 {
		first = min(d, brief)
	}
	passed, err := p.briefly(first)
	if passed && first != d {
		if d > 0 {
			d -= first
		}
		err = p.patiently(d)
	}
	if err != nil {
		return err
	}
	if p.fds[0].Revents != 0 {
		var b [8]byte
		_, _ = unix.Read(int(p.fds[0].Fd), b[:])
	}
	return nil
}

// brief is how long Wait waits before Go's scheduler is told that it does.
const brief = 2 * time.Millisecond

// briefly waits as long as something is likely to happen while there is traffic.
// The scheduler does not hear of it: what it does else for each wait, waking its
// watchdog, taking the processor away and finding another one, is as much work as
// all that the caller does for a ping, and is done before the caller goes on.
// Without it TCP is faster by a tenth in both directions, and a round trip
// shorter by as much (on Linux's ECM gadget, in the guest of scripts/vm). The
// collector and other goroutines wait for this one at most that long; in fact
// shorter, because the signal that the runtime sends then ends the call. passed says
// that nothing has ended it.
func (p *Poller) briefly(d time.Duration) (passed bool, err error) {
	ts := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(p.fds))), uintptr(len(p.fds)),
		uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	switch errno {
	case 0:
		return n == 0, nil
	case unix.EINTR:
		return false, nil
	}
	return false, errno
}

// patiently waits as any other goroutine does.
func (p *Poller) patiently(d time.Duration) error {
	var ts *unix.Timespec
	if d >= 0 {
		t := unix.NsecToTimespec(int64(d))
		ts = &t
	}
	if _, err := unix.Ppoll(p.fds, ts, nil); err != nil && err != unix.EINTR {
		return err
	}
	return nil
}

// Wake ends a Wait, now or the next one.
func (p *Poller) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(p.wake, one[:]) // EAGAIN: it is awake already
}

// Close frees the poller. Nobody may be waiting.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	return unix.Close(p.wake)
}
