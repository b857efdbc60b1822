package offload

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed says that a frame is not what its Header says.
var ErrMalformed = errors.New("malformed offload header")

// A Splitter cuts one large frame into segments. The zero value has none.
type Splitter struct {
	head    []byte // all headers
	payload []byte // what is left of it
	size    int    // of a segment's payload

	ip, transport int
	v6, udp       bool

	pseudo sum    // of the pseudo header, less the length
	ipSum  sum    // of the IPv4 header, less what changes
	id     uint16 // IPv4 identification of the next segment
	seq    uint32 // TCP sequence number of the next segment
	first  bool
}

// Start takes a large frame. It must not change until Pending says that all of
// it is done. limit is how long segments may be.
func (s *Splitter) Start(frame []byte, h Header, limit int) error {
	*s = Splitter{}
	ip, v6, ok := network(frame)
	transport := int(h.CsumStart)
	if !ok || transport < ip+ip4Len || v6 && transport < ip+ip6Len || h.GSOSize == 0 {
		return ErrMalformed
	}
	var head int
	switch h.GSOType &^ GSOECN {
	case GSOTCPv4, GSOTCPv6:
		if v6 != (h.GSOType&^GSOECN == GSOTCPv6) || len(frame) < transport+tcpLen || h.CsumOffset != tcpCsum {
			return ErrMalformed
		}
		head = transport + int(frame[transport+12]>>4)*4
		if head < transport+tcpLen {
			return ErrMalformed
		}
	case GSOUDPL4:
		head = transport + udpLen
		if h.CsumOffset != udpCsum {
			return ErrMalformed
		}
	default:
		return ErrMalformed
	}
	if !v6 && transport != ip+int(frame[ip]&15)*4 || head >= len(frame) || head+int(h.GSOSize) > limit {
		return ErrMalformed
	}
	s.head, s.payload, s.size = frame[:head], frame[head:], int(h.GSOSize)
	s.ip, s.transport, s.v6, s.udp, s.first = ip, transport, v6, h.GSOType&^GSOECN == GSOUDPL4, true
	s.prepare(int(h.CsumOffset))
	return nil
}

// prepare sums what is the same in all segments. The pseudo header's sum is in the
// frame's checksum field: with a routing header (RFC 8200, 8.1) its destination is not
// that of the IPv6 header.
func (s *Splitter) prepare(offset int) {
	whole := uint16(len(s.head) - s.transport + len(s.payload))
	s.pseudo = sum(0).word(binary.BigEndian.Uint16(s.head[s.transport+offset:])).word(^whole)
	if !s.udp {
		s.seq = binary.BigEndian.Uint32(s.head[s.transport+4:])
	}
	if !s.v6 {
		h := s.head[s.ip:s.transport]
		s.id = binary.BigEndian.Uint16(h[4:])
		s.ipSum = sum(0).add(h[:2]).add(h[6:10]).add(h[12:])
	}
}

// Pending reports whether there are segments left.
func (s *Splitter) Pending() bool { return len(s.payload) > 0 }

// Next writes the next segment into buf, which has room for limit bytes, and
// gives its length. The checksum is made of what has just been copied, which is in the
// processor's cache: one loop that copies and sums is no faster (1448 bytes: 100 to
// 110 ns either way), and has nearly twice as many instructions.
func (s *Splitter) Next(buf []byte) int {
	size := min(s.size, len(s.payload))
	last := size == len(s.payload)
	n := len(s.head) + size
	copy(buf, s.head)
	copy(buf[len(s.head):n], s.payload)
	s.payload = s.payload[size:]

	s.network(buf, n)
	t := buf[s.transport:n]
	length := uint16(len(t))
	at := tcpCsum
	if s.udp {
		at = udpCsum
		binary.BigEndian.PutUint16(t[4:], length)
	} else {
		if !last {
			t[tcpFlags] &^= tcpFIN | tcpPSH
		}
		if !s.first {
			t[tcpFlags] &^= tcpCWR
		}
		binary.BigEndian.PutUint32(t[4:], s.seq)
		s.seq += uint32(size)
	}
	t[at], t[at+1] = 0, 0
	c := ^s.pseudo.word(length).add(t).fold()
	if s.udp && c == 0 {
		c = 0xffff // RFC 768: 0 says that there is none
	}
	binary.BigEndian.PutUint16(t[at:], c)
	s.first = false
	return n
}

// network makes the IP header of a segment whose end is at n.
func (s *Splitter) network(buf []byte, n int) {
	h := buf[s.ip:s.transport]
	if s.v6 {
		binary.BigEndian.PutUint16(h[4:], uint16(n-s.ip-ip6Len))
		return
	}
	length := uint16(n - s.ip)
	binary.BigEndian.PutUint16(h[2:], length)
	binary.BigEndian.PutUint16(h[4:], s.id)
	binary.BigEndian.PutUint16(h[10:], ^s.ipSum.word(length).word(s.id).fold())
	s.id++
}
