package sim

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"io-pkt/usb"
	"io-pkt/usb/sim/modem"
)

// send makes a SEND_ENCAPSULATED_COMMAND.
func (h *host) command(text string) error {
	_, err := h.control(usb.TypeClass|usb.RecipientInterface, reqSendEncapsulatedCommand, 0, ifControl, []byte(text))
	return err
}

// response makes a GET_ENCAPSULATED_RESPONSE.
func (h *host) response(size int) (string, error) {
	b := make([]byte, size)
	n, err := h.control(usb.DirIn|usb.TypeClass|usb.RecipientInterface, reqGetEncapsulatedResponse, 0, ifControl, b)
	return string(b[:n]), err
}

// waiting gives the notifications that wait, in hex.
func (h *host) waiting() (notes []string) {
	h.t.Helper()
	for {
		x := alloc(h.t, h.notify, epNotify, 16)
		must(h.t, h.notify.Submit(x))
		if n, err := h.notify.Reap([]*usb.Transfer{nil}); err != nil {
			h.t.Fatal(err)
		} else if n == 0 {
			h.notify.Cancel(x)
			reap(h.t, h.notify, 1)
			return notes
		}
		notes = append(notes, fmt.Sprintf("%x", x.Buf[:x.Actual]))
	}
}

const noteHasResponse = "a101000000000000"

func withModem(t *testing.T) *host {
	t.Helper()
	h := up(t, Config{Modem: modem.New(modem.Config{}), BitRate: 1})
	if got, want := strings.Join(h.waiting(), " "), noteDown; got != want {
		t.Fatalf("notifications %s, want %s: no session, no link", got, want)
	}
	must(t, h.command("ATE0\r"))
	h.waiting()
	_, err := h.response(100)
	must(t, err)
	return h
}

// A command is taken in pieces; its response is notified once, and got in pieces.
func TestEncapsulated(t *testing.T) {
	h := withModem(t)
	for _, piece := range []string{"A", "T+C", "SQ"} {
		must(t, h.command(piece))
	}
	if got := h.waiting(); len(got) > 0 {
		t.Errorf("notifications before the command was complete: %v", got)
	}
	must(t, h.command("\r"))
	must(t, h.command("AT\r"))
	if got := strings.Join(h.waiting(), " "); got != noteHasResponse {
		t.Errorf("notifications %s, want one: the host has not seen the first", got)
	}
	var got strings.Builder
	for {
		s, err := h.response(7)
		must(t, err)
		if s == "" {
			break
		}
		got.WriteString(s)
	}
	if want := "\r\n+CSQ: 20,99\r\n\r\nOK\r\n\r\nOK\r\n"; got.String() != want {
		t.Errorf("response %q, want %q", got.String(), want)
	}
}

// The data session is the link.
func TestSessionIsLink(t *testing.T) {
	h := withModem(t)
	must(t, h.command("AT^NDISDUP=1,1\r"))
	if got, want := strings.Join(h.waiting(), " "), noteUp+" a12a000000000800"+"0100000001000000"+" "+noteHasResponse; got != want {
		t.Errorf("notifications %s, want %s", got, want)
	}
	h.dev.SetLink(false)
	must(t, h.command("AT^NDISDUP=1,0\r"))
	h.dev.SetLink(true)
	if got := strings.Join(h.waiting(), " "); strings.Count(got, noteDown) != 1 || strings.Contains(got, noteUp) {
		t.Errorf("notifications %s, want one of no link", got)
	}
	must(t, h.command("AT^NDISDUP=1,1\r"))
	must(t, h.dev.SetCoverage(false))
	if got := h.waiting(); got[len(got)-1] != noteDown || strings.Count(strings.Join(got, " "), noteHasResponse) != 1 {
		t.Errorf("notifications %v, want one of responses, and at last one of no link", got)
	}
	// The next time it is plugged in it does not know of anything.
	must(t, h.dev.SetCoverage(true))
	must(t, h.command("AT^NDISDUP=1,1\r"))
	must(t, h.bus.Pull(h.dev))
	must(t, h.bus.Plug(h.dev))
	if s := h.dev.String(); !strings.Contains(s, "link down") {
		t.Errorf("plugged in again: %s", s)
	}
}

func TestModemFaults(t *testing.T) {
	h := withModem(t)
	fault := func(f Fault, count int) { t.Helper(); must(t, h.dev.SetFault(f, count)) }

	fault(StallCommand, 1)
	wantErr(t, "a stalled command", h.command("AT\r"), usb.ErrStall)
	fault(Swallow, 1)
	must(t, h.command("AT\r"))
	if s, err := h.response(10); s != "" || err != nil || len(h.waiting()) > 0 {
		t.Errorf("a swallowed command is answered: %q, %v", s, err)
	}
	fault(NotifyEmpty, 3)
	if got := h.waiting(); len(got) != 3 || got[2] != noteHasResponse {
		t.Errorf("notifications without a response: %v", got)
	}
	fault(Unnotified, 1)
	must(t, h.command("AT\r"))
	if got := h.waiting(); len(got) > 0 {
		t.Errorf("notifications %v", got)
	}
	if s, err := h.response(10); s != "\r\nOK\r\n" || err != nil {
		t.Errorf("response %q, %v", s, err)
	}
	fault(Unnotified, 0)
	fault(Flood, 64)
	if got := strings.Join(h.waiting(), " "); got != noteHasResponse {
		t.Errorf("notifications of a flood: %s", got)
	}
	if s, err := h.response(65535); len(s) != 65535 || err != nil {
		t.Errorf("%d bytes, %v", len(s), err)
	}
	if s, err := h.response(65535); s != "\n" || err != nil {
		t.Errorf("the rest: %q, %v", s, err)
	}
	// A request that waits is answered as soon as there is something.
	fault(HoldEmpty, 1)
	answered := make(chan string, 1)
	go func() {
		s, err := h.response(100)
		answered <- fmt.Sprint(s, err)
	}()
	must(t, h.dev.Say("RING"))
	if got, want := <-answered, "\r\nRING\r\n<nil>"; got != want {
		t.Errorf("held back: %q, want %q", got, want)
	}
}

// A modem that was talking before anybody listened says that there is something.
func TestResponseBeforeStart(t *testing.T) {
	h := plug(t, Config{Modem: modem.New(modem.Config{})})
	must(t, h.dev.Say("RDY"))
	h.open()
	must(t, h.usb.Claim(ifControl))
	must(t, h.usb.Claim(ifData))
	must(t, h.usb.SetInterface(t.Context(), ifData, 1))
	var err error
	h.notify, err = h.usb.OpenQueue(ifControl)
	must(t, err)
	if got := h.waiting(); got[len(got)-1] != noteHasResponse {
		t.Errorf("notifications %v", got)
	}
}

func TestWithoutModem(t *testing.T) {
	h := up(t, Config{})
	if err := errors.Join(h.dev.Say("x"), h.dev.SetCoverage(false)); !errors.Is(err, usb.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	must(t, h.dev.SetFault(Flood, 1))
	h = up(t, Config{Modem: modem.New(modem.Config{}), MaxCommand: 4})
	wantErr(t, "a long command", h.command("ATE0\r"), usb.ErrStall)
	must(t, h.command("ATE0"))
}
