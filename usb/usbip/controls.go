package usbip

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// A controlRequest is a control request of a client on its way through the
// session's second goroutine, whose own it is meanwhile.
type controlRequest struct {
	urb
	ctx     context.Context // ended by UNLINK; the request is itself a call in progress
	setup   usb.Setup
	data    []byte
	kind    requestKind
	channel *channel // of setInterface and clearHalt

	actual   int
	err      error
	function *function // of setConfiguration, even if it fails: what is there now
}

// A requestKind tells the requests that are methods of usb.Device or usb.Queue
// from the rest.
type requestKind int

const (
	plain requestKind = iota
	setConfiguration
	setInterface
	clearHalt
	nothing // to be answered, but with nothing to do
)

// submitControl hands a control request to the second goroutine.
func (s *session) submitControl(ctx context.Context, h *header, data []byte) error {
	setup, length := usb.ParseSetup(h.setup)
	switch {
	case setup.In() && h.direction == dirIn:
		data = make([]byte, min(length, h.length))
	case h.direction == dirOut && len(data) == length && (length == 0 || !setup.In()):
		data = append([]byte(nil), data...) // s.in is used again
	case h.length == 0 && length == 0:
	default:
		s.refuse(h, unix.EINVAL)
		return nil
	}
	if s.controls >= maxControls {
		s.refuse(h, unix.ENOMEM)
		return nil
	}
	r := &controlRequest{setup: setup, data: data, urb: urb{seq: h.seq, flags: h.flags, length: len(data)}}
	if errno := s.classify(r); errno != 0 {
		s.refuse(h, errno)
		return nil
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	if err := s.hold(r, 1); err != nil {
		return err
	}
	s.flight[r.seq] = &r.urb
	s.controls++
	s.requests <- r // has room for maxControls
	return nil
}

// hold takes the queues that a request changes out of the loop's hands, or gives
// them back.
func (s *session) hold(r *controlRequest, by int) error {
	if r.kind == plain || r.kind == nothing {
		return nil
	}
	if r.kind == setConfiguration {
		s.changing = by > 0
	}
	for _, c := range s.function.channels {
		if r.kind == setConfiguration || c == r.channel {
			c.held += by
		}
	}
	return s.watch()
}

// classify says what a request is, or why it cannot be made.
func (s *session) classify(r *controlRequest) unix.Errno {
	if !changesState(r.setup) || r.setup.Request == usb.ReqSetAddress {
		return 0 // a SET_ADDRESS fails in Control
	}
	if s.changing {
		return unix.EBUSY // of no use: all of it is about to change
	}
	switch r.setup.RequestType {
	case usb.RecipientDevice:
		r.kind = setConfiguration
		return 0
	case usb.RecipientInterface:
		r.kind, r.channel = setInterface, s.function.channel(uint8(r.setup.Index))
	default:
		o := s.function.outlets[r.setup.Index>>3&16|r.setup.Index&15]
		if r.setup.Index&0xf == 0 {
			r.kind = nothing // the halt of endpoint 0 ends by itself
			return 0
		}
		if r.kind = clearHalt; o != nil {
			r.channel = o.channel
		}
	}
	switch {
	case r.channel == nil:
		return unix.EPIPE // as the device would
	case s.busy(r):
		return unix.EBUSY
	}
	return 0
}

// busy reports whether transfers are in flight where there must be none.
func (s *session) busy(r *controlRequest) bool {
	for _, o := range s.function.outlets {
		if o != nil && o.inFlight > 0 && o.channel == r.channel &&
			(r.kind == setInterface || o.address == uint8(r.setup.Index)) {
			return true
		}
	}
	return false
}

// makeControls makes control requests, one at a time. It ends with ctx, or when
// the device goes.
func (s *session) makeControls(ctx context.Context) {
	for {
		select {
		case r := <-s.requests:
			s.make(r)
			s.mu.Lock()
			s.finished = append(s.finished, r)
			s.mu.Unlock()
			s.poller.Wake()
		case <-s.dev.Gone():
			s.poller.Wake()
			return
		case <-ctx.Done():
			return
		}
	}
}

// make makes one request. What it changes is held, so that it is ours.
func (s *session) make(r *controlRequest) {
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	switch r.kind {
	case plain:
		r.actual, r.err = s.dev.Control(r.ctx, r.setup, r.data)
	case setInterface:
		r.err = s.dev.SetInterface(r.ctx, r.channel.iface, uint8(r.setup.Value))
	case clearHalt:
		r.err = r.channel.queue.ClearHalt(r.ctx, uint8(r.setup.Index))
	case setConfiguration:
		r.err = s.configure(r)
	}
}

// configure selects a configuration, and opens what is then there.
func (s *session) configure(r *controlRequest) error {
	s.function.close(s.dev)
	r.function = &function{}
	selectErr := s.dev.SetConfiguration(r.ctx, uint8(r.setup.Value))
	config, err := currentConfig(r.ctx, s.dev)
	if err != nil {
		return err
	}
	f, err := openFunction(s.dev, config)
	if err != nil {
		return err
	}
	r.function = f
	return selectErr
}

// finishControls answers for the control requests that were made.
func (s *session) finishControls() error {
	s.mu.Lock()
	finished := s.finished
	s.finished = nil
	s.mu.Unlock()
	for _, r := range finished {
		r.cancel()
		s.controls--
		if err := s.hold(r, -1); err != nil {
			return err
		}
		if r.function != nil {
			if err := s.install(r.function); err != nil {
				return err
			}
		}
		data := r.data[:min(r.actual, len(r.data))]
		if !r.setup.In() {
			data = nil
		}
		s.finish(&r.urb, r.actual, data, r.err)
	}
	return nil
}

// install puts a new function in the place of the old one, whose queues are
// closed: what was in flight or waited has ended.
func (s *session) install(f *function) error {
	for _, u := range s.flight {
		if u.transfer != nil {
			err := fmt.Errorf("configuration changed: %w", usb.ErrClosed)
			if u.unlinked {
				err = usb.ErrCanceled
			}
			s.finish(u, 0, nil, err)
		}
	}
	s.function = f
	s.exports.update(s.info, f.config)
	return s.watch()
}
