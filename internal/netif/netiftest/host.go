package netiftest

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A Host is what is behind a network interface's hardware: a neighbor that
// answers ARP requests and ICMP echo requests for one address.
type Host struct {
	MAC  net.HardwareAddr
	Addr netip.Addr
}

// Offsets in an Ethernet frame (RFC 826 for ARP, RFC 791 and 792 for the rest).
const (
	etherType = 12
	arpOp     = 20
	arpSHA    = 22
	arpSPA    = 28
	arpTHA    = 32
	arpTPA    = 38
	arpEnd    = 42
	ipProto   = 23
	ipSource  = 26
	ipDest    = 30
	icmpType  = 34
	icmpSum   = 36
	icmpEnd   = 42
)

// Answer gives the answer to a frame, or nil when there is none. The frame is the
// caller's again when it returns.
func (h Host) Answer(frame []byte) []byte {
	if len(frame) < arpEnd {
		return nil
	}
	own := h.Addr.AsSlice()
	switch binary.BigEndian.Uint16(frame[etherType:]) {
	case unix.ETH_P_ARP:
		if frame[arpOp+1] == 1 && bytes.Equal(frame[arpTPA:arpEnd], own) {
			return h.answerARP(frame)
		}
	case unix.ETH_P_IP:
		if len(frame) >= icmpEnd && frame[14] == 0x45 && frame[ipProto] == unix.IPPROTO_ICMP &&
			frame[icmpType] == 8 && bytes.Equal(frame[ipDest:icmpType], own) {
			return h.answerEcho(frame)
		}
	}
	return nil
}

func (h Host) answerARP(frame []byte) []byte {
	a := h.back(frame)
	a[arpOp+1] = 2
	copy(a[arpTHA:], frame[arpSHA:arpTHA])
	copy(a[arpSHA:], h.MAC)
	copy(a[arpSPA:], h.Addr.AsSlice())
	return a
}

func (h Host) answerEcho(frame []byte) []byte {
	a := h.back(frame)
	copy(a[ipSource:], frame[ipDest:icmpType])
	copy(a[ipDest:], frame[ipSource:ipDest])
	a[icmpType] = 0
	// RFC 1624: the sum goes up by what the type went down.
	sum := uint32(binary.BigEndian.Uint16(a[icmpSum:])) + 8<<8
	binary.BigEndian.PutUint16(a[icmpSum:], uint16(sum+sum>>16))
	return a
}

// back gives a copy of a frame, addressed to its sender.
func (h Host) back(frame []byte) []byte {
	a := bytes.Clone(frame)
	copy(a, frame[6:12])
	copy(a[6:], h.MAC)
	return a
}
