package ecmdrv

import (
	"testing"
	"time"
)

// A device is what takes frames from a limit: burst at a time, every period.
type taker struct {
	burst  int
	period time.Duration
	delay  time.Duration // from the submission of a frame to its end, at least
}

// run has a host that always has more to send use a limit for some time.
func (d taker) run(l *limit, now time.Time, left *int, length time.Duration) time.Time {
	for end := now.Add(length); now.Before(end); {
		now = now.Add(d.period)
		n := min(d.burst, *left)
		*left -= n
		l.moved(now, n, *left)
		*left = max(*left, l.size)
	}
	return now
}

// What is in flight is what a slow device needs and no more, and all there is for a fast
// one. What is to wait is what any device takes in 5 ms, but two.
func TestLimit(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		device taker
		most   int
		want   int
		wait   int
	}{
		{"a fast one", taker{1, ms / 20, ms}, 64, 64, 100},
		{"12 Mb/s", taker{1, ms, ms}, 64, 6, 5},
		{"2.4 Mb/s", taker{1, 5 * ms, 5 * ms}, 64, 2, 2},
		{"120 kb/s", taker{1, 100 * ms, 100 * ms}, 64, 2, 2},
		{"one that takes 20 at a time", taker{20, 100 * ms, ms}, 64, 40, 2},
		{"one that takes all at a time", taker{64, 100 * ms, ms}, 64, 64, 3},
		{"a slow way to it", taker{1, ms, 50 * ms}, 64, 55, 5},
		{"few transfers", taker{1, 5 * ms, 5 * ms}, 2, 2, 2},
		{"one transfer", taker{1, 5 * ms, 5 * ms}, 1, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, left, now := newLimit(tt.most), tt.most, time.Now()
			l.fastest = tt.device.delay
			now = taker{64, ms, ms}.run(&l, now, &left, 100*ms)
			now = tt.device.run(&l, now, &left, 8*time.Second)
			about := tt.want / 10
			for range 2 * time.Second / tt.device.period {
				if now = tt.device.run(&l, now, &left, tt.device.period); l.size < tt.want-about || l.size > tt.want+about {
					t.Fatalf("%d may be in flight, want %d", l.size, tt.want)
				}
			}
			if about = tt.wait / 10; l.backlog < tt.wait-about || l.backlog > tt.wait+about {
				t.Errorf("%d may wait, want %d", l.backlog, tt.wait)
			}
			taker{64, ms, ms}.run(&l, now, &left, 3*time.Second)
			if least := tt.most * 9 / 2; l.size != tt.most || l.backlog < least {
				t.Errorf("of a device that has become fast: %d, and %d may wait; want %d, and %d or more", l.size, l.backlog, tt.most, least)
			}
		})
	}
}

// A fast device has all there are before long, also when it never has to wait.
func TestLimitGrows(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		device taker
		want   int
	}{
		{"a fast one", taker{1, ms / 20, ms}, 64},
		{"a slow one", taker{1, ms, ms}, firstLimit},
		{"a slow way to it", taker{1, ms, 80 * ms}, 64},
	} {
		l, left := newLimit(64), firstLimit
		l.fastest = tt.device.delay
		if tt.device.run(&l, time.Now(), &left, 200*ms); l.size != tt.want {
			t.Errorf("%s: %d may be in flight, want %d", tt.name, l.size, tt.want)
		}
	}
}

// The times in which the host waits count together, and what is between them does not. Nothing
// is concluded before it is known how long a frame takes.
func TestLimitWaits(t *testing.T) {
	const ms = time.Millisecond
	slow := taker{1, 5 * ms, 5 * ms}
	l, left, now := newLimit(64), 64, time.Now()
	now = taker{64, ms, ms}.run(&l, now, &left, 100*ms)
	now = slow.run(&l, now, &left, 3*time.Second)
	if l.size != 64 {
		t.Errorf("of frames that take an unknown time %d may be in flight, want 64", l.size)
	}
	l.restart()
	l.fastest = 5 * ms
	upload := func() {
		now = slow.run(&l, now, &left, 105*ms) // the first round begins it
		l.pause()
		now = now.Add(10 * time.Second)
	}
	for range 9 {
		upload()
	}
	if l.size != 64 {
		t.Errorf("before the host has waited for %v %d may be in flight, want 64", limitTime, l.size)
	}
	if upload(); l.size != 2 {
		t.Errorf("after that %d may be in flight, want 2", l.size)
	}
}

// newPaced gives a loop whose host always has more to send, and what has it do a round
// after some time, when so many transmit transfers have ended.
func newPaced(t *testing.T) (l *loop, p *quietPort, round func(passed time.Duration, ended int)) {
	t.Helper()
	m, q, p, _ := newQuiet(t)
	l = m.loops[0]
	m.poller.Reset()
	l.watch() // as when it comes to a mover
	p.left = 1 << 20
	now := time.Now()
	return l, p, func(passed time.Duration, ended int) {
		t.Helper()
		now = now.Add(passed)
		q.end(l.tx.address, ended)
		if err := m.poller.Wait(0); err != nil {
			t.Fatal(err)
		}
		if err := l.round(now); err != nil {
			t.Fatal(err)
		}
	}
}

// A loop times its transfers, has no more in flight than its limit says, and no more
// waiting for that.
func TestSlowDevice(t *testing.T) {
	l, p, later := newPaced(t)
	most := len(l.tx.all)
	round := func(ended int) {
		t.Helper()
		later(5*time.Millisecond, ended)
	}
	round(0)
	if got := l.tx.inFlight(); got != firstLimit || p.backlog != 0 {
		t.Fatalf("at first %d frames are in flight and %d may wait, want %d and any number", got, p.backlog, firstLimit)
	}
	for n := firstLimit; n < most; n *= 2 {
		round(l.tx.inFlight())
	}
	if got := l.tx.inFlight(); got != most || p.backlog != 0 {
		t.Fatalf("after a while %d frames are in flight and %d may wait, want %d and any number", got, p.backlog, most)
	}
	for range firstTime / (5 * time.Millisecond) {
		round(1) // the first one begins the time
	}
	if p.backlog != 0 {
		t.Fatalf("before the host has waited for %v %d may wait, want any number", firstTime, p.backlog)
	}
	if round(1); p.backlog != leastBacklog {
		t.Errorf("after that %d may wait, want %d", p.backlog, leastBacklog)
	}
	p.left = 0
	round(1) // still counts
	p.left = 1 << 20
	round(0)
	for range (limitTime-firstTime)/(5*time.Millisecond) - 1 {
		round(1) // the first one begins the time
	}
	if got := l.tx.inFlight(); got != most {
		t.Fatalf("before the host has waited for %v %d frames are in flight, want %d", limitTime, got, most)
	}
	for range 200 {
		round(1) // the first one ends it
	}
	if got := l.tx.inFlight(); got != 2 { // 200 in a second, for 10 ms
		t.Errorf("behind a slow device %d frames are in flight, want 2", got)
	}
	if p.backlog != leastBacklog {
		t.Errorf("beside them %d may wait, want %d", p.backlog, leastBacklog)
	}
	for range 10 {
		round(l.tx.inFlight())
	}
	if got := l.tx.inFlight(); got != most {
		t.Errorf("behind one that has become fast %d frames are in flight, want %d", got, most)
	}
	if p.backlog <= leastBacklog {
		t.Errorf("beside them %d may wait, want more", p.backlog)
	}
}

// Nothing is concluded from what ends, or does not, while the endpoint recovers from an
// error.
func TestLimitAndErrors(t *testing.T) {
	l, _, round := newPaced(t)
	round(0, 0)
	round(time.Millisecond, 1)
	round(time.Millisecond, 1)
	if l.limit.begin.IsZero() || l.limit.size != firstLimit {
		t.Fatalf("before: %+v", l.limit)
	}
	l.tx.throttle.fail(l.limit.begin, 2*limitTime)
	round(time.Millisecond, 1)
	round(time.Millisecond, l.tx.inFlight())
	if l.tx.inFlight() != 0 || l.limit.size != firstLimit || !l.limit.begin.IsZero() {
		t.Errorf("while it recovers, with %d in flight: %+v", l.tx.inFlight(), l.limit)
	}
	round(2*limitTime, 0)
	if got := l.tx.inFlight(); got != firstLimit || l.limit.size != firstLimit {
		t.Errorf("then %d are in flight, %+v, want %d", got, l.limit, firstLimit)
	}
}

// bursts has a host wait for a device so many times, for some rounds each with a frame a
// round, and not for a second between them.
func bursts(l *limit, now time.Time, times, rounds int, round time.Duration) time.Time {
	for range times {
		for range rounds {
			now = now.Add(round)
			l.moved(now, 1, 0)
		}
		l.pause()
		now = now.Add(time.Second)
	}
	return now
}

// The times in which the host waits count together, and what is between them does not.
func TestBacklogOfTimes(t *testing.T) {
	l := newLimit(1)
	now := bursts(&l, time.Now(), 10, 10, time.Millisecond) // 9 ms each: the first round begins it
	if l.backlog != 0 {
		t.Errorf("after 90 ms %d may wait, want any number", l.backlog)
	}
	bursts(&l, now, 2, 10, time.Millisecond)
	if l.backlog != 5 {
		t.Errorf("of a frame a ms %d may wait, want 5", l.backlog)
	}
}

// What is known is fitted each second, of which none counts again.
func TestBacklogBecomesLess(t *testing.T) {
	const ms = time.Millisecond
	l := newLimit(1)
	now := bursts(&l, time.Now(), 1, 1001, ms/10)
	if l.backlog != 50 {
		t.Fatalf("of 10 frames a ms %d may wait, want 50", l.backlog)
	}
	now = bursts(&l, now, 1, 900, ms)
	if l.backlog != 50 {
		t.Errorf("within a second %d may wait, want 50", l.backlog)
	}
	now = bursts(&l, now, 1, 500, ms)
	if l.backlog != 9 { // 1900 in the first second
		t.Errorf("after it %d may wait, want 9", l.backlog)
	}
	bursts(&l, now, 1, 510, ms)
	if l.backlog != 5 {
		t.Errorf("after another one %d may wait, want 5", l.backlog)
	}
}

// Of a device that was slow for a while, bursts soon show that more may wait.
func TestBacklogOfBursts(t *testing.T) {
	const ms = time.Millisecond
	l := newLimit(1)
	l.backlog = leastBacklog
	bursts(&l, time.Now(), 10, 200, ms/20)
	if l.backlog < 20 { // 200 end in a burst, which are twice as many as in 5 times 5 ms
		t.Errorf("%d may wait, want 20 or more", l.backlog)
	}
	l = newLimit(1)
	l.backlog = leastBacklog
	bursts(&l, time.Now(), 10, 19, ms/20)
	if l.backlog != leastBacklog {
		t.Errorf("after short ones %d may wait, want %d", l.backlog, leastBacklog)
	}
}

// A device that may have more in flight is another one, unless it had nearly as many.
func TestBacklogOfMore(t *testing.T) {
	for most, want := range map[int]int{64: 0, 12: leastBacklog} {
		l, now := newLimit(most), time.Now()
		for range firstTime / (5 * time.Millisecond) {
			now = now.Add(5 * time.Millisecond)
			l.moved(now, 1, firstLimit-1) // the first one begins the time
		}
		l.moved(now, firstLimit, 0) // all have ended
		if want := min(2*firstLimit, most); l.size != want {
			t.Fatalf("%d may be in flight, want %d", l.size, want)
		}
		for range 2 {
			now = now.Add(5 * time.Millisecond)
			l.moved(now, 1, l.size-1)
		}
		if l.backlog != want {
			t.Errorf("of %d in all %d may wait, want %d (0: any number)", most, l.backlog, want)
		}
	}
}
