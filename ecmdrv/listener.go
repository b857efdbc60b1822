package ecmdrv

import (
	"context"
	"errors"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
)

const (
	// silenceTime is how long a device may take to say whether it is connected;
	// one that says nothing counts as connected then.
	silenceTime = 4 * time.Second
	// listenGap is the shortest time between two looks at the notification
	// endpoint, whatever bInterval says: Linux's, which keeps a storm from
	// taking the processor.
	listenGap = 8 * time.Millisecond
)

// A listener keeps a transfer waiting on the notification endpoint. It belongs
// to the control goroutine.
type listener struct {
	device   *device
	queue    usb.Queue
	transfer *usb.Transfer
	inFlight bool
	halted   bool
	next     time.Time // not submitted before
	throttle throttle
	decoder  notifyDecoder
	done     [1]*usb.Transfer
}

// listen makes the listener and submits its transfer. A transfer is one packet,
// since a notification that fills its packets is not followed by a short one.
func (c *control) listen(q usb.Queue, e usb.Endpoint) error {
	t, err := q.Alloc(e.Address, int(e.MaxPacketSize))
	if err != nil {
		return err
	}
	t.Length = len(t.Buf)
	c.listener = &listener{device: c.device, queue: q, transfer: t}
	c.poller.Add(q.PollFD())
	return c.listener.submit()
}

func (l *listener) submit() error {
	if err := l.queue.Submit(l.transfer); err != nil {
		return err
	}
	l.inFlight = true
	return nil
}

// step handles what has come and sees to it that the transfer waits again. An
// error ends the device.
func (l *listener) step(ctx context.Context, now time.Time, heard func(notification)) error {
	if n, err := l.queue.Reap(l.done[:]); err != nil {
		return err
	} else if n > 0 {
		if err := l.reaped(now, heard); err != nil {
			return err
		}
	}
	if l.inFlight || now.Before(l.next) || l.throttle.paused(now) > 0 {
		return nil
	}
	if l.halted {
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		if err := l.queue.ClearHalt(ctx, l.transfer.Endpoint); err != nil {
			if errors.Is(err, usb.ErrGone) {
				return err
			}
			l.failed(now, err, firstPause)
			return nil
		}
		l.halted = false
	}
	return l.submit()
}

func (l *listener) reaped(now time.Time, heard func(notification)) error {
	t := l.transfer
	l.inFlight = false
	l.next = now.Add(listenGap)
	switch {
	case t.Err == nil:
		l.decoder.feed(t.Buf[:t.Actual], heard)
		l.throttle.succeed(1)
	case errors.Is(t.Err, usb.ErrGone):
		return t.Err
	default:
		l.halted = errors.Is(t.Err, usb.ErrStall)
		l.failed(now, t.Err, shortPause)
	}
	return nil
}

// hurry ends the gap, which makes for hardly a hundred AT commands in a second: the
// response to one is worth a look, and a device cannot make us send more of them.
func (d *device) hurry() {
	if l := d.control.listener; l != nil {
		l.next = time.Time{}
	}
}

func (l *listener) failed(now time.Time, err error, pause time.Duration) {
	l.device.failing(now, "notification endpoint %02x: %v", l.transfer.Endpoint, err)
	if l.throttle.fail(now, pause) {
		l.device.log(slog.Warning, "notification endpoint %02x keeps failing: %v", l.transfer.Endpoint, err)
	}
}

// deadline shortens a time to wait to when step has something to do by itself.
func (l *listener) deadline(now time.Time, wait time.Duration) time.Duration {
	if l.inFlight {
		return wait
	}
	return sooner(wait, max(l.next.Sub(now), l.throttle.paused(now)))
}
