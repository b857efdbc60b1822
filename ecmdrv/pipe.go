package ecmdrv

import (
	"errors"
	"time"

	"io-pkt/usb"
)

// A pipe is one of the two bulk endpoints, as the loop sees it.
type pipe struct {
	address  uint8
	all      []*usb.Transfer
	idle     []*usb.Transfer // not in flight
	halt     haltState
	throttle throttle
	single   bool // in the last round that had frames, it was one
}

// A haltState says how far the recovery from a STALL is: what is in flight must
// come back before the halt may be cleared.
type haltState int

const (
	running haltState = iota
	draining
	clearing // the control goroutine is at it
)

// alloc makes a pipe's transfers. When the memory for all of them is not to be
// had, some are enough.
func (p *pipe) alloc(q usb.Queue, address uint8, count, size int) error {
	p.address = address
	for range count {
		t, err := q.Alloc(address, size)
		if err != nil {
			if len(p.all) > 0 && !errors.Is(err, usb.ErrGone) {
				break
			}
			return err
		}
		p.all = append(p.all, t)
	}
	p.idle = append(make([]*usb.Transfer, 0, len(p.all)), p.all...)
	return nil
}

func (p *pipe) inFlight() int { return len(p.all) - len(p.idle) }

// ready reports whether transfers may be submitted.
func (p *pipe) ready(now time.Time) bool {
	return p.halt == running && p.throttle.paused(now) == 0
}

// wait shortens a time to wait to when a pause ends.
func (p *pipe) wait(now time.Time, d time.Duration) time.Duration {
	if pause := p.throttle.paused(now); pause > 0 && p.halt != clearing {
		return sooner(d, pause)
	}
	return d
}
