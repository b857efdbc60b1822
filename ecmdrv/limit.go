package ecmdrv

import (
	"math"
	"time"

	"io-pkt/usb"
)

// A limit says how many transmit transfers may be in flight: as many as there are, but
// behind a slow device only what keeps it busy, for whatever is in flight is what the
// next frame has to wait for. For a modem that takes 1 Mb/s, 128 frames are 1.6 s. It is
// fitted while the host has more to send than is in flight, from few on: a fast device
// ends as many before long, and has twice as many then.
type limit struct {
	size, most int
	backlog    backlog

	// One transfer at a time is timed, and fastest is the shortest time from its
	// submission to its end so far; 0 when there was none.
	timed   *usb.Transfer
	since   time.Time
	fastest time.Duration

	// What ended since begin, which is zero while the host does not wait.
	begin time.Time
	ended int
	spare int // how many need not have been in flight, at any time
}

const (
	// waitGoal is how much longer than the fastest what is in flight may take the device,
	// and how long what waits for that: CoDel's target (RFC 8289, 4.2). It is no reason to
	// have fewer than two times what the device takes at once.
	waitGoal = 5 * time.Millisecond
	// firstLimit is what one gets that is not known yet.
	firstLimit = 8
	// limitTime is how long a device is watched before its limit becomes less.
	limitTime = time.Second
)

func newLimit(most int) limit {
	l := limit{size: min(firstLimit, most), most: most}
	l.restart()
	return l
}

// submitted is told of a transfer that begins.
func (l *limit) submitted(now time.Time, t *usb.Transfer) {
	if l.timed == nil {
		l.timed, l.since = t, now
	}
}

// returned is told of each that has ended.
func (l *limit) returned(now time.Time, t *usb.Transfer) {
	if t != l.timed {
		return
	}
	l.timed = nil
	if d := max(now.Sub(l.since), 1); t.Err == nil && (l.fastest == 0 || d < l.fastest) {
		l.fastest = d
	}
}

// moved counts the transfers that have ended in a round, with the host waiting, and
// those left in flight.
func (l *limit) moved(now time.Time, ended, left int) {
	l.backlog.moved(now, ended)
	switch {
	case left == 0 && l.size < l.most: // the device may have had to wait, too
		l.grow()
		return
	case l.begin.IsZero():
		l.begin = now
		return
	}
	l.ended += ended
	l.spare = min(l.spare, max(l.size-2*ended, 0)) // as many again may end before the next round
	passed := now.Sub(l.begin)
	switch {
	case l.size < l.most && l.ended >= l.size && passed < l.fastest+waitGoal/2: // as many as are in flight, and soon
		l.grow()
		return
	case passed < limitTime || l.fastest == 0:
		return
	}
	l.size = min(max(within(l.ended, passed, l.fastest+waitGoal), l.size-l.spare), l.most)
	l.restart()
}

func (l *limit) grow() {
	l.size = min(2*l.size, l.most)
	l.restart()
	l.backlog.restart() // more than it was with fewer
}

func (l *limit) restart() { l.begin, l.ended, l.spare = time.Time{}, 0, math.MaxInt }

// pause is for when the host does not wait.
func (l *limit) pause() {
	l.restart()
	l.backlog.pause()
}

// within gives how many end in a time, at the rate of those that have ended in another.
func within(ended int, passed, d time.Duration) int {
	return int(int64(ended) * int64(d) / int64(passed))
}
