package ecmdrv

import (
	"math"
	"time"

	"io-pkt/usb"
)

// A limit says how many transmit transfers may be in flight, and how many frames may wait
// beside them: as many as there are, but behind a slow device only what keeps it busy, for
// all that is before the next frame is what that has to wait for. For a modem that takes
// 1 Mb/s, 128 frames are 1.6 s.
//
// Only what ends while the host has more to send than is in flight tells what the device
// takes. A fast one is rarely what the host waits for, and uploads may be short; so all
// such times count together.
type limit struct {
	size, most int // in flight: at first few, and when a fast device soon ends those, more
	backlog    int // waiting; 0 for any number, as a burst of TCP's is no queue that stays

	// One transfer at a time is timed, and fastest is the shortest time from its
	// submission to its end so far; 0 when there was none.
	timed   *usb.Transfer
	since   time.Time
	fastest time.Duration

	// The host has waited since begin, which is zero while it does not.
	begin, last time.Time
	burst       int // what ended since begin

	// All times together since size was fitted.
	waited time.Duration
	ended  int
	spare  int // how many need not have been in flight, at any time
}

const (
	// waitGoal is how much longer than the fastest what is in flight may take the device,
	// and how long what waits for that: CoDel's target (RFC 8289, 4.2). It is no reason to
	// have fewer than two times what the device takes at once.
	waitGoal = 5 * time.Millisecond
	// firstLimit is what one gets that is not known yet.
	firstLimit = 8
	// limitTime is how long the host must have waited before either becomes less.
	limitTime = time.Second
	// firstTime is for a backlog of which nothing is known: as long as CoDel lets a queue
	// stay (RFC 8289, 4.3).
	firstTime = 100 * time.Millisecond
	// leastBacklog has the next frame there when one ends.
	leastBacklog = 2
	// burstTime is in which a device may show that it takes two times what is known of it:
	// the host was busy before.
	burstTime = 5 * waitGoal
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
	switch {
	case left == 0 && l.size < l.most: // the device may have had to wait, too
		l.grow()
		return
	case l.begin.IsZero():
		l.begin, l.last, l.burst = now, now, 0
		return
	}
	l.waited += now.Sub(l.last)
	l.ended += ended
	l.burst += ended
	l.spare = min(l.spare, max(l.size-2*ended, 0)) // as many again may end before the next round
	l.last = now

	switch passed := now.Sub(l.begin); {
	case l.size < l.most && l.burst >= l.size && passed < l.fastest+waitGoal/2: // as many as are in flight, and soon
		l.grow()
	case l.backlog > 0 && l.burst >= 2*l.backlog*int(burstTime/waitGoal) && passed < burstTime:
		l.backlog *= 2
	case l.waited >= limitTime:
		if l.fastest > 0 {
			l.size = min(max(l.within(l.fastest+waitGoal), l.size-l.spare), l.most)
		}
		l.fitBacklog()
		l.restart()
	case l.backlog == 0 && l.waited >= firstTime:
		l.fitBacklog()
	}
}

// grow has more in flight, as the device takes more than was known. What it did with fewer
// is forgotten, unless these were half of all or more: a fast device goes up and down there.
func (l *limit) grow() {
	if l.size = 2 * l.size; l.size < l.most {
		l.restart()
		return
	}
	l.size = l.most
	l.pause()
}

func (l *limit) fitBacklog() { l.backlog = max(l.within(waitGoal), leastBacklog) }

// within gives how many end in a time, at the rate of those that have ended.
func (l *limit) within(d time.Duration) int {
	return int(int64(l.ended) * int64(d) / int64(l.waited))
}

// restart forgets what has ended.
func (l *limit) restart() {
	l.waited, l.ended, l.spare = 0, 0, math.MaxInt
	l.pause()
}

// pause is for when the host does not wait.
func (l *limit) pause() { l.begin = time.Time{} }
