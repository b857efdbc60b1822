// Package poll waits for several descriptors at once, from one goroutine that
// can be woken.
package poll

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Poller waits for descriptors. Wake may be called by any goroutine at any
// time, Close too; the rest belongs to the goroutine that waits.
type Poller struct {
	fds     []unix.PollFd // fds[0] is the wake-up
	lively  bool          // the last Wait found something ready
	untold  int           // how often poll was called since Go's scheduler has heard of it
	parking parking

	mu     sync.Mutex
	wake   int
	closed bool
}

// New makes a poller.
func New() (*Poller, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &Poller{wake: fd, fds: []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}}
	if err := p.parking.open(); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return p, nil
}

// Add adds a descriptor and gives its place, for Watch and Ready. The
// descriptor must stay open until the last Wait or Reset.
func (p *Poller) Add(fd int, events int16) int {
	p.fds = append(p.fds, unix.PollFd{Fd: int32(fd), Events: events})
	return len(p.fds) - 1
}

// Reset forgets every descriptor, which may then be closed, and every place.
func (p *Poller) Reset() {
	p.parking.leave()
	p.fds = p.fds[:1]
}

// Watch says which events count from now on; 0 leaves the descriptor out.
func (p *Poller) Watch(place int, events int16) { p.fds[place].Events = events }

// Ready gives what the last Wait saw, POLLERR and POLLHUP included.
func (p *Poller) Ready(place int) int16 { return p.fds[place].Revents }

// Wait waits until something is ready, Wake was called, or d has passed; d < 0
// waits for ever, 0 only looks. It may also end early, with nothing ready.
func (p *Poller) Wait(d time.Duration) error {
	p.parking.leave()
	first := time.Duration(0)
	if p.lively {
		first = brief
	}
	if d >= 0 {
		first = min(d, first)
	}
	n, err := p.poll(first)
	if n == 0 && err == nil && first != d {
		if d > 0 {
			d -= first
		}
		n, err = p.park(d)
	}
	p.lively = n != 0
	if err != nil {
		return err
	}
	if p.fds[0].Revents != 0 {
		var b [8]byte
		_, _ = unix.Read(int(p.fds[0].Fd), b[:])
	}
	return nil
}

// park waits without a thread. Where the kernel has no memory for that the wait is brief.
func (p *Poller) park(d time.Duration) (n int, err error) {
	p.untold = 0
	if p.parking.wait(p.fds, d) == nil {
		return p.poll(0)
	}
	if d < 0 || d > brief {
		d = brief
	}
	return p.poll(d)
}

// brief is how long Wait waits before it parks, where things are lively.
const brief = 2 * time.Millisecond

// tell is how many times poll is called for one of which the scheduler hears.
const tell = 16

// poll is poll(2), mostly without a word to Go's scheduler. What that does else for each
// wait, taking the processor away and finding another one, is as much work as all that
// the caller does for a ping, and is done before the caller goes on. Without it TCP is
// faster by a tenth in both directions, and a round trip shorter by as much (on Linux's
// ECM gadget, in the guest of scripts/vm). The collector waits for the caller at most as
// long as brief; in fact shorter, because the signal that the runtime sends then ends the
// call. But nobody might look after other goroutines' descriptors while the caller is
// busy: the runtime's watchdog (sysmon) sleeps, until one goroutine makes an ordinary call.
// n is how many descriptors are ready, or negative after a signal.
func (p *Poller) poll(d time.Duration) (n int, err error) {
	for i := range p.fds {
		p.fds[i].Revents = 0
	}
	ts := unix.NsecToTimespec(int64(d))
	if p.untold++; p.untold == tell {
		p.untold = 0
		n, err = unix.Ppoll(p.fds, &ts, nil)
	} else {
		r, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(p.fds))), uintptr(len(p.fds)),
			uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		if n = int(r); errno != 0 {
			err = errno
		}
	}
	switch err {
	case nil:
		return n, nil
	case unix.EINTR:
		return -1, nil
	}
	return 0, os.NewSyscallError("ppoll", err)
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
	return errors.Join(p.parking.close(), unix.Close(p.wake))
}
