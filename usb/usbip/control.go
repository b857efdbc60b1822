package usbip

import (
	"context"
	"errors"
	"fmt"

	"io-pkt/usb"
)

// Control implements usb.Device.
func (d *device) Control(ctx context.Context, s usb.Setup, data []byte) (int, error) {
	if changesState(s) {
		return 0, d.wrap("make", s.String(), fmt.Errorf("%w: it has a method of its own", usb.ErrInvalid))
	}
	return d.control(ctx, s, data)
}

// changesState reports whether a request has a method of its own in usb.Device.
func changesState(s usb.Setup) bool {
	switch s.RequestType {
	case usb.RecipientDevice:
		return s.Request == usb.ReqSetConfiguration || s.Request == usb.ReqSetAddress
	case usb.RecipientInterface:
		return s.Request == usb.ReqSetInterface
	case usb.RecipientEndpoint:
		return s.Request == usb.ReqClearFeature && s.Value == usb.FeatureEndpointHalt
	}
	return false
}

// control makes any request on the default pipe, in its turn.
func (d *device) control(ctx context.Context, s usb.Setup, data []byte) (int, error) {
	wrap := func(err error) error { return d.wrap("make", s.String(), err) }
	if err := d.usable(); err != nil {
		return 0, wrap(err)
	}
	if len(data) > usb.MaxControl {
		return 0, wrap(fmt.Errorf("%w: %d bytes", usb.ErrInvalid, len(data)))
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, usb.ControlTimeout)
		defer cancel()
	}
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return 0, wrap(contextError(ctx))
	}
	n, err := d.exchange(ctx, s, data)
	if err == nil {
		return n, nil
	}
	if errors.Is(d.usable(), usb.ErrClosed) {
		err = usb.ErrClosed
	}
	return n, wrap(err)
}

// exchange makes the request; its caller has the turn. When it returns, nobody
// touches data any more.
func (d *device) exchange(ctx context.Context, s usb.Setup, data []byte) (int, error) {
	r, l := &d.request, d.link
	r.Transfer = &usb.Transfer{Buf: data, Length: len(data)}
	if s.In() && len(data) > 0 {
		r.Endpoint = usb.DirIn
	}
	l.mu.Lock()
	l.submitLocked(r, s.Bytes(len(data)))
	l.mu.Unlock()
	l.flush()
	select {
	case <-r.pipe.ended:
		return r.Actual, r.Err
	case <-ctx.Done():
	}
	l.mu.Lock()
	l.unlinkLocked(r)
	l.mu.Unlock()
	l.flush()
	l.await(r.pipe.ended)
	if r.Err == nil || errors.Is(r.Err, usb.ErrGone) {
		return r.Actual, r.Err
	}
	return r.Actual, contextError(ctx)
}

// contextError says why ctx has ended, in the words of usb.Device.
func contextError(ctx context.Context) error {
	if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return usb.ErrTimeout
}
