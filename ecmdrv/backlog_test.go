package ecmdrv

import (
	"testing"
	"time"
)

// bursts has a host wait for a device so many times, for some rounds each with a frame a
// round, and not for a second between them.
func bursts(b *backlog, now time.Time, times, rounds int, round time.Duration) time.Time {
	for range times {
		for range rounds {
			now = now.Add(round)
			b.moved(now, 1)
		}
		b.pause()
		now = now.Add(time.Second)
	}
	return now
}

// The times in which the host waits count together, and what is between them does not.
func TestBacklogOfTimes(t *testing.T) {
	var b backlog
	now := bursts(&b, time.Now(), 10, 10, time.Millisecond) // 9 ms each: the first round begins it
	if b.frames != 0 {
		t.Errorf("after 90 ms %d may wait, want any number", b.frames)
	}
	bursts(&b, now, 2, 10, time.Millisecond)
	if b.frames != 5 {
		t.Errorf("of a frame a ms %d may wait, want 5", b.frames)
	}
}

// What is known is fitted each second, of which none counts again.
func TestBacklogBecomesLess(t *testing.T) {
	const ms = time.Millisecond
	var b backlog
	now := bursts(&b, time.Now(), 1, 1001, ms/10)
	if b.frames != 50 {
		t.Fatalf("of 10 frames a ms %d may wait, want 50", b.frames)
	}
	now = bursts(&b, now, 1, 950, ms)
	if b.frames != 50 {
		t.Errorf("within a second %d may wait, want 50", b.frames)
	}
	bursts(&b, now, 1, 1200, ms)
	if b.frames != 5 {
		t.Errorf("after it %d may wait, want 5", b.frames)
	}
}

// Of a device that was slow for a while, bursts soon show that more may wait.
func TestBacklogOfBursts(t *testing.T) {
	const ms = time.Millisecond
	b := backlog{frames: leastWaiting}
	bursts(&b, time.Now(), 10, 200, ms/20)
	if b.frames < 20 { // 200 end in a burst, which are twice as many as in 5 times 5 ms
		t.Errorf("%d may wait, want 20 or more", b.frames)
	}
	b = backlog{frames: leastWaiting}
	bursts(&b, time.Now(), 10, 19, ms/20)
	if b.frames != leastWaiting {
		t.Errorf("after short ones %d may wait, want %d", b.frames, leastWaiting)
	}
}

// A device that may have more in flight is another one.
func TestBacklogOfMore(t *testing.T) {
	l, now := newLimit(64), time.Now()
	for range 20 {
		now = now.Add(5 * time.Millisecond)
		l.moved(now, 1, firstLimit-1)
	}
	l.moved(now, firstLimit, 0) // all have ended
	if l.size == firstLimit {
		t.Fatal("no more may be in flight")
	}
	now = now.Add(5 * time.Millisecond)
	if l.moved(now, 1, l.size-1); l.backlog.frames != 0 {
		t.Errorf("%d may wait, want any number", l.backlog.frames)
	}
}

// What the driver waits for itself is no time of the host's.
func TestBacklogPauses(t *testing.T) {
	l, now := newLimit(1), time.Now()
	for range 5 { // 9 ms each
		for range 10 {
			now = now.Add(time.Millisecond)
			l.moved(now, 1, 0)
		}
		l.pause()
		now = now.Add(time.Second)
	}
	if l.backlog.frames != 0 {
		t.Errorf("after 45 ms %d may wait, want any number", l.backlog.frames)
	}
}

// What the device before it let wait is nothing to one that comes to the interface.
func TestBacklogOfNewDevice(t *testing.T) {
	l, p, _ := newPaced(t)
	p.backlog = leastWaiting
	l.mover.poller.Reset()
	l.watch()
	if p.backlog != 0 {
		t.Errorf("%d may wait, want any number", p.backlog)
	}
}
