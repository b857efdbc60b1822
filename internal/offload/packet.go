package offload

import "encoding/binary"

// Places and lengths in bytes (RFC 791, 3.1; RFC 8200, 3; RFC 9293, 3.1; RFC 768).
const (
	etherLen = 14
	tagLen   = 4
	ip4Len   = 20
	ip6Len   = 40
	tcpLen   = 20
	udpLen   = 8

	tcpFlags = 13
	tcpCsum  = 16
	udpCsum  = 6
)

// EtherTypes and protocols (IANA).
const (
	typeIP4   = 0x0800
	typeIP6   = 0x86dd
	typeVLAN  = 0x8100
	typeQinQ  = 0x88a8
	protoTCP  = 6
	protoUDP  = 17
	maxLength = 65535 // of an IP packet
)

// TCP's flags (RFC 9293, 3.1; RFC 3168, 6.1).
const (
	tcpFIN = 0x01
	tcpPSH = 0x08
	tcpACK = 0x10
	tcpECE = 0x40
	tcpCWR = 0x80
)

// network finds the IP header behind VLAN tags.
func network(frame []byte) (at int, v6, ok bool) {
	at = etherLen
	for at <= len(frame) {
		switch binary.BigEndian.Uint16(frame[at-2:]) {
		case typeIP4:
			return at, false, len(frame) >= at+ip4Len
		case typeIP6:
			return at, true, len(frame) >= at+ip6Len
		case typeVLAN, typeQinQ:
			at += tagLen
		default:
			return 0, false, false
		}
	}
	return 0, false, false
}

// addresses gives the bytes of both addresses of the IP header at ip.
func addresses(frame []byte, ip int, v6 bool) []byte {
	if v6 {
		return frame[ip+8 : ip+ip6Len]
	}
	return frame[ip+12 : ip+ip4Len]
}

// pseudo is the sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1) without
// the length.
func pseudo(addresses []byte, proto uint16) sum {
	return sum(0).add(addresses).word(proto)
}
