package ecmdrv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"io-pkt/slog"
	"io-pkt/usb"
	"io-pkt/usb/sim/modem"
)

// A desk is a channel with a modem at one end, a user at the other, and a clock of
// its own.
type desk struct {
	t     *testing.T
	modem *modem.Modem
	at    *atChannel
	now   time.Time

	limit    int   // how much of a command the modem takes at once; 0 for all
	refuse   error // what SEND_ENCAPSULATED_COMMAND gives
	deny     error // what GET_ENCAPSULATED_RESPONSE gives
	hold     bool  // asking for a response that is not there takes too long
	requests []string
	bounded  int // how many requests had a deadline of their own
	typed    []byte
	read     []byte
	log      []string
	counters counters
}

func newDesk(t *testing.T, size int) *desk {
	d := &desk{t: t, modem: modem.New(modem.Config{}), now: time.Unix(1, 0)}
	d.modem.Write([]byte("ATE0\r"))
	d.modem.Read(make([]byte, 100))
	d.at = &atChannel{
		terminal: d, request: d.request, commands: commandReader{limit: size}, counters: &d.counters,
		buffer: make([]byte, 1024), response: make([]byte, min(size, maxRequest)), piece: maxRequest,
		hurry: func() {}, others: func() string { return "" },
		log: func(_ slog.Severity, format string, args ...any) {
			d.log = append(d.log, fmt.Sprintf(format, args...))
		},
	}
	return d
}

func (d *desk) request(ctx context.Context, direction, request uint8, data []byte) (int, error) {
	if _, ok := ctx.Deadline(); ok {
		d.bounded++
	}
	d.requests = append(d.requests, fmt.Sprintf("%02x %02x %d", direction, request, len(data)))
	switch {
	case direction == usb.DirIn && d.deny != nil:
		return 0, d.deny
	case direction == usb.DirIn && d.modem.Pending() == 0 && d.hold:
		return 0, usb.ErrTimeout
	case direction == usb.DirIn:
		return d.modem.Read(data), nil
	case d.refuse != nil:
		return 0, d.refuse
	case d.limit > 0 && len(data) > d.limit:
		return 0, usb.ErrStall
	}
	d.modem.Write(data)
	return len(data), nil
}

func (d *desk) Path() string         { return "/dev/serecm0" }
func (d *desk) PollFD() (int, int16) { return -1, 0 }
func (d *desk) Close() error         { return nil }

func (d *desk) Read(b []byte) (int, error) {
	n := copy(b, d.typed)
	d.typed = d.typed[n:]
	return n, nil
}

func (d *desk) Write(b []byte) int {
	d.read = append(d.read, b...)
	return 0
}

// settle lets the channel work until it waits for something, and says for how
// long.
func (d *desk) settle() time.Duration {
	d.t.Helper()
	for range 1000 {
		if err := d.at.step(d.t.Context(), d.now); err != nil {
			d.t.Fatal(err)
		}
		if wait := d.at.deadline(d.now, -1); wait != 0 {
			return wait
		}
	}
	d.t.Fatal("it never rests")
	return 0
}

// pass lets time pass up to when the channel wants to do something.
func (d *desk) pass() time.Duration {
	d.t.Helper()
	wait := d.settle()
	if wait < 0 {
		d.t.Fatalf("it waits for ever; requests %v, read %q", d.requests, d.read)
	}
	d.now = d.now.Add(wait)
	return wait
}

// inVain notifies a response that the device does not give, and sees that it is
// asked for often, and not for ever.
func (d *desk) inVain() {
	d.t.Helper()
	d.requests = nil
	d.at.notified()
	wait := d.settle()
	for end := d.now.Add(2 * answerTime); wait >= 0 && d.now.Before(end); wait = d.settle() {
		d.now = d.now.Add(wait)
	}
	if wait >= 0 || len(d.requests) < 3 || len(d.requests) > 20 {
		d.t.Errorf("it goes on in %v, after %d requests", wait, len(d.requests))
	}
}

// expect takes what the user has read.
func (d *desk) expect(want string) {
	d.t.Helper()
	if got := string(d.read); got != want {
		d.t.Errorf("read %q, want %q", got, want)
	}
	d.read = nil
}

func (d *desk) asked(want ...string) {
	d.t.Helper()
	if got := strings.Join(d.requests, ", "); got != strings.Join(want, ", ") {
		d.t.Errorf("requests %s; want %s", got, strings.Join(want, ", "))
	}
	d.requests = nil
}

func (d *desk) typeIn(s string) { d.typed = append(d.typed, s...) }

// A modem that notifies is asked when it has, and then until it has nothing left;
// and, should a notification get lost, once in a while.
func TestNotified(t *testing.T) {
	d := newDesk(t, 2048)
	d.typeIn("AT\r")
	d.settle()
	d.asked("00 00 3")
	d.at.notified()
	if wait := d.settle(); wait >= 0 {
		t.Errorf("it wants to do something in %v", wait)
	}
	d.asked("80 01 2048", "80 01 2048")
	d.expect("\r\nOK\r\n")

	d.typeIn("AT\r")
	if wait := d.pass(); wait != lookGap {
		t.Errorf("it looks after %v, want %v", wait, lookGap)
	}
	d.settle()
	d.expect("\r\nOK\r\n")
}

// One that never notifies is looked after soon, then less often; and once it has
// answered, all the time.
func TestNeverNotified(t *testing.T) {
	d := newDesk(t, 2048)
	d.typeIn("AT\r")
	if wait := d.pass(); wait != firstLook {
		t.Errorf("it looks after %v, want %v", wait, firstLook)
	}
	d.settle()
	d.expect("\r\nOK\r\n")
	d.modem.Say("RING")
	for d.now.Before(time.Unix(10, 0)) && len(d.read) == 0 {
		d.pass()
		d.settle()
	}
	d.expect("\r\nRING\r\n")
}

// Nobody has typed anything: a device that says nothing is left alone.
func TestNotAskedForNothing(t *testing.T) {
	d := newDesk(t, 2048)
	if wait := d.settle(); wait >= 0 {
		t.Errorf("it wants to do something in %v", wait)
	}
	d.asked()
	for range 5 { // and one that says that it has something, once
		d.at.notified()
	}
	d.settle()
	d.asked("80 01 2048")
}

// The next command waits for the response to the last one, but not for ever.
func TestOneAtATime(t *testing.T) {
	d := newDesk(t, 2048)
	d.at.notifies = true
	d.typeIn("AT\rAT+CSQ\r")
	d.settle()
	d.asked("00 00 3")
	d.at.notified()
	d.settle()
	d.asked("80 01 2048", "80 01 2048", "00 00 7")
	d.expect("\r\nOK\r\n")
	d.at.notified()
	d.settle()
	d.expect("\r\n+CSQ: 20,99\r\n\r\nOK\r\n")

	// No answer comes.
	d.typeIn("ATQ1\rAT+CMEE=1\rATQ0\r")
	begin := d.now
	for {
		wait := d.settle()
		if len(d.read) > 0 {
			break
		}
		d.now = d.now.Add(wait)
		if d.now.After(begin.Add(time.Minute)) {
			t.Fatal("the next command is never sent")
		}
	}
	if took := d.now.Sub(begin); took < 2*answerTime {
		t.Errorf("the next commands were sent within %v", took)
	}
	// An empty line has no answer to wait for.
	d.requests = nil
	d.typeIn("\r\nAT\r")
	d.settle()
	d.asked("00 00 1", "00 00 3")
}

func TestMessage(t *testing.T) {
	d := newDesk(t, 2048)
	d.at.notifies = true
	d.typeIn("AT+CMGS=\"1\"\rHello\rthere\x1aAT\r")
	for range 4 {
		d.settle()
		d.at.notified()
		d.settle()
	}
	d.expect("\r\n> " + "\n> " + "\r\n+CMGS: 1\r\n\r\nOK\r\n" + "\r\nOK\r\n")
}

// Each size of buffer, with commands that just fit in and that do not.
func TestBufferSizes(t *testing.T) {
	for _, size := range []int{1, 64, 2048, 65535} {
		for _, length := range []int{0, size - 1, size, size + 1} {
			t.Run(fmt.Sprintf("%d/%d", size, length), func(t *testing.T) {
				d := newDesk(t, size)
				d.typeIn(commandOf(length))
				d.settle()
				want := "\r\nOK\r\n"
				switch {
				case length == 0:
					want = ""
					d.asked()
				case length > size:
					want = "\r\nERROR\r\n"
					d.asked()
					if len(d.log) != 1 || !strings.Contains(d.log[0], fmt.Sprint(size)) {
						t.Errorf("log %q", d.log)
					}
				case length == 1:
					want = ""
				}
				for range 10 {
					d.at.notified()
					d.settle()
				}
				d.expect(want)
				for _, r := range d.requests {
					var direction, request, n int
					if _, err := fmt.Sscanf(r, "%x %x %d", &direction, &request, &n); err != nil || n > min(size, maxRequest) {
						t.Errorf("request %s, %v", r, err)
					}
				}
			})
		}
	}
}

// commandOf gives a command of so many bytes with its end. From three on it has
// an answer, OK.
func commandOf(length int) string {
	return "AT\r"[max(3-length, 0):max(3-length, 2)] + strings.Repeat(" ", max(length-3, 0)) + "\r"[:min(length, 1)]
}

// A device with little room gets long commands in pieces that it can take.
func TestPieces(t *testing.T) {
	d := newDesk(t, 2048)
	d.limit = 64
	d.at.notifies = true
	long := "AT" + strings.Repeat(" ", 150) + "\r"
	for round, want := range [][]string{
		{"00 00 153", "00 00 64", "00 00 64", "00 00 25"},
		{"00 00 64", "00 00 64", "00 00 25"}, // it has learned
	} {
		d.typeIn(long)
		d.settle()
		d.asked(want...)
		d.at.notified()
		d.settle()
		d.expect("\r\nOK\r\n")
		d.requests = nil
		if len(d.log) > 0 {
			t.Errorf("round %d: log %q", round, d.log)
		}
	}
}

// What the device refuses is answered in its place; the log hears of it once.
func TestATRefused(t *testing.T) {
	for _, err := range []error{usb.ErrStall, usb.ErrTimeout, usb.ErrProtocol} {
		t.Run(err.Error(), func(t *testing.T) {
			d := newDesk(t, 2048)
			d.at.others = func() string { return "; and others" }
			for range 2 {
				d.refuse = err
				d.typeIn("AT\rATI\r" + "AT" + strings.Repeat(" ", 100) + "\r")
				d.settle()
				d.expect(strings.Repeat("\r\nERROR\r\n", 3))
				d.refuse = nil
				d.typeIn("AT\r")
				d.settle()
				d.at.notified()
				d.settle()
				d.expect("\r\nOK\r\n")
			}
			if len(d.log) != 2 || !strings.HasSuffix(d.log[0], err.Error()+"; and others") {
				t.Errorf("log %q; want a line each time that it begins", d.log)
			}
			if got := d.counters[atRefused].Load(); got != 6 {
				t.Errorf("%d refused, want 6", got)
			}
		})
	}
	d := newDesk(t, 2048)
	d.refuse = usb.ErrGone
	d.typeIn("AT\r")
	if err := d.at.step(t.Context(), d.now); !errors.Is(err, usb.ErrGone) {
		t.Errorf("a device that has gone: %v", err)
	}
}
