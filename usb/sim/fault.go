package sim

import (
	"fmt"
	"time"

	"io-pkt/usb"
)

// A Fault is one way to misbehave.
type Fault int

// The faults. What they are called on a command line is in faultTable.
const (
	StallIn Fault = iota
	StallOut
	StallControl
	StallNotify
	Overflow
	Garble
	Runt
	PullSelf
	Silence
	Storm
	Endless
	Delay
	Slow
	StallCommand
	Swallow
	NotifyEmpty
	Unnotified
	HoldEmpty
	Flood
	numFaults
)

// faultTable describes the faults. A fault that lasts goes on until its count
// is set to 0; the others happen as often as the count says.
var faultTable = [numFaults]struct {
	name  string
	count int // when the user gives none
	about string
}{
	StallIn:      {"stall-in", 1, "bulk IN halts at the next frame, COUNT times"},
	StallOut:     {"stall-out", 1, "bulk OUT halts at the next frame, COUNT times"},
	StallControl: {"stall-control", 1, "the next COUNT control requests are refused"},
	StallNotify:  {"stall-notify", 1, "the notification endpoint halts at the next notification, COUNT times"},
	Overflow:     {"overflow", 1, "the next COUNT transfers IN get more than they asked for"},
	Garble:       {"garble", 1, "the next COUNT transfers IN end with a transmission error"},
	Runt:         {"runt", 14, "COUNT frames of 0 to 13 bytes are sent"},
	PullSelf:     {"pull", 1, "the device goes away in the middle of the COUNTth next bulk transfer"},
	Silence:      {"silence", 1, "nothing is answered any more (1), or everything again (0)"},
	Storm:        {"storm", 1, "the link seems to go up and down 1000 times a second (1), or not (0)"},
	Endless:      {"endless", 1, "a frame without end is sent (1), or not (0)"},
	Delay:        {"delay", 100, "frames move every COUNT milliseconds only, or at once (0)"},
	Slow:         {"slow", 1, "a frame from the host is taken every COUNT milliseconds only, or at once (0)"},
	StallCommand: {"stall-command", 1, "the next COUNT encapsulated commands are refused"},
	Swallow:      {"swallow", 1, "the next COUNT encapsulated commands are taken and forgotten"},
	NotifyEmpty:  {"notify-empty", 1, "responses that are not there are notified, COUNT times"},
	Unnotified:   {"unnotified", 1, "responses are not notified any more (1), or they are (0)"},
	HoldEmpty:    {"hold-empty", 1, "a host that asks for a response has to wait for one (1), or not (0)"},
	Flood:        {"flood", 64, "the modem says COUNT KiB at once"},
}

// maxFaultCount bounds a count.
const maxFaultCount = 1_000_000

func (f Fault) String() string {
	if f < 0 || f >= numFaults {
		return fmt.Sprintf("fault %d", int(f))
	}
	return faultTable[f].name
}

// ParseFault finds a fault by its name and says what its count usually is.
func ParseFault(name string) (f Fault, count int, err error) {
	for i, e := range faultTable {
		if e.name == name {
			return Fault(i), e.count, nil
		}
	}
	return 0, 0, fmt.Errorf("no fault is called %q", name)
}

// Faults lists the names and what they mean, for a usage text.
func Faults() (names, about []string) {
	for _, e := range faultTable {
		names, about = append(names, e.name), append(about, e.about)
	}
	return names, about
}

// faults counts what is still to go wrong.
type faults [numFaults]int

// take uses up one of a fault.
func (f *faults) take(fault Fault) bool {
	if f[fault] == 0 {
		return false
	}
	f[fault]--
	return true
}

// bulkIn says how the next bulk IN transfer fails; ErrGone for a device that
// goes away. nil when it does not fail.
func (f *faults) bulkIn() error {
	switch {
	case f.take(StallIn):
		return usb.ErrStall
	case f.take(Overflow):
		return usb.ErrOverflow
	case f.take(Garble):
		return usb.ErrProtocol
	case f.take(PullSelf) && f[PullSelf] == 0:
		return usb.ErrGone
	}
	return nil
}

// bulkOut does the same for a bulk OUT transfer.
func (f *faults) bulkOut() error {
	switch {
	case f.take(StallOut):
		return usb.ErrStall
	case f.take(PullSelf) && f[PullSelf] == 0:
		return usb.ErrGone
	}
	return nil
}

func (f *faults) silent() bool { return f[Silence] != 0 }

// held reports whether frames for the host have to wait for tick, or longer.
func (f *faults) held() bool { return f[Silence]+f[Delay]+f[Endless] != 0 }

// SetFault makes a fault happen count times, or last when count is not 0, as
// Faults describes it. It fails with ErrInvalid when there is no such fault or
// the count is negative or over a million.
func (d *Device) SetFault(f Fault, count int) error {
	if f < 0 || f >= numFaults || count < 0 || count > maxFaultCount {
		return fmt.Errorf("%v, count %d: %w", f, count, usb.ErrInvalid)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch f {
	case Runt:
		d.sendRunts(count)
		return nil
	case NotifyEmpty:
		d.notifyNothing(count)
		return nil
	case Flood:
		d.flood(min(count, 1024))
		return nil
	}
	d.faults[f] = count
	d.resume()
	d.askAgain()
	return nil
}

// ClearFaults ends all faults. An endpoint that has halted stays so until the
// host clears it.
func (d *Device) ClearFaults() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = faults{}
	d.resume()
	d.askAgain()
}

// askAgain makes requests be tried again that wait. The caller holds d.mu.
func (d *Device) askAgain() {
	close(d.faultChange)
	d.faultChange = make(chan struct{})
}

// resume moves what may be moved now. The caller holds d.mu.
func (d *Device) resume() {
	if s := d.session; s != nil && !d.faults.held() {
		d.pump(s)
		d.pumpNotes(s)
	}
	d.kick()
}

// sendRunts sends frames of 0 to 13 bytes. The caller holds d.mu.
func (d *Device) sendRunts(count int) {
	s := d.session
	if s == nil || s.in == nil {
		return
	}
	var runt [headerSize]byte
	for i := range count {
		d.toHost(s, runt[:i%headerSize])
	}
	s.in.flush()
}

// pullSelf makes the device go away on its own; run tells the bus. The caller
// holds d.mu.
func (d *Device) pullSelf() {
	d.vanish()
	d.pulledSelf = true
	d.kick()
}

// period gives how often tick is to be called, 0 for not at all, and whether
// frames from the host have to wait for it.
func (d *Device) period() (p time.Duration, wait bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.session == nil:
		return 0, false
	case d.faults[Delay]+d.faults[Slow] > 0:
		return time.Duration(max(d.faults[Delay], d.faults[Slow])) * time.Millisecond, true
	case d.faults[Storm]+d.faults[Endless] > 0:
		return time.Millisecond, false
	}
	return 0, false
}

// tick does what the lasting faults want done.
func (d *Device) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.session
	if s == nil || d.faults.silent() {
		return
	}
	if d.faults[Storm] > 0 && s.in != nil && s.notify != nil {
		d.stormUp = !d.stormUp
		s.note(networkConnection(s.ecm.control, d.stormUp))
		d.pumpNotes(s)
	}
	if s.in == nil {
		return
	}
	if d.faults[Endless] > 0 {
		s.in.fillEndlessly()
		return
	}
	d.pump(s)
}

// fillEndlessly fills whatever waits.
func (p *pipe) fillEndlessly() {
	for _, x := range p.waiting {
		x.t.Actual = x.t.Length - x.t.Length%p.packet
		clear(x.t.Buf[:x.t.Actual])
		if x.t.Actual < x.t.Length || x.t.Length == 0 {
			p.end(x, usb.ErrOverflow)
		} else {
			p.end(x, nil)
		}
	}
	p.drop(len(p.waiting))
	p.flush()
}
