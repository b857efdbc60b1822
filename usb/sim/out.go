package sim

import "io-pkt/usb"

// headerSize is the length of an Ethernet header, which is the shortest frame.
const headerSize = 14

// An assembly puts together the frame that the host is sending.
type assembly struct {
	buf   []byte // what came with transfers before this one
	limit int    // wMaxSegmentSize
	over  bool   // too long: lost up to the next short packet
}

// add takes the data of one transfer, and whether a short packet ended it. It
// gives the frame, which is empty unless it is whole and good. The frame aliases
// data or the assembly's buffer.
func (a *assembly) add(data []byte, short bool) (frame []byte, bad bool) {
	switch {
	case a.over || len(a.buf)+len(data) > a.limit:
		a.over = true
	case short && len(a.buf) == 0:
		frame = data
	default:
		a.buf = append(a.buf, data...)
		if short {
			frame = a.buf
		}
	}
	if !short {
		return nil, false
	}
	bad = a.over || len(frame) > 0 && len(frame) < headerSize
	a.buf, a.over = a.buf[:0], false
	if bad {
		return nil, true
	}
	return frame, false
}

// A carrier is what the device's goroutine has in its hands on the way from the
// host to the network.
type carrier struct {
	pipe   *pipe
	packet int // wMaxPacketSize
	xfers  []*xfer
	frames [][]byte
	frame  assembly
}

// carry takes all transfers that wait on the bulk OUT endpoint, sends their
// frames and gives the transfers back. It reports whether there was something.
func (c *carrier) carry(d *Device) bool {
	s, up := c.take(d)
	if s == nil {
		return false
	}
	var good, bad uint64
	c.frames = c.frames[:0]
	for _, x := range c.xfers {
		t := x.t
		short := t.Length%c.packet != 0 || t.Length == 0 || t.ZeroPacket
		whole := len(c.frame.buf) == 0
		f, isBad := c.frame.add(t.Buf[:t.Length], short)
		switch {
		case isBad:
			bad++
		case len(f) > 0:
			good++
			c.frames = append(c.frames, f)
			if !whole && up {
				// The assembly's buffer is needed again.
				d.network.Send(c.frames)
				c.frames = c.frames[:0]
			}
		}
	}
	if len(c.frames) > 0 && up {
		d.network.Send(c.frames)
	}
	clear(c.frames)
	c.give(d, s, good, bad)
	return true
}

// take takes the transfers, and the assembly with what came before them. up
// says whether frames get past the device.
func (c *carrier) take(d *Device) (s *session, up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s = d.session
	if s == nil || s.out == nil || len(s.out.waiting) == 0 || d.faults.silent() {
		return nil, false
	}
	p := s.out
	if err := d.faults.bulkOut(); err != nil {
		d.failOut(p, err)
		return nil, false
	}
	n := len(p.waiting)
	if d.faults[PullSelf]+d.faults[Slow] > 0 {
		n = 1 // they are counted, or have to wait
	}
	c.xfers = append(c.xfers[:0], p.waiting[:n]...)
	p.drop(n)
	p.carried = len(c.xfers)
	c.pipe, c.packet, c.frame = p, p.packet, s.frame
	return s, d.linkUp
}

// give ends the transfers.
func (c *carrier) give(d *Device, s *session, good, bad uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.FromHost += good
	d.stats.Bad += bad
	s.frame = c.frame
	c.pipe.carried = 0
	for _, x := range c.xfers {
		x.t.Actual = x.t.Length
		c.pipe.end(x, nil)
	}
	c.pipe.flush()
	c.pipe.settle()
	clear(c.xfers)
	d.idle.Broadcast()
}

// failOut ends the first transfer that waits with an error. The caller holds
// d.mu.
func (d *Device) failOut(p *pipe, err error) {
	if err == usb.ErrGone {
		d.pullSelf()
		return
	}
	x := p.waiting[0]
	p.drop(1)
	p.halted = err == usb.ErrStall
	p.end(x, err)
	p.settle()
	p.flush()
	d.kick()
}
