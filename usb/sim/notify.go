package sim

import (
	"encoding/binary"
	"slices"

	"io-pkt/usb"
)

// bNotification (CDC 1.2, table 20), sent to bmRequestType 0xa1.
const (
	noteRequestType       = usb.DirIn | usb.TypeClass | usb.RecipientInterface
	noteNetworkConnection = 0x00
	noteResponseAvailable = 0x01
	noteSpeedChange       = 0x2a
)

// maxNotes bounds the notifications that wait for the host to ask.
const maxNotes = 32

// networkConnection encodes a NETWORK_CONNECTION (CDC 1.2, 6.3.1).
func networkConnection(iface uint8, up bool) []byte {
	b := []byte{noteRequestType, noteNetworkConnection, 0, 0, iface, 0, 0, 0}
	if up {
		b[2] = 1
	}
	return b
}

// responseAvailable encodes a RESPONSE_AVAILABLE (CDC 1.2, 6.3.2).
func responseAvailable(iface uint8) []byte {
	return []byte{noteRequestType, noteResponseAvailable, 0, 0, iface, 0, 0, 0}
}

// speedChange encodes a CONNECTION_SPEED_CHANGE (CDC 1.2, 6.3.3).
func speedChange(iface uint8, down, up uint32) []byte {
	b := []byte{noteRequestType, noteSpeedChange, 0, 0, iface, 0, 8, 0}
	b = binary.LittleEndian.AppendUint32(b, down)
	return binary.LittleEndian.AppendUint32(b, up)
}

// notifyLink tells the host about the link. The caller holds d.mu.
func (d *Device) notifyLink(s *session) {
	if s.notify == nil {
		return
	}
	s.note(networkConnection(s.ecm.control, d.linkUp))
	if d.linkUp {
		s.note(speedChange(s.ecm.control, d.bitRate, d.bitRate))
	}
	d.pumpNotes(s)
}

// note queues a notification. When the host does not ask for them, the oldest
// are lost, but not one that is half sent.
func (s *session) note(b []byte) {
	s.notes = append(s.notes, b)
	if len(s.notes) > maxNotes {
		first := 0
		if s.noteOff > 0 {
			first = 1
		}
		s.notes = slices.Delete(s.notes, first, first+1)
	}
}

// pumpNotes sends what notifications it can. One that is longer than
// wMaxPacketSize takes several packets, and a transfer ends at a short one. The
// caller holds d.mu.
func (d *Device) pumpNotes(s *session) {
	p := s.notify
	if p == nil || d.faults.silent() {
		return
	}
	for len(p.waiting) > 0 && len(s.notes) > 0 {
		if d.faults.take(StallNotify) {
			p.halted = true
			p.settle()
			return
		}
		b := s.notes[0][s.noteOff:]
		b = b[:min(len(b), p.packet)]
		if s.noteOff += len(b); s.noteOff == len(s.notes[0]) {
			s.notes = slices.Delete(s.notes, 0, 1)
			s.noteOff = 0
		}
		x := p.waiting[0]
		room := x.t.Buf[x.t.Actual:x.t.Length]
		if len(b) > len(room) {
			p.drop(1)
			p.end(x, usb.ErrOverflow)
			continue
		}
		x.t.Actual += copy(room, b)
		if len(b) < p.packet || len(b) == len(room) {
			p.drop(1)
			p.end(x, nil)
		}
	}
	p.flush()
}
