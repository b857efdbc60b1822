package vm

import (
	"encoding/binary"
	"fmt"
)

// A usbEvent is one of what usbmon writes to a program that reads /dev/usbmonN:
// a header of 48 bytes and data (Documentation/usb/usbmon.rst of Linux, "Binary
// format").
type usbEvent struct {
	id       uint64 // of the request; the end of one has that of its begin
	kind     byte   // 'S' for the begin, 'C' for the end
	transfer byte
	hasSetup bool
	setup    [8]byte
	status   int32
	data     []byte
}

// Transfer types of usbmon.
const (
	transferInterrupt = 1
	transferControl   = 2
)

const (
	usbmonHeader = 48
	maxCaptured  = 1 << 20
)

// parseUsbmon takes a recording apart. What was recorded last may be cut off.
func parseUsbmon(b []byte) (events []usbEvent, err error) {
	for len(b) >= usbmonHeader {
		n := int(binary.NativeEndian.Uint32(b[36:]))
		switch {
		case n > maxCaptured:
			return nil, fmt.Errorf("an event of %d bytes", n)
		case n > len(b)-usbmonHeader:
			return events, nil
		}
		events = append(events, usbEvent{
			id: binary.NativeEndian.Uint64(b), kind: b[8], transfer: b[9], hasSetup: b[14] == 0,
			setup: [8]byte(b[40:48]), status: int32(binary.NativeEndian.Uint32(b[28:])),
			data: b[usbmonHeader : usbmonHeader+n],
		})
		b = b[usbmonHeader+n:]
	}
	return events, nil
}

// conversation shows what passed between a driver and a modem: encapsulated
// commands and responses, but for responses that were empty, as the bytes of the
// setup packet, data, and how it ended when it did not end well; and
// notifications.
func conversation(events []usbEvent) (lines []string) {
	begun := map[uint64]usbEvent{}
	for _, e := range events {
		switch {
		case e.kind == 'S':
			begun[e.id] = e
		case e.transfer == transferInterrupt && len(e.data) > 0:
			lines = append(lines, fmt.Sprintf("interrupt % x", e.data))
		case e.transfer == transferControl:
			s := begun[e.id]
			if !s.encapsulated() || e.status == 0 && len(s.data)+len(e.data) == 0 {
				continue
			}
			line := fmt.Sprintf("control % x %q", s.setup, string(s.data)+string(e.data))
			if e.status != 0 {
				line += fmt.Sprintf(" error %d", -e.status)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// encapsulated reports whether an event begins SEND_ENCAPSULATED_COMMAND or
// GET_ENCAPSULATED_RESPONSE (CDC 1.2, table 19), to whomever and with whatever
// values.
func (e usbEvent) encapsulated() bool {
	const class, classBits = 0x20, 0x60
	return e.hasSetup && e.setup[0]&classBits == class && e.setup[1] <= 1
}
