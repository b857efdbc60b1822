package usbip

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"io-pkt/usb"
)

// An urb is what a client has submitted: a transfer, or a control request.
type urb struct {
	seq      uint32
	flags    uint32
	length   int
	unlink   uint32 // seq of the CMD_UNLINK, when unlinked
	unlinked bool

	transfer *usb.Transfer // of a data endpoint, else nil
	outlet   *outlet
	class    int                // of the size of its buffer
	cancel   context.CancelFunc // of a control request
}

// handleCommands carries out the commands that have come whole.
func (s *session) handleCommands(ctx context.Context) error {
	var h header
	for s.end-s.start >= headerSize {
		b := s.in[s.start:s.end]
		if err := h.parse(b); err != nil {
			return err
		}
		size := headerSize
		if h.command == cmdSubmit && h.direction == dirOut {
			size += h.length
		}
		if len(b) < size {
			break
		}
		s.start += size
		if err := s.handle(ctx, &h, b[headerSize:size]); err != nil {
			return err
		}
	}
	return nil
}

// handle carries out one command. An error ends the session: the client makes
// no sense.
func (s *session) handle(ctx context.Context, h *header, data []byte) error {
	switch {
	case h.devID != s.record.devID():
		return fmt.Errorf("%w: device %#x", errProtocol, h.devID)
	case h.command == cmdUnlink:
		s.unlink(h)
		return nil
	case h.command != cmdSubmit:
		return fmt.Errorf("%w: command %d from a client", errProtocol, h.command)
	case s.flight[h.seq] != nil:
		return fmt.Errorf("%w: command %d twice", errProtocol, h.seq)
	case len(s.flight) >= maxURBs:
		s.refuse(h, unix.ENOMEM)
	case h.endpoint == 0:
		return s.submitControl(ctx, h, data)
	default:
		s.submit(h, data)
	}
	return nil
}

// submit prepares a transfer; function.submit starts it.
func (s *session) submit(h *header, data []byte) {
	o := s.function.outlet(h)
	if o == nil {
		s.refuse(h, unix.EINVAL)
		return
	}
	if s.changing { // the queues are being closed, and their buffers go with them
		s.refuse(h, unix.ESHUTDOWN)
		return
	}
	u := s.function.take(o, h.length)
	if u == nil {
		s.refuse(h, unix.ENOMEM)
		return
	}
	u.seq, u.flags, u.length, u.unlinked = h.seq, h.flags, h.length, false
	t := u.transfer
	t.Length = h.length
	t.ZeroPacket = h.direction == dirOut && h.flags&flagZeroPacket != 0
	copy(t.Buf, data)
	s.flight[u.seq] = u
	o.inFlight++
	o.channel.batch = append(o.channel.batch, t)
}

// unlink ends what a client has submitted, early. The answer comes when it has
// ended, or now if it had ended before.
func (s *session) unlink(h *header) {
	u := s.flight[h.target]
	if u == nil || u.unlinked {
		s.reply(header{command: retUnlink, seq: h.seq}, nil)
		return
	}
	u.unlinked, u.unlink = true, h.seq
	if u.transfer == nil {
		u.cancel()
		return
	}
	if u.outlet.channel.cancel(u.transfer) { // not even started
		s.finishTransfer(u, 0, usb.ErrCanceled)
	}
}

// reap answers for the transfers that have ended.
func (s *session) reap() error {
	for _, c := range s.function.channels {
		if c.held > 0 || s.poller.Ready(c.place) == 0 {
			continue
		}
		for {
			n, err := c.queue.Reap(s.reaped)
			if err != nil {
				return err
			}
			for _, t := range s.reaped[:n] {
				if u := s.function.urbs[t]; u != nil {
					s.finishTransfer(u, t.Actual, t.Err)
				}
			}
			if n < len(s.reaped) {
				break
			}
		}
	}
	return nil
}

// finishTransfer answers for a transfer and frees it.
func (s *session) finishTransfer(u *urb, actual int, err error) {
	actual = min(actual, u.length)
	var data []byte
	if u.transfer.Endpoint&usb.DirIn != 0 {
		data = u.transfer.Buf[:actual]
	}
	s.finish(u, actual, data, err)
	u.outlet.inFlight--
	s.function.put(u)
}

// finish answers a CMD_SUBMIT, and its CMD_UNLINK if there was one: an unlinked
// URB has one answer or the other, unless it had ended before.
func (s *session) finish(u *urb, actual int, data []byte, err error) {
	delete(s.flight, u.seq)
	if u.unlinked && (errors.Is(err, usb.ErrCanceled) || errors.Is(err, context.Canceled)) {
		s.reply(header{command: retUnlink, seq: u.unlink, status: -int32(unix.ECONNRESET)}, nil)
		return
	}
	status := transferStatus(err)
	if err == nil && u.flags&flagShortNotOK != 0 && actual < u.length {
		status = -int32(unix.EREMOTEIO)
	}
	s.reply(header{command: retSubmit, seq: u.seq, status: status, actual: actual}, data)
	if u.unlinked {
		s.reply(header{command: retUnlink, seq: u.unlink}, nil)
	}
}

// refuse answers a CMD_SUBMIT that cannot be carried out.
func (s *session) refuse(h *header, errno unix.Errno) {
	s.reply(header{command: retSubmit, seq: h.seq, status: -int32(errno)}, nil)
}

func (s *session) reply(h header, data []byte) {
	s.out = append(h.append(s.out), data...)
}
