package sim

import "io-pkt/usb"

// deliver takes frames from the network. What the host waits for goes straight
// into its transfers, the rest into the backlog.
func (d *Device) deliver(frames [][]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.session
	if s == nil || s.in == nil || !d.linkUp {
		return
	}
	p := s.in
	for _, f := range frames {
		if len(f) < headerSize || len(f) > s.ecm.segment || !s.wants(f) {
			d.stats.Filtered++
			continue
		}
		d.toHost(s, f)
	}
	p.flush()
}

// toHost sends a frame. The caller holds d.mu, and flushes.
func (d *Device) toHost(s *session, frame []byte) {
	if d.backlog.n > 0 || len(s.in.waiting) == 0 || d.faults.held() {
		if d.backlog.push(frame) {
			d.stats.ToHost++
		} else {
			d.stats.NoBuffer++
		}
		return
	}
	d.stats.ToHost++
	off := 0
	for len(s.in.waiting) > 0 {
		next, ok := d.send(s, frame, off)
		if !ok || next < 0 {
			return
		}
		off = next
	}
	d.backlog.push(frame) // cannot fail: it is empty
	d.backlog.off = off
}

// pump moves what it can from the backlog into the transfers that wait. The
// caller holds d.mu.
func (d *Device) pump(s *session) {
	p := s.in
	if p == nil {
		return
	}
	defer p.flush()
	for len(p.waiting) > 0 && d.backlog.n > 0 {
		next, ok := d.send(s, d.backlog.front(), d.backlog.off)
		switch {
		case !ok:
			return
		case next < 0:
			d.backlog.pop()
		default:
			d.backlog.off = next
		}
	}
}

// send carries out the first transfer that waits, with frame from off on. It
// gives where to go on, or -1 at the end of the frame; ok is false when the
// device has been pulled.
func (d *Device) send(s *session, frame []byte, off int) (next int, ok bool) {
	p := s.in
	x := p.waiting[0]
	if err := d.faults.bulkIn(); err != nil {
		if err == usb.ErrGone {
			x.t.Actual = copy(x.t.Buf[:x.t.Length], frame[off:max(off, len(frame)/2)])
			d.pullSelf()
			return off, false
		}
		p.halted = err == usb.ErrStall
		p.drop(1)
		p.end(x, err)
		p.settle()
		return off, true
	}
	n, next, err := fill(x.t.Buf[:x.t.Length], frame, off, p.packet)
	x.t.Actual = n
	p.drop(1)
	p.end(x, err)
	return next, true
}

// fill is one IN transfer: packets of the frame, from off on, until buf is full
// or a packet is short (USB 2.0, 5.8.3). It gives the number of bytes put into
// buf and where the next transfer goes on, -1 at the end of the frame. A frame
// that is a multiple of packet ends with a zero-length packet, which the next
// transfer gets when this one is full. A packet that is larger than the room
// left is lost, whole.
func fill(buf, frame []byte, off, packet int) (n, next int, err error) {
	rest := len(frame) - off
	if rest <= len(buf) {
		n = copy(buf, frame[off:])
		if n%packet != 0 || n < len(buf) || n == 0 {
			return n, -1, nil
		}
		return n, len(frame), nil
	}
	room := len(buf) % packet
	n = copy(buf[:len(buf)-room], frame[off:])
	next = off + n
	if room == 0 && n > 0 {
		return n, next, nil
	}
	lost := min(packet, len(frame)-next)
	next += lost
	if lost < packet {
		next = -1
	}
	return n, next, usb.ErrOverflow
}
