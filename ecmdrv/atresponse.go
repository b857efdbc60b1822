package ecmdrv

import (
	"context"
	"errors"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
)

// collect gets what the device has to say, until it has nothing more or others
// have waited long enough.
func (a *atChannel) collect(ctx context.Context, now time.Time) error {
	for range maxCollect {
		got, err := a.get(ctx, now)
		switch {
		case err != nil:
			return err
		case got:
			a.notices = max(a.notices-1, 0)
			a.answers = a.answers || !a.notifies
		default:
			a.notices = 0
		}
		if !got || a.notices == 0 && now.Before(a.holding) {
			a.schedule(now)
			return nil
		}
	}
	a.notices = max(a.notices, 1) // the next round goes on
	return nil
}

// get asks for a response, and reports whether there was one. A device that has
// none gives nothing, or refuses, or does not answer. One that has notified a response
// and does not answer is busy, or its host is; what only may be there is not worth as
// long a wait.
func (a *atChannel) get(ctx context.Context, now time.Time) (bool, error) {
	if a.notices == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, requestTime)
		defer cancel()
	}
	n, err := a.request(ctx, usb.DirIn, reqGetEncapsulatedResponse, a.response)
	switch {
	case errors.Is(err, usb.ErrGone):
		return false, err
	case errors.Is(err, usb.ErrTimeout) && a.notices > 0:
		a.missed = true
		if !a.waiting { // nobody asked for it: RING
			a.until = now.Add(answerTime)
		}
		return false, nil
	case errors.Is(err, usb.ErrTimeout):
		a.holding = now.Add(holdTime)
		return false, nil
	case err != nil || n == 0:
		return false, nil
	}
	a.missed = false
	b := a.response[:n]
	a.counters.add(atResponses, 1)
	if a.results.feed(b) {
		a.waiting = false
	}
	a.tell(b)
	return true, nil
}

// schedule decides when to look for a response that is not notified: at first
// soon, then less often, while one is to come; and for ever when the device has
// never notified any. One that holds such requests is asked only when that is the
// only way, or when it has not given what it has notified.
func (a *atChannel) schedule(now time.Time) {
	a.gap = min(max(2*a.gap, firstLook), lookGap)
	a.look = time.Time{}
	holding, owed := now.Before(a.holding), a.missed && now.Before(a.until)
	if owed || a.waiting && !(a.notifies && holding) || a.answers && !a.notifies && !holding {
		a.look = now.Add(a.gap)
	}
}

// tell gives users something to read.
func (a *atChannel) tell(b []byte) {
	dropped := a.terminal.Write(b)
	if dropped == 0 {
		return
	}
	a.counters.add(atDropped, uint64(dropped))
	if !a.dropping {
		a.log(slog.Warning, "nobody reads %s: the oldest responses are dropped", a.terminal.Path())
	}
	a.dropping = true
}
