package sim

import (
	"bytes"
	"errors"
	"fmt"

	"io-pkt/usb"
)

// errLater says that a request is answered when something has changed.
var errLater = errors.New("not yet")

// sendCommand takes a piece of what the host says to the modem (CDC 1.2, 6.2.1).
// The caller holds d.mu.
func (d *Device) sendCommand(s *session, data []byte) (int, error) {
	switch {
	case d.modem == nil, d.maxCommand > 0 && len(data) > d.maxCommand, d.faults.take(StallCommand):
		return 0, usb.ErrStall
	case d.faults.take(Swallow):
		return len(data), nil
	}
	before := d.modem.Pending()
	d.modem.Write(data)
	d.modemSpoke(s, before)
	return len(data), nil
}

// getResponse gives the host what the modem has to say, as much as it has room
// for, and nothing when there is nothing (CDC 1.2, 6.2.2). The caller holds d.mu.
func (d *Device) getResponse(data []byte) (int, error) {
	switch {
	case d.modem == nil:
		return 0, usb.ErrStall
	case d.modem.Pending() == 0 && d.faults[HoldEmpty] > 0:
		return 0, errLater
	}
	return d.modem.Read(data), nil
}

// modemSpoke does what follows when the modem may have said something, before
// which so many bytes were waiting, or changed its session. The caller holds d.mu.
func (d *Device) modemSpoke(s *session, before int) {
	d.updateLink()
	if s == nil || d.modem.Pending() <= before {
		return
	}
	if d.faults[HoldEmpty] > 0 {
		d.askAgain()
	}
	if d.faults[Unnotified] == 0 {
		d.notifyResponse(s)
	}
}

// notifyResponse tells the host that there is a response, unless it is about to
// be told. The caller holds d.mu.
func (d *Device) notifyResponse(s *session) {
	if s.notify == nil {
		return
	}
	n := responseAvailable(s.ecm.control)
	for i, queued := range s.notes {
		if bytes.Equal(queued, n) && (i > 0 || s.noteOff == 0) {
			return
		}
	}
	s.note(n)
	d.pumpNotes(s)
}

// notifyNothing tells the host count times of a response that is not there. The
// caller holds d.mu.
func (d *Device) notifyNothing(count int) {
	s := d.session
	if s == nil || s.notify == nil {
		return
	}
	for range min(count, maxNotes) {
		s.note(responseAvailable(s.ecm.control))
	}
	d.pumpNotes(s)
}

// flood makes the modem say count KiB at once, in numbered lines of 64 bytes.
// The caller holds d.mu.
func (d *Device) flood(count int) {
	if d.modem == nil {
		return
	}
	before := d.modem.Pending()
	for i := range count * 1024 / 64 {
		d.modem.Say(fmt.Sprintf("^FLOOD: %052d", i))
	}
	d.modemSpoke(d.session, before)
}

// Say makes the device's modem say a line that nobody asked for.
func (d *Device) Say(line string) error {
	return d.tellModem(func() { d.modem.Say(line) })
}

// SetCoverage says whether the device's modem has a network.
func (d *Device) SetCoverage(on bool) error {
	return d.tellModem(func() { d.modem.SetCoverage(on) })
}

func (d *Device) tellModem(f func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.modem == nil {
		return fmt.Errorf("there is no modem: %w", usb.ErrNotFound)
	}
	before := d.modem.Pending()
	f()
	d.modemSpoke(d.session, before)
	return nil
}
