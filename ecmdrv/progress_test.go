package ecmdrv

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A device that takes a frame now and then is slow, not dead, however long some of
// them wait: the watchdog looks at what has ended last.
func TestWatchdogSeesProgress(t *testing.T) {
	l, _, round := newPaced(t)
	bites := func() uint64 { return l.device.counters[txWatchdog].Load() }
	round(0, 0)
	for passed := time.Duration(0); passed < 3*watchdogTime; passed += time.Second {
		if l.tx.inFlight() < 2 {
			t.Fatalf("after %v: %d in flight, want one behind the one that ends", passed, l.tx.inFlight())
		}
		if round(time.Second, 1); bites() != 0 {
			t.Fatalf("after %v of one frame a second the watchdog bites", passed+time.Second)
		}
	}
	if round(watchdogTime, 0); bites() != 1 {
		t.Errorf("after %v without any it has bitten %d times, want once", watchdogTime, bites())
	}
}

// A host that sends one frame, and the next when it has gone, never waits for the
// device: that says nothing of how many may be in flight.
func TestFitNeedsWaiting(t *testing.T) {
	l, p, round := newPaced(t)
	for range 20 {
		p.left = 1
		if round(time.Millisecond, 0); l.tx.inFlight() != 1 {
			t.Fatalf("%d frames are in flight, want 1", l.tx.inFlight())
		}
		round(time.Millisecond, 1)
	}
	p.left = 1 << 20
	if round(time.Millisecond, 0); l.tx.inFlight() != firstLimit {
		t.Errorf("of many frames %d are in flight, want %d", l.tx.inFlight(), firstLimit)
	}
}

// While no more may be in flight, the host's frames wake nobody. Its end does.
func TestInterfaceLostUnwatched(t *testing.T) {
	l, p, round := newPaced(t)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	if _, err := unix.Write(fds[1], make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	p.fd = fds[0]
	l.mover.poller.Reset()
	l.watch()
	round(0, 0)
	if round(0, 0); !l.starved || l.called() != 0 {
		t.Fatalf("with %d in flight the host is watched", l.tx.inFlight())
	}
	if err := unix.Close(fds[1]); err != nil {
		t.Fatal(err)
	}
	if err := l.mover.poller.Wait(0); err != nil {
		t.Fatal(err)
	}
	if err := l.round(time.Now()); !errors.Is(err, errHostGone) {
		t.Errorf("the host has gone: got %v, want %v", err, errHostGone)
	}
}
