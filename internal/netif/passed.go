package netif

import "sync/atomic"

// passed counts the frames of one direction as they are on the wire. The kernel counts a
// large frame as one, and of a TAP none to groups.
type passed struct {
	packets, bytes, multicast, broadcast atomic.Uint64
}

// A tally counts the frames of one batch, so that what others may read is written to
// once for all of them.
type tally struct {
	packets, bytes, multicast, broadcast uint64
}

// count looks at a frame's length and destination (IEEE 802.3, 3.2.3).
func (c *tally) count(frame []byte) {
	c.packets++
	c.bytes += uint64(len(frame))
	switch {
	case frame[0]&1 == 0:
	case [6]byte(frame) == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		c.broadcast++
	default:
		c.multicast++
	}
}

// add adds a batch. Who reads the last of these first sees no more frames to groups
// than frames.
func (p *passed) add(c tally) {
	if c.packets == 0 {
		return
	}
	p.packets.Add(c.packets)
	p.bytes.Add(c.bytes)
	if c.multicast != 0 {
		p.multicast.Add(c.multicast)
	}
	if c.broadcast != 0 {
		p.broadcast.Add(c.broadcast)
	}
}

// Passed tells how many frames passed, in both directions and as they are on the wire,
// and how many of them went to groups. In are those that the driver has delivered, also
// when the kernel had no use for them; out are those that it has fetched.
type Passed struct {
	InPackets, InBytes, InMulticasts, InBroadcasts     uint64
	OutPackets, OutBytes, OutMulticasts, OutBroadcasts uint64
}

// Passed gives the frames that passed so far.
func (t *TAP) Passed() (p Passed) {
	p.InBroadcasts, p.InMulticasts = t.received.broadcast.Load(), t.received.multicast.Load()
	p.InBytes, p.InPackets = t.received.bytes.Load(), t.received.packets.Load()
	p.OutBroadcasts, p.OutMulticasts = t.sent.broadcast.Load(), t.sent.multicast.Load()
	p.OutBytes, p.OutPackets = t.sent.bytes.Load(), t.sent.packets.Load()
	return p
}
