package poll

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pair gives the two ends of a stream, which are closed with the test.
func pair(t *testing.T) (near, far int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

// dup gives fd's file a second descriptor, which is closed with the test.
func dup(t *testing.T, fd int) int {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// descriptors gives how many the process has.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func write(t *testing.T, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte("x")); err != nil {
		t.Error(err)
	}
}

func newPoller(t *testing.T) *Poller {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// A watch is a descriptor that the kernel keeps books of.
type watch struct {
	fd     int
	events uint32
}

func (p *Poller) parked(t *testing.T) (parked []watch) {
	t.Helper()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", p.parking.fd))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(info)) {
		var w watch
		if n, _ := fmt.Sscanf(line, "tfd: %d events: %x", &w.fd, &w.events); n == 2 {
			parked = append(parked, w)
		}
	}
	return parked
}

// waiting waits until something is ready, and has act called when the poller is parked
// with so many descriptors.
func (p *Poller) waiting(t *testing.T, descriptors int, act func()) {
	t.Helper()
	p.lively = false
	p.parking.leave()
	ended := make(chan error, 1)
	go func() {
		var err error
		for ready := false; !ready && err == nil; { // it may end early
			err = p.Wait(-1)
			for _, f := range p.fds {
				ready = ready || f.Revents != 0
			}
		}
		ended <- err
	}()
	for len(p.parked(t)) != descriptors {
		select {
		case err := <-ended:
			t.Fatalf("Wait has ended: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	act()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// parks waits for d, again if that has ended early, and gives how many descriptors were
// parked for it. None may be ready.
func (p *Poller) parks(t *testing.T, d time.Duration) int {
	t.Helper()
	for {
		if err := p.Wait(d); err != nil {
			t.Fatal(err)
		}
		for place, f := range p.fds {
			if f.Revents != 0 {
				t.Fatalf("place %d: ready %#x", place, f.Revents)
			}
		}
		if len(p.parking.in) > 0 {
			return len(p.parked(t))
		}
	}
}

// A Wait that is parked sees what poll(2) sees, and once it has ended the kernel is told
// to forget the descriptors.
func TestParked(t *testing.T) {
	p := newPoller(t)
	near, far := pair(t)
	quiet := p.Add(-1, unix.POLLIN)
	place := p.Add(near, unix.POLLIN)

	p.waiting(t, 2, func() { write(t, far) })
	if got := p.Ready(place); got != unix.POLLIN {
		t.Errorf("ready %#x", got)
	}
	if p.Ready(quiet) != 0 {
		t.Error("no descriptor is ready")
	}
	if err := p.Wait(0); err != nil || p.Ready(place) != unix.POLLIN || len(p.parked(t)) != 0 {
		t.Errorf("again: %v, ready %#x, %v parked", err, p.Ready(place), p.parked(t))
	}
	p.Watch(place, 0)
	p.waiting(t, 2, func() {
		if got := p.parked(t); !slices.Contains(got, watch{near, unix.POLLERR | unix.POLLHUP}) {
			t.Errorf("left out: parked %v", got)
		}
		p.Wake()
	})
	if p.Ready(place) != 0 {
		t.Errorf("left out: ready %#x", p.Ready(place))
	}
	p.waiting(t, 2, func() { unix.Shutdown(far, unix.SHUT_RDWR) })
	if p.Ready(place)&unix.POLLHUP == 0 {
		t.Errorf("hung up: ready %#x", p.Ready(place))
	}
	p.Reset()
	if len(p.parked(t)) != 0 {
		t.Error("Reset has forgotten the descriptors, but the kernel has not")
	}
}

// A time that is over ends a parked Wait with nothing ready, and the next one has its own.
func TestParkedTime(t *testing.T) {
	p := newPoller(t)
	near, far := pair(t)
	place := p.Add(near, unix.POLLIN)
	for range 2 {
		if got := p.parks(t, 2*brief); got != 2 {
			t.Errorf("%d descriptors are parked", got)
		}
	}
	p.waiting(t, 2, func() { write(t, far) })
	if p.Ready(place) != unix.POLLIN {
		t.Errorf("ready %#x", p.Ready(place))
	}
}

// A descriptor may be given another file meanwhile, as usb/host and internal/netif do. What
// happens to the file that it had, which somebody else has open, is not seen any more.
func TestParkedReplaced(t *testing.T) {
	p := newPoller(t)
	oldNear, oldFar := pair(t)
	newNear, newFar := pair(t)
	fd := dup(t, oldNear)
	place := p.Add(fd, unix.POLLIN)
	p.waiting(t, 2, func() { write(t, oldFar) })
	open := descriptors(t)
	if err := unix.Dup3(newNear, fd, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if got := p.parks(t, 2*brief); got != 2 {
		t.Errorf("%d descriptors are parked", got)
	}
	if got := descriptors(t); got != open {
		t.Errorf("%d descriptors, %d before", got, open)
	}
	p.waiting(t, 2, func() { write(t, newFar) })
	if p.Ready(place) != unix.POLLIN {
		t.Errorf("ready %#x", p.Ready(place))
	}
}

// What cannot be parked is waited for all the same: here descriptors of which one is there
// twice.
func TestUnparkable(t *testing.T) {
	p := newPoller(t)
	near, far := pair(t)
	twice, _ := pair(t)
	p.Add(twice, unix.POLLIN)
	p.Add(twice, unix.POLLIN)
	place := p.Add(near, unix.POLLIN)
	done := make(chan struct{})
	go func() {
		defer close(done)
		write(t, far)
	}()
	for p.Ready(place) == 0 {
		if err := p.Wait(-1); err != nil {
			t.Fatal(err)
		}
	}
	<-done
}

// Where something has just been ready, Wait does not park before it has waited briefly.
func TestLively(t *testing.T) {
	p := newPoller(t)
	near, far := pair(t)
	p.Add(near, unix.POLLIN)
	p.waiting(t, 2, func() { write(t, far) })
	if _, err := unix.Read(near, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(brief); err != nil || len(p.parked(t)) != 0 {
		t.Errorf("at first: %v, %v parked", err, p.parked(t))
	}
	if got := p.parks(t, brief); got != 2 {
		t.Errorf("then: %d descriptors are parked", got)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := descriptors(t)
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// Somebody who waits and finds something each time, and makes no other calls, does not
// keep others from hearing of what has come for them. The pause before is for the runtime's
// watchdog to fall asleep in: no goroutine wakes it then.
func TestOthersAreHeard(t *testing.T) {
	p := newPoller(t)
	near, far := pair(t)
	fd, err := unix.FcntlInt(uintptr(near), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "near")
	defer file.Close()
	var heard atomic.Bool
	done := make(chan error, 1)
	go func() {
		_, err := file.Read(make([]byte, 1))
		heard.Store(true)
		done <- err
	}()
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(timer)
	in := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(100 * time.Millisecond))}
	if err := unix.TimerfdSettime(timer, 0, &in, nil); err != nil {
		t.Fatal(err)
	}
	place := p.Add(timer, unix.POLLIN)
	for p.Ready(place) == 0 {
		if err := p.Wait(-1); err != nil {
			t.Fatal(err)
		}
	}
	x := [1]byte{'x'}
	if _, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(far), uintptr(unsafe.Pointer(&x)), 1); errno != 0 {
		t.Fatal(errno)
	}
	for n := 0; !heard.Load(); n++ {
		if n == 1_000_000 {
			t.Fatal("the other goroutine has not heard of what has come for it")
		}
		if err := p.Wait(-1); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
