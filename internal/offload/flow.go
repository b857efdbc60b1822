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

// What steady gives.
var (
	steadyTCP4 = steadyBits(false, false)
	steadyUDP4 = steadyBits(false, true)
	steadyTCP6 = steadyBits(true, false)
	steadyUDP6 = steadyBits(true, true)
)

// steady has the bits of a plain segment's headers, in all of their bytes, that stay what
// they are from one segment of a joined frame to the next.
func (s *segment) steady() []byte {
	switch {
	case s.v6 && s.udp:
		return steadyUDP6
	case s.v6:
		return steadyTCP6
	case s.udp:
		return steadyUDP4
	}
	return steadyTCP4
}

func steadyBits(v6, udp bool) []byte {
	m := make([]byte, maxHeaders)
	for i := range m {
		m[i] = 0xff
	}
	ip, t := m[etherLen:], m[etherLen+ip4Len:]
	if v6 {
		t = m[etherLen+ip6Len:]
		clear(ip[4:6]) // payload length
	} else {
		clear(ip[2:6])   // total length, identification
		clear(ip[10:12]) // checksum
	}
	clear(t[4:8]) // sequence number; or length and checksum
	if !udp {
		t[tcpFlags] = ^byte(tcpPSH)
		clear(t[tcpCsum : tcpCsum+2])
	}
	return m
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
// some payload; TCP with no flags but ACK, PSH and ECE, or UDP with a checksum, unless
// it is to stay single.
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
			(t[udpCsum] != 0 || t[udpCsum+1] != 0) && !single(f, t) {
			return plain
		}
		return flow
	}
	return host
}

// single reports whether a datagram is to stay one. The kernel cuts what was joined for
// sockets of UDP only: packet and raw sockets get all of it as one packet. A DHCP client
// has such a socket, as it has no address yet, and takes nothing from a packet with two
// replies in it; so have some of those who listen to groups.
func single(frame, udp []byte) bool {
	return frame[0]&1 != 0 || // IEEE 802.3, 3.2.3
		dhcp(binary.BigEndian.Uint16(udp)) || dhcp(binary.BigEndian.Uint16(udp[2:]))
}

// dhcp reports whether a port is one of DHCP's (RFC 2131, 4.1; RFC 8415, 7.2).
func dhcp(port uint16) bool { return port == 67 || port == 68 || port == 546 || port == 547 }

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

// alike reports whether the headers of a frame, the n-th after s and with some payload
// behind as long headers, are those that cutting a joined frame would give it.
func (s *segment) alike(frame []byte, n int) bool {
	if !matching(s.frame[:s.payload], frame, s.steady()) {
		return false
	}
	a, b := s.frame[etherLen:], frame[etherLen:]
	if s.v6 {
		if int(binary.BigEndian.Uint16(b[4:])) != len(b)-ip6Len {
			return false
		}
	} else {
		// Identification counts up; or it stands still, which is as good when DF makes it
		// meaningless (RFC 6864).
		id, next := binary.BigEndian.Uint16(a[4:]), binary.BigEndian.Uint16(b[4:])
		if int(binary.BigEndian.Uint16(b[2:])) != len(b) || next != id+uint16(n) && (next != id || a[6] == 0) || unsteady(a) != unsteady(b) {
			return false
		}
	}
	if !s.udp {
		return true
	}
	t := frame[s.transport:]
	return int(binary.BigEndian.Uint16(t[4:])) == len(t) && (t[udpCsum] != 0 || t[udpCsum+1] != 0)
}

// unsteady is the sum of what changes in an IPv4 header from one segment to the next, with
// the checksum: when that of one is right, that of the other is where this is the same.
func unsteady(ip []byte) uint32 {
	return (uint32(binary.BigEndian.Uint16(ip[2:])) + uint32(binary.BigEndian.Uint16(ip[4:])) + uint32(binary.BigEndian.Uint16(ip[10:]))) % 0xffff
}

// matching reports whether b begins as a is, 8 bytes or more, in the bits that mask has.
func matching(a, b, mask []byte) bool {
	a, b, mask = a[:len(a):len(a)], b[:len(a):len(a)], mask[:len(a):len(a)] // spares checks
	last := len(a) - 8
	diff := (word(a[last:]) ^ word(b[last:])) & word(mask[last:])
	for i := 0; i < last; i += 8 {
		diff |= (word(a[i:]) ^ word(b[i:])) & word(mask[i:])
	}
	return diff == 0
}

func word(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

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
	return s.intact(s.frame, pseudo) && (s.v6 || sum(0).add(s.frame[etherLen:s.transport]).fold() == 0xffff)
}

// intact reports whether the checksum of TCP or UDP is right in a frame of the same flow.
func (s *segment) intact(frame []byte, pseudo sum) bool {
	t := frame[s.transport:]
	return pseudo.word(uint16(len(t))).add(t).fold() == 0xffff
}
