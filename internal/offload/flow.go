package offload

import "encoding/binary"

// A Protocols says which frames may be joined.
type Protocols struct{ TCP4, UDP4, TCP6, UDP6 bool }

// A segment is a received frame, as far as its headers tell of its flow.
type segment struct {
	frame     []byte
	transport int // where the ports are
	payload   int // where it begins, in a plain one
	v6, udp   bool
}

// A kind says what a frame is to the flows of its batch.
type kind int

const (
	foreign kind = iota // not IP: nothing
	host                // of some flow between two hosts: it may end every one
	flow                // of one flow: it ends what is joined of it
	plain               // it may be joined to others
)

// parse finds out what a frame is. Plain ones are one IP packet, exactly as long
// as the frame; with no tags, no IP options or extension headers, no fragments, and
// some payload; TCP with no flags but ACK, PSH and ECE, or UDP with a checksum.
func (s *segment) parse(f []byte, p Protocols) kind {
	if len(f) < etherLen+ip4Len {
		return foreign
	}
	*s = segment{frame: f}
	var proto byte
	var whole bool
	switch ip := f[etherLen:]; binary.BigEndian.Uint16(f[12:]) {
	case typeIP4:
		s.transport, proto = etherLen+ip4Len, ip[9]
		if ip[0] != 0x45 || ip[6]&^0x40 != 0 || ip[7] != 0 { // options; a fragment: DF is all there may be
			return host
		}
		whole = int(binary.BigEndian.Uint16(ip[2:])) == len(ip)
	case typeIP6:
		if len(ip) < ip6Len {
			return foreign
		}
		s.v6, s.transport, proto = true, etherLen+ip6Len, ip[6]
		whole = ip[0]>>4 == 6 && int(binary.BigEndian.Uint16(ip[4:])) == len(ip)-ip6Len
	default:
		return foreign
	}
	t := f[s.transport:]
	switch {
	case proto == protoTCP && len(t) >= tcpLen:
		head := int(t[12]>>4) * 4
		s.payload = s.transport + head
		if whole && p.tcp(s.v6) && head >= tcpLen && len(t) > head &&
			t[tcpFlags]&^(tcpPSH|tcpECE) == tcpACK && t[12]&15 == 0 {
			return plain
		}
		return flow
	case proto == protoUDP && len(t) >= udpLen:
		s.udp, s.payload = true, s.transport+udpLen
		if whole && p.udp(s.v6) && int(binary.BigEndian.Uint16(t[4:])) == len(t) && len(t) > udpLen &&
			(t[udpCsum] != 0 || t[udpCsum+1] != 0) {
			return plain
		}
		return flow
	}
	return host
}

func (p Protocols) tcp(v6 bool) bool { return v6 && p.TCP6 || !v6 && p.TCP4 }
func (p Protocols) udp(v6 bool) bool { return v6 && p.UDP6 || !v6 && p.UDP4 }

// same reports whether two segments are of one flow: addresses, protocol, ports.
func (s *segment) same(o *segment) bool {
	return s.udp == o.udp && s.v6 == o.v6 &&
		binary.BigEndian.Uint32(s.frame[s.transport:]) == binary.BigEndian.Uint32(o.frame[s.transport:]) &&
		s.samePeers(o)
}

func (s *segment) samePeers(o *segment) bool {
	a, b := s.addresses(), o.addresses()
	if s.v6 {
		return o.v6 && *(*[32]byte)(a) == *(*[32]byte)(b)
	}
	return !o.v6 && *(*[8]byte)(a) == *(*[8]byte)(b)
}

func (s *segment) addresses() []byte { return addresses(s.frame, etherLen, s.v6) }

// alike reports whether the headers of a segment of the same flow, the n-th after
// s, are those that cutting a joined frame would give it. What has a fixed length is
// compared as an array, which takes no call.
func (s *segment) alike(o *segment, n int) bool {
	a, b := s.frame, o.frame
	if *(*[etherLen]byte)(a) != *(*[etherLen]byte)(b) || s.payload != o.payload {
		return false
	}
	x, y := a[etherLen:], b[etherLen:]
	if s.v6 { // class and flow label, hop limit
		if *(*[4]byte)(x) != *(*[4]byte)(y) || x[7] != y[7] {
			return false
		}
	} else {
		// Type of service, DF, time to live. Identification counts up; or it
		// stands still, which is as good when DF makes it meaningless (RFC 6864).
		id, next := binary.BigEndian.Uint16(x[4:]), binary.BigEndian.Uint16(y[4:])
		if x[1] != y[1] || x[6] != y[6] || x[8] != y[8] || next != id+uint16(n) && (next != id || x[6] == 0) {
			return false
		}
	}
	if s.udp {
		return true
	}
	t, u := a[s.transport:s.payload], b[s.transport:s.payload]
	return *(*[4]byte)(t[8:]) == *(*[4]byte)(u[8:]) && // acknowledgment
		(t[tcpFlags]^u[tcpFlags])&^tcpPSH == 0 &&
		*(*[2]byte)(t[14:]) == *(*[2]byte)(u[14:]) && // window
		string(t[tcpCsum+2:]) == string(u[tcpCsum+2:]) // urgent pointer, options
}

func (s *segment) seq() uint32 { return binary.BigEndian.Uint32(s.frame[s.transport+4:]) }

func (s *segment) pushed() bool { return !s.udp && s.frame[s.transport+tcpFlags]&tcpPSH != 0 }

func (s *segment) size() int { return len(s.frame) - s.payload }

// pseudo is the sum of the pseudo header, without the length: the same for a flow.
func (s *segment) pseudo() sum {
	if s.udp {
		return pseudo(s.addresses(), protoUDP)
	}
	return pseudo(s.addresses(), protoTCP)
}

// sound reports whether the checksums are right.
func (s *segment) sound(pseudo sum) bool {
	t := s.frame[s.transport:]
	if pseudo.word(uint16(len(t))).add(t).fold() != 0xffff {
		return false
	}
	return s.v6 || sum(0).add(s.frame[etherLen:s.transport]).fold() == 0xffff
}
