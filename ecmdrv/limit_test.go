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
			now = tt.device.run(&l, now, &left, 10*time.Second)
			about := tt.want / 10
			if l.size < tt.want-about || l.size > tt.want+about {
				t.Errorf("%d may be in flight, want %d", l.size, tt.want)
			}
			if about = tt.wait / 10; l.backlog.frames < tt.wait-about || l.backlog.frames > tt.wait+about {
				t.Errorf("%d may wait, want %d", l.backlog.frames, tt.wait)
			}
			taker{64, ms, ms}.run(&l, now, &left, 3*time.Second)
			if least := tt.most * 9 / 2; l.size != tt.most || l.backlog.frames < least {
				t.Errorf("of a device that has become fast: %d, and %d may wait; want %d, and %d or more", l.size, l.backlog.frames, tt.most, least)
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

// Nothing is concluded from a time in which the host did not wait, nor before it is
// known how long a frame takes.
func TestLimitWaits(t *testing.T) {
	const ms = time.Millisecond
	slow := taker{1, 5 * ms, 5 * ms}
	l, left, now := newLimit(64), 64, time.Now()
	now = taker{64, ms, ms}.run(&l, now, &left, 100*ms)
	now = slow.run(&l, now, &left, 3*time.Second)
	l.fastest = 5 * ms
	for range 20 {
		l.pause()
		now = slow.run(&l, now, &left, 900*ms)
	}
	if l.size != 64 {
		t.Errorf("%d may be in flight, want 64", l.size)
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
	if round(1); p.backlog != leastWaiting {
		t.Errorf("after that %d may wait, want %d", p.backlog, leastWaiting)
	}
	for range 3 {
		p.left = 0
		round(1)
		p.left = 1 << 20
		round(0)
		for range 180 { // 0.9 s
			round(1)
		}
	}
	if got := l.tx.inFlight(); got != most {
		t.Fatalf("before the host has waited for long %d frames are in flight, want %d", got, most)
	}
	for range 1000 {
		round(1)
	}
	if got := l.tx.inFlight(); got != 2 { // 200 in a second, for 10 ms
		t.Errorf("behind a slow device %d frames are in flight, want 2", got)
	}
	if p.backlog != leastWaiting {
		t.Errorf("beside them %d may wait, want %d", p.backlog, leastWaiting)
	}
	for range 10 {
		round(l.tx.inFlight())
	}
	if got := l.tx.inFlight(); got != most {
		t.Errorf("behind one that has become fast %d frames are in flight, want %d", got, most)
	}
	if p.backlog <= leastWaiting {
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
