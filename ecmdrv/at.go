package ecmdrv

import (
	"context"
	"errors"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
)

// bRequest (CDC 1.2, table 19).
const (
	reqSendEncapsulatedCommand = 0x00
	reqGetEncapsulatedResponse = 0x01
)

const (
	// maxRequest is how much one request carries: what Linux takes from a
	// program at once for the default pipe.
	maxRequest = 4096
	// smallRequest is how much every device takes (USB 2.0, 5.5.3).
	smallRequest = 64
	// maxCollect is how many responses are got in a row: the control goroutine
	// has other duties.
	maxCollect = 32
	// maxNotices bounds the notifications that are remembered.
	maxNotices = 64

	// answerTime is how long a command that was typed early waits for the end
	// of the last one's response: V.250, 5.6.1, lets a modem abandon a command
	// when another comes. It is also how long a response that was notified is asked
	// for.
	answerTime = 10 * time.Second
	// firstLook is when the device is asked for a response that it has not
	// notified, and lookGap how often after that.
	firstLook = 100 * time.Millisecond
	lookGap   = time.Second
	// holdTime is how long a device is spared requests that it may not answer,
	// after one that it has not.
	holdTime = time.Minute
)

// An atChannel is the channel for AT commands, encapsulated in control requests (CDC
// 1.2, 6.2.1 and 6.2.2). It belongs to the control goroutine. One command is with
// the device at a time; what is typed meanwhile waits, first here and then with
// the program that types it.
type atChannel struct {
	terminal Terminal
	// request makes a control request to the control interface. Without a deadline it
	// may take as long as USB lets a device take, usb.ControlTimeout: what is given up
	// would be lost to somebody.
	request func(ctx context.Context, direction, request uint8, data []byte) (int, error)
	// hurry makes the device's next notification be listened to at once.
	hurry func()
	// others tells where else the device takes AT commands, or nothing.
	others   func() string
	log      func(sev slog.Severity, format string, args ...any)
	counters *counters

	commands commandReader
	buffer   []byte // for Terminal.Read
	typed    []byte // the part of it that is still to be looked at
	more     bool   // the terminal may have more
	piece    int    // how much of a command the device takes at once

	response []byte // for one response
	results  resultReader
	waiting  bool      // for the end of a response
	notices  int       // responses that were notified and not got
	missed   bool      // one of them was asked for in vain
	until    time.Time // then no more: waiting, or asking for what was missed
	look     time.Time // when to look for one that was not; zero for never
	gap      time.Duration

	notifies bool      // the device has notified a response
	answers  bool      // it has given one without
	holding  time.Time // until then it is taken for one that lets us wait when it has none

	refusing bool // the log knows that commands are refused
	dropping bool // and that responses are lost
}

func newAT(d *device, t Terminal) *atChannel {
	size := d.options().bufSize
	a := &atChannel{
		terminal: t, counters: &d.counters, commands: commandReader{limit: size},
		buffer: make([]byte, 1024), response: make([]byte, min(size, maxRequest)), piece: maxRequest,
		hurry: d.hurry, others: d.otherPorts, log: d.log,
	}
	a.request = func(ctx context.Context, direction, request uint8, data []byte) (int, error) {
		return d.usb.Control(ctx, usb.Setup{
			RequestType: direction | usb.TypeClass | usb.RecipientInterface,
			Request:     request,
			Index:       uint16(d.function.control),
		}, data)
	}
	return a
}

// notified takes a RESPONSE_AVAILABLE notification (CDC 1.2, 6.3.2).
func (a *atChannel) notified() {
	a.notifies = true
	a.notices = min(a.notices+1, maxNotices)
}

// step does what there is to do now. An error ends the device.
func (a *atChannel) step(ctx context.Context, now time.Time) error {
	if a.notices > 0 || !a.look.IsZero() && !now.Before(a.look) {
		if err := a.collect(ctx, now); err != nil {
			return err
		}
	}
	if a.waiting && now.Before(a.until) {
		_, _ = a.terminal.Read(nil)
		a.more = true
		return nil
	}
	a.waiting = false
	command, err := a.next()
	switch {
	case err != nil:
		a.refuse("AT command refused: it is longer than the buffer, %d bytes", a.commands.limit)
	case command != nil:
		return a.send(ctx, now, command)
	}
	return nil
}

// deadline shortens a time to wait to when step has something to do by itself.
func (a *atChannel) deadline(now time.Time, wait time.Duration) time.Duration {
	switch {
	case a.notices > 0 || !a.waiting && (a.more || len(a.typed) > 0):
		return 0
	case a.waiting:
		wait = sooner(wait, a.until.Sub(now))
	}
	if !a.look.IsZero() {
		wait = sooner(wait, a.look.Sub(now))
	}
	return wait
}

// next gives a command that was typed, or nil.
func (a *atChannel) next() ([]byte, error) {
	if len(a.typed) == 0 {
		n, err := a.terminal.Read(a.buffer)
		if err != nil {
			a.log(slog.Warning, "%v", err)
		}
		a.typed, a.more = a.buffer[:n], n > 0
	}
	command, rest, err := a.commands.take(a.typed)
	a.typed = rest
	return command, err
}

// send gives the device a command.
func (a *atChannel) send(ctx context.Context, now time.Time, command []byte) error {
	err := a.encapsulate(ctx, command)
	switch {
	case errors.Is(err, usb.ErrGone):
		return err
	case err != nil && ctx.Err() != nil:
		return nil // the device is being closed
	case err != nil:
		a.refuse("AT command refused: %v%s", err, a.others())
		return nil
	}
	a.counters.add(atCommands, 1)
	a.refusing, a.dropping, a.missed = false, false, false
	// An empty line has no response.
	a.waiting = len(command) > 1 || command[0] != keyReturn
	a.until = now.Add(answerTime)
	a.gap = firstLook
	if a.notifies {
		a.gap = lookGap // in case that one gets lost
	}
	a.look = now.Add(a.gap)
	a.hurry()
	return nil
}

// encapsulate sends a command in as few pieces as the device takes.
func (a *atChannel) encapsulate(ctx context.Context, command []byte) error {
	sent, err := a.pieces(ctx, command, a.piece)
	if sent == 0 && errors.Is(err, usb.ErrStall) && min(len(command), a.piece) > smallRequest {
		if _, err = a.pieces(ctx, command, smallRequest); err == nil {
			a.piece = smallRequest
		}
	}
	return err
}

// pieces sends a command in pieces of a size, and says how much was taken.
func (a *atChannel) pieces(ctx context.Context, command []byte, size int) (sent int, err error) {
	for sent < len(command) {
		b := command[sent:min(sent+size, len(command))]
		if _, err := a.request(ctx, usb.DirOut, reqSendEncapsulatedCommand, b); err != nil {
			return sent, err
		}
		sent += len(b)
	}
	return sent, nil
}

// refuse answers a command in the device's place.
func (a *atChannel) refuse(format string, args ...any) {
	a.counters.add(atRefused, 1)
	if !a.refusing {
		a.log(slog.Warning, format, args...)
	}
	a.refusing = true
	a.tell([]byte("\r\nERROR\r\n"))
}
