package ecmdrv

import (
	"errors"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
)

const (
	// watchdogTime is how long outgoing frames may stand still.
	watchdogTime = 5 * time.Second
	// watchdogLog is the shortest time between two lines about that.
	watchdogLog = time.Minute
)

// failed handles a transfer that ended with an error. An error of its own ends
// the device.
func (l *loop) failed(p *pipe, t *usb.Transfer, now time.Time) error {
	c := &l.device.counters
	receiving := p == &l.rx
	stalls, errs := txStalls, txErrors
	if receiving {
		stalls, errs = rxStalls, rxErrors
	} else {
		c.add(txLost, 1)
		l.device.port.Drop(0, 1)
	}
	begins := false
	switch {
	case errors.Is(t.Err, usb.ErrGone):
		return t.Err
	case errors.Is(t.Err, usb.ErrCanceled):
	case errors.Is(t.Err, usb.ErrStall):
		if p.halt != running {
			break // one of those that were in flight behind it
		}
		c.add(stalls, 1)
		l.device.failing(now, "endpoint %02x: %v", p.address, t.Err)
		begins = p.throttle.fail(now, 0)
		p.halt = draining
		l.queue.Cancel(p.all...)
		if receiving {
			l.frames.abort(false)
		}
	default:
		c.add(errs, 1)
		l.device.failing(now, "endpoint %02x: %v", p.address, t.Err)
		begins = p.throttle.fail(now, shortPause)
		if receiving {
			l.frames.abort(t.Actual > 0 || len(l.frames.part) > 0)
		}
	}
	if begins {
		l.device.log(slog.Warning, "endpoint %02x keeps failing: %v", p.address, t.Err)
	}
	return nil
}

// unhalt moves halted endpoints on: when all is back that was in flight, the
// control goroutine clears the halt.
func (l *loop) unhalt(now time.Time) {
	for len(l.device.control.cleared) > 0 {
		h := <-l.device.control.cleared
		h.pipe.halt = running
		if h.err != nil { // again, later
			h.pipe.halt = draining
			h.pipe.throttle.fail(now, firstPause)
		}
	}
	for _, p := range [...]*pipe{&l.rx, &l.tx} {
		if p.halt == draining && p.inFlight() == 0 && p.throttle.paused(now) == 0 {
			p.halt = clearing
			l.device.control.halts <- p
			l.device.control.poller.Wake()
		}
	}
}

// watchdog cancels outgoing transfers that the device does not take.
func (l *loop) watchdog(now time.Time) {
	stuck := l.tx.inFlight()
	if stuck == 0 || now.Sub(l.progress) < watchdogTime {
		return
	}
	l.queue.Cancel(l.tx.all...)
	l.progress = now
	l.device.counters.add(txWatchdog, 1)
	l.device.failing(now, "endpoint %02x takes no frames", l.tx.address)
	if l.scolded.IsZero() || now.Sub(l.scolded) >= watchdogLog {
		l.scolded = now
		l.device.log(slog.Warning, "transmit timeout: %d frames given up", stuck)
	}
}
