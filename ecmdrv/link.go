package ecmdrv

import "time"

// linkHold is the shortest time between two changes of the carrier. Modems
// flap when a session starts, others repeat themselves thirty times a second.
const linkHold = time.Second

// A link makes of what the device says, or does not say, what the host is told.
type link struct {
	silence time.Time // from then on a device that has said nothing counts as connected

	known, said bool // NETWORK_CONNECTION
	down, up    uint32

	told    bool // the carrier the host was told; without one at first
	changed time.Time

	toldDown, toldUp uint32 // the rates that were logged
	ratesTold        time.Time
}

// connection takes what a NETWORK_CONNECTION notification says.
func (l *link) connection(connected bool) { l.known, l.said = true, connected }

// speed takes what a CONNECTION_SPEED_CHANGE notification says, in bits per
// second.
func (l *link) speed(down, up uint32) { l.down, l.up = down, up }

// wanted is what the carrier should be.
func (l *link) wanted(now time.Time) bool {
	if l.known {
		return l.said
	}
	return !now.Before(l.silence)
}

// step reports whether the carrier changes now. What happened since the last
// change shows when that is linkHold ago, and only in its outcome.
func (l *link) step(now time.Time) (up, change bool) {
	up = l.wanted(now)
	if up == l.told || !l.changed.IsZero() && now.Before(l.changed.Add(linkHold)) {
		return l.told, false
	}
	l.told, l.changed = up, now
	return up, true
}

// rates reports whether there are new rates to log, under the same rule.
func (l *link) rates(now time.Time) bool {
	if l.down == l.toldDown && l.up == l.toldUp || !l.ratesTold.IsZero() && now.Before(l.ratesTold.Add(linkHold)) {
		return false
	}
	l.toldDown, l.toldUp, l.ratesTold = l.down, l.up, now
	return true
}

// deadline says in how long step or rates may have news though nothing more is
// said; negative for never.
func (l *link) deadline(now time.Time) time.Duration {
	d := time.Duration(-1)
	if !l.known && !l.told {
		d = sooner(d, l.silence.Sub(now))
	}
	if l.wanted(now) != l.told {
		d = sooner(d, l.changed.Add(linkHold).Sub(now))
	}
	if l.down != l.toldDown || l.up != l.toldUp {
		d = sooner(d, l.ratesTold.Add(linkHold).Sub(now))
	}
	return d
}

// sooner gives the earlier of two times to wait, of which a negative first one
// is for ever.
func sooner(d, e time.Duration) time.Duration {
	e = max(e, 0)
	if d < 0 {
		return e
	}
	return min(d, e)
}
