package offload

import (
	"encoding/binary"
	"slices"
)

const (
	// maxOpen is how many flows are looked at for each segment: the newest.
	maxOpen = 8
	// maxPieces is how many segments become one frame. For datagrams it is the
	// kernel's UDP_MAX_SEGMENTS.
	maxPieces = 64
	// maxHeaders is what the headers of a plain segment can have.
	maxHeaders = etherLen + ip6Len + 60
)

// A Coalescer joins the frames of a batch: Add for each, Packet for each of Len,
// then Reset. The order of a flow's frames stays what it is. The zero value joins
// nothing, until it is told the protocols.
type Coalescer struct {
	Protocols Protocols

	joins []*join // in order; those beyond used are spare
	used  int
	open  []*join // may take another segment, oldest first
}

// A join is a frame, and what has been joined to it.
type join struct {
	first  segment
	pieces [][]byte
	length int    // of the frame
	next   uint32 // TCP sequence number that follows
	pushed bool
	pseudo sum // of the first one, once there are more
	head   [HeaderLen + maxHeaders]byte
}

// Add takes the next frame of the batch, which must not change until Reset.
func (c *Coalescer) Add(frame []byte) {
	for i, j := range slices.Backward(c.open) {
		if j.take(frame) {
			if j.full() {
				c.open = append(c.open[:i], c.open[i+1:]...)
			}
			return
		}
	}
	c.begin(frame)
}

// begin has a frame that belongs behind no other one end what it may not overtake, and
// begin what may be joined to it.
func (c *Coalescer) begin(frame []byte) {
	var s segment
	k := s.parse(frame, c.Protocols)
	switch k {
	case host:
		c.open = slices.DeleteFunc(c.open, func(j *join) bool { return j.first.samePeers(&s) })
	case flow, plain:
		c.open = slices.DeleteFunc(c.open, func(j *join) bool { return j.first.same(&s) })
	}
	j := c.start(s, frame)
	if k != plain || s.pushed() {
		return
	}
	j.next = s.seq() + uint32(s.size())
	if len(c.open) == maxOpen {
		c.open = append(c.open[:0], c.open[1:]...)
	}
	c.open = append(c.open, j)
}

func (c *Coalescer) start(s segment, frame []byte) *join {
	if c.used == len(c.joins) {
		c.joins = append(c.joins, &join{pieces: make([][]byte, 0, maxPieces)})
	}
	j := c.joins[c.used]
	c.used++
	j.first, j.pieces, j.length = s, append(j.pieces[:0], frame), len(frame)
	j.pushed = false
	return j
}

// take adds a frame if it is a plain segment of the same flow that belongs behind the
// others.
func (j *join) take(frame []byte) bool {
	at := j.first.payload
	size := len(frame) - at
	if size <= 0 || size > j.first.size() || j.length+size-etherLen > maxLength ||
		!j.first.udp && binary.BigEndian.Uint32(frame[j.first.transport+4:]) != j.next ||
		!j.first.alike(frame, len(j.pieces)) {
		return false
	}
	// A checksum that is wrong is for the kernel to see and to count.
	if len(j.pieces) == 1 {
		j.pseudo = j.first.pseudo()
		if !j.first.sound(j.pseudo) {
			return false
		}
	}
	if !j.first.intact(frame, j.pseudo) {
		return false
	}
	if len(j.pieces) == 1 {
		j.pieces[0] = j.first.frame[at:]
	}
	j.pieces = append(j.pieces, frame[at:])
	j.length += size
	j.next += uint32(size)
	j.pushed = !j.first.udp && frame[j.first.transport+tcpFlags]&tcpPSH != 0
	return true
}

// full reports whether nothing may be behind the newest segment: it is shorter
// than the others, or pushes (RFC 9293, 3.9.1).
func (j *join) full() bool {
	return j.pushed || len(j.pieces) == maxPieces || len(j.pieces[len(j.pieces)-1]) < j.first.size()
}

// Len says how many packets the batch has become.
func (c *Coalescer) Len() int { return c.used }

// Packet gives the i-th: a Header, behind it the frame's headers if it is a joined
// one, and the frame or its payload in pieces. All of it lives until Reset.
func (c *Coalescer) Packet(i int) (head []byte, pieces [][]byte) {
	j := c.joins[i]
	var h Header
	n := HeaderLen
	if len(j.pieces) > 1 {
		n += j.headers(j.head[HeaderLen:], &h)
	}
	h.Encode(j.head[:])
	return j.head[:n], j.pieces
}

// headers writes the headers of a joined frame and gives their length.
func (j *join) headers(b []byte, h *Header) int {
	s := &j.first
	n := copy(b, s.frame[:s.payload])
	ip, t := b[etherLen:s.transport], b[s.transport:n]
	*h = Header{Flags: NeedsCsum, GSOType: GSOTCPv4, HdrLen: uint16(n), GSOSize: uint16(s.size()),
		CsumStart: uint16(s.transport), CsumOffset: tcpCsum}
	if s.v6 {
		h.GSOType = GSOTCPv6
		binary.BigEndian.PutUint16(ip[4:], uint16(j.length-s.transport))
	} else {
		binary.BigEndian.PutUint16(ip[2:], uint16(j.length-etherLen))
		ip[10], ip[11] = 0, 0
		binary.BigEndian.PutUint16(ip[10:], ^sum(0).add(ip).fold())
	}
	length, proto := uint16(j.length-s.transport), uint16(protoTCP)
	if s.udp {
		proto, h.GSOType, h.CsumOffset = protoUDP, GSOUDPL4, udpCsum
		binary.BigEndian.PutUint16(t[4:], length)
	} else if j.pushed {
		t[tcpFlags] |= tcpPSH
	}
	binary.BigEndian.PutUint16(t[h.CsumOffset:], pseudo(addresses(s.frame, etherLen, s.v6), proto).word(length).fold())
	return n
}

// Reset makes the Coalescer ready for the next batch.
func (c *Coalescer) Reset() {
	for _, j := range c.joins[:c.used] {
		j.first = segment{}
		clear(j.pieces)
	}
	c.used, c.open = 0, c.open[:0]
}
