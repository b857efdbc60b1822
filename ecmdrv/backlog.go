package ecmdrv

import "time"

// A backlog says how many frames may wait for their turn beside those that are in flight:
// what the device takes in waitGoal. It is any number at first, as the bursts of TCP are no
// queue that stays. Only what ends while the host has more to send tells what the device
// takes; a fast one is rarely what the host waits for, so all such times count together.
type backlog struct {
	frames int // 0 for any number

	// The host has waited since begin, which is zero while it does not.
	begin, last time.Time
	burst       int // what ended since begin

	// All times together since frames was fitted.
	waited time.Duration
	ended  int
}

const (
	// firstTime is how long a device is watched before anything is known: as long as
	// CoDel lets a queue stay (RFC 8289, 4.3).
	firstTime = 100 * time.Millisecond
	// leastWaiting has the next frame there when one ends.
	leastWaiting = 2
	// burstTime is in which a device may show that it takes twice as many: the host was
	// busy before.
	burstTime = 5 * waitGoal
)

// moved counts the transfers that have ended in a round, with the host waiting.
func (b *backlog) moved(now time.Time, ended int) {
	if b.begin.IsZero() {
		b.begin, b.last, b.burst = now, now, 0
		return
	}
	b.waited += now.Sub(b.last)
	b.ended += ended
	b.burst += ended
	b.last = now
	enough := limitTime
	if b.frames == 0 {
		enough = firstTime
	}
	switch {
	case b.frames > 0 && now.Sub(b.begin) < burstTime && b.burst >= 2*b.frames*int(burstTime/waitGoal):
		b.frames *= 2
	case b.waited >= enough:
		b.frames = max(within(b.ended, b.waited, waitGoal), leastWaiting)
		b.restart()
	}
}

// pause is for when the host does not wait.
func (b *backlog) pause() { b.begin = time.Time{} }

// restart forgets what has ended.
func (b *backlog) restart() { *b = backlog{frames: b.frames} }
