package usbtest

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
)

// Lengths of headers in bytes.
const (
	etherSize = 14
	arpSize   = 28
	ipSize    = 20
	icmpSize  = 8
	minPing   = etherSize + ipSize + icmpSize
)

var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ether starts a frame.
func ether(dst, src net.HardwareAddr, typ uint16) []byte {
	b := append(bytes.Clone(dst), src...)
	return binary.BigEndian.AppendUint16(b, typ)
}

// arpFrame makes an ARP packet for Ethernet and IPv4 (RFC 826); op 1 asks, 2
// answers.
func arpFrame(op uint16, mac net.HardwareAddr, ip netip.Addr, toMAC net.HardwareAddr, to netip.Addr) []byte {
	b := ether(toMAC, mac, 0x0806)
	b = append(b, 0, 1, 8, 0, 6, 4)
	b = binary.BigEndian.AppendUint16(b, op)
	b = append(append(b, mac...), ip.AsSlice()...)
	b = append(append(b, toMAC...), to.AsSlice()...)
	return append(b, make([]byte, 18)...) // to 60 bytes
}

// parseARP gives the op and who sent it.
func parseARP(b []byte) (op uint16, mac net.HardwareAddr, ip netip.Addr, ok bool) {
	if len(b) < etherSize+arpSize || b[12] != 0x08 || b[13] != 0x06 {
		return 0, nil, netip.Addr{}, false
	}
	a := b[etherSize:]
	return binary.BigEndian.Uint16(a[6:]), bytes.Clone(a[8:14]), netip.AddrFrom4([4]byte(a[14:18])), true
}

// echoFrame makes an ICMP echo request (RFC 792) in a frame of size bytes.
func echoFrame(size int, mac net.HardwareAddr, ip netip.Addr, toMAC net.HardwareAddr, to netip.Addr, seq uint16) []byte {
	b := ether(toMAC, mac, 0x0800)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(size-etherSize))
	b = append(b, 0, 0, 0x40, 0, 64, 1, 0, 0)
	b = append(append(b, ip.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(b[etherSize+10:], checksum(b[etherSize:]))
	b = append(b, 8, 0, 0, 0, 0x55, 0xaa)
	b = binary.BigEndian.AppendUint16(b, seq)
	for i := len(b); i < size; i++ {
		b = append(b, byte(i*7)+byte(i>>8)+byte(seq))
	}
	binary.BigEndian.PutUint16(b[etherSize+ipSize+2:], checksum(b[etherSize+ipSize:]))
	return b
}

// parseEchoReply gives the sequence number and payload of an ICMP echo reply,
// whose checksum it checks. What follows the IP packet is padding.
func parseEchoReply(b []byte) (seq uint16, payload []byte, ok bool) {
	if len(b) < minPing || b[12] != 0x08 || b[13] != 0 || b[14] != 0x45 || b[23] != 1 {
		return 0, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[16:]))
	if n < ipSize+icmpSize || n > len(b)-etherSize {
		return 0, nil, false
	}
	m := b[etherSize+ipSize : etherSize+n]
	if m[0] != 0 || m[4] != 0x55 || m[5] != 0xaa || checksum(m) != 0 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint16(m[6:]), m[icmpSize:], true
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
