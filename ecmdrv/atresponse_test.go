package ecmdrv

import (
	"errors"
	"testing"

	"io-pkt/usb"
)

// A device that refuses to be asked has said nothing; the next command comes
// through to it all the same.
func TestResponseDenied(t *testing.T) {
	for _, err := range []error{usb.ErrStall, usb.ErrProtocol, usb.ErrOverflow} {
		t.Run(err.Error(), func(t *testing.T) {
			d := newDesk(t, 2048)
			d.deny = err
			d.typeIn("AT\r")
			d.settle()
			for range 100 {
				d.at.notified()
			}
			d.settle()
			if len(d.requests) > 1+maxCollect {
				t.Errorf("%d requests", len(d.requests))
			}
			d.expect("")
			d.deny = nil
			d.typeIn("AT+CSQ\r")
			want := "\r\nOK\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
			for end := d.now.Add(2 * answerTime); d.now.Before(end) && len(d.read) < len(want); {
				d.now = d.now.Add(max(d.settle(), 0))
			}
			d.expect(want)
			if len(d.log) > 0 {
				t.Errorf("log %q", d.log)
			}
		})
	}
	d := newDesk(t, 2048)
	d.deny = usb.ErrGone
	d.at.notified()
	if err := d.at.step(t.Context(), d.now); !errors.Is(err, usb.ErrGone) {
		t.Errorf("a device that has gone: %v", err)
	}
}

// A device that does not say that it has nothing is asked no more than it must.
func TestHolds(t *testing.T) {
	d := newDesk(t, 2048)
	d.hold = true
	ask := func(want ...string) {
		t.Helper()
		d.typeIn("AT\r")
		d.settle()
		d.at.notified()
		d.settle()
		d.expect("\r\nOK\r\n")
		d.asked(append([]string{"00 00 3"}, want...)...)
	}
	ask("80 01 2048", "80 01 2048") // it did not answer the second
	ask("80 01 2048")
	ask("80 01 2048")
	if d.bounded != 1 {
		t.Errorf("%d requests had a deadline, want that of the second response", d.bounded)
	}
	d.now = d.now.Add(holdTime)
	d.hold = false
	ask("80 01 2048", "80 01 2048")
	ask("80 01 2048", "80 01 2048")
}

// A response that was notified is asked for again when the device, or the way to it,
// was too slow; but not for ever.
func TestSlowResponse(t *testing.T) {
	d := newDesk(t, 2048)
	d.deny = usb.ErrTimeout
	d.typeIn("AT\r")
	d.settle()
	d.at.notified()
	d.pass()
	d.pass()
	d.deny = nil
	d.settle()
	d.expect("\r\nOK\r\n")
	d.asked("00 00 3", "80 01 2048", "80 01 2048", "80 01 2048")

	d.deny = usb.ErrTimeout
	d.typeIn("AT\r")
	d.settle()
	d.inVain()
}

// So is one that nobody asked for.
func TestSlowRing(t *testing.T) {
	d := newDesk(t, 2048)
	d.deny = usb.ErrTimeout
	d.inVain()
	d.modem.Say("RING")
	d.at.notified()
	d.pass()
	d.deny = nil
	d.settle()
	d.expect("\r\nRING\r\n")
}

// Others have their turn while a device says more and more.
func TestEndlessResponse(t *testing.T) {
	d := newDesk(t, 64)
	for range 1000 {
		d.modem.Say("more and more, so that nothing else would ever be done again")
	}
	d.at.notified()
	if err := d.at.step(t.Context(), d.now); err != nil || len(d.requests) > maxCollect {
		t.Errorf("%d requests in one step, %v", len(d.requests), err)
	}
	if wait := d.at.deadline(d.now, -1); wait != 0 {
		t.Errorf("it goes on in %v", wait)
	}
	d.settle()
	if d.modem.Pending() > 0 {
		t.Errorf("%d bytes are left", d.modem.Pending())
	}
}
