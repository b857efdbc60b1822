package ecmdrv

import "time"

// What is done about an endpoint that fails: each failure is followed by a pause
// as long as Linux's usbnet makes it; when most transfers fail, by longer and
// longer ones.
const (
	shortPause   = 125 * time.Millisecond
	firstPause   = time.Second
	longestPause = 30 * time.Second
	window       = 30 // transfers that are judged together
	tooMany      = 20 // failures in a window
)

// A throttle decides when a failing endpoint may be used again. The zero value
// is ready.
type throttle struct {
	until     time.Time // no use of the endpoint before
	backoff   time.Duration
	seen, bad int // in this window
}

// paused says for how long the endpoint must rest; 0 for not at all.
func (t *throttle) paused(now time.Time) time.Duration {
	if t.until.IsZero() {
		return 0
	}
	if d := t.until.Sub(now); d > 0 {
		return d
	}
	t.until = time.Time{}
	return 0
}

// succeed counts transfers that went well.
func (t *throttle) succeed(n int) {
	t.seen += n
	if t.seen > window && !t.mostly() {
		t.seen, t.bad, t.backoff = 0, 0, 0
	}
}

// mostly reports whether too large a part has failed.
func (t *throttle) mostly() bool { return t.bad*window > tooMany*t.seen }

// fail counts one that went wrong, and starts a pause: the one given, or a long
// one when too many have failed. It reports whether the first of the long pauses
// begins, which is worth a line in the log.
func (t *throttle) fail(now time.Time, pause time.Duration) (begins bool) {
	t.seen++
	t.bad++
	if t.paused(now) > 0 {
		return false // the others that were in flight
	}
	if t.bad > tooMany && t.mostly() {
		begins = t.backoff == 0
		t.backoff = min(max(2*t.backoff, firstPause), longestPause)
		t.seen, t.bad = 0, 0
		pause = t.backoff
	}
	if pause > 0 {
		t.until = now.Add(pause)
	}
	return begins
}
