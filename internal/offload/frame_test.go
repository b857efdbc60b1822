package offload

import (
	"bytes"
	"encoding/binary"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// all is every protocol.
var all = Protocols{TCP4: true, UDP4: true, TCP6: true, UDP6: true}

// A spec says what frame gVisor is to make.
type spec struct {
	v6, udp bool
	id      uint16
	seq     uint32
	flags   header.TCPFlags
	options []byte
	port    uint16
	payload []byte
}

var (
	addr4 = [2]tcpip.Address{tcpip.AddrFrom4([4]byte{10, 0, 0, 1}), tcpip.AddrFrom4([4]byte{10, 0, 0, 2})}
	addr6 = [2]tcpip.Address{
		tcpip.AddrFrom16([16]byte{0xfd, 15: 1}), tcpip.AddrFrom16([16]byte{0xfd, 15: 2}),
	}
)

// frame makes a frame with gVisor's headers and checksums.
func (s spec) frame() []byte {
	transport := etherLen + ip4Len
	if s.v6 {
		transport = etherLen + ip6Len
	}
	head := transport + udpLen
	if !s.udp {
		head = transport + tcpLen + len(s.options)
	}
	f := append(make([]byte, head), s.payload...)
	copy(f, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02")
	addr, number := addr4, header.TCPProtocolNumber
	if s.udp {
		number = header.UDPProtocolNumber
	}
	if s.v6 {
		addr = addr6
		binary.BigEndian.PutUint16(f[12:], typeIP6)
		header.IPv6(f[etherLen:]).Encode(&header.IPv6Fields{
			PayloadLength: uint16(len(f) - transport), TransportProtocol: number, HopLimit: 64,
			SrcAddr: addr[0], DstAddr: addr[1], TrafficClass: 0x12,
		})
	} else {
		binary.BigEndian.PutUint16(f[12:], typeIP4)
		ip := header.IPv4(f[etherLen:])
		ip.Encode(&header.IPv4Fields{
			TotalLength: uint16(len(f) - etherLen), ID: s.id, TTL: 64, Protocol: uint8(number),
			SrcAddr: addr[0], DstAddr: addr[1], Flags: header.IPv4FlagDontFragment, TOS: 0x12,
		})
		ip.SetChecksum(^ip.CalculateChecksum())
	}
	x := header.PseudoHeaderChecksum(number, addr[0], addr[1], uint16(len(f)-transport))
	x = checksum.Combine(x, checksum.Checksum(s.payload, 0))
	port := max(s.port, 1000)
	if s.udp {
		u := header.UDP(f[transport:])
		u.Encode(&header.UDPFields{SrcPort: port, DstPort: 2000, Length: uint16(len(f) - transport)})
		c := ^u.CalculateChecksum(x)
		if c == 0 {
			c = 0xffff
		}
		u.SetChecksum(c)
		return f
	}
	tcp := header.TCP(f[transport:])
	tcp.Encode(&header.TCPFields{
		SrcPort: port, DstPort: 2000, SeqNum: s.seq, AckNum: 7, DataOffset: uint8(tcpLen + len(s.options)),
		Flags: s.flags, WindowSize: 500,
	})
	copy(f[transport+tcpLen:], s.options)
	tcp.SetChecksum(^tcp.CalculateChecksum(x))
	return f
}

// seal makes gVisor's checksums in a frame that has been changed, as long as the IP
// header has no options and the transport's reaches to the end of the frame.
func seal(f []byte, v6, udp bool) {
	transport, size, proto := etherLen+ip4Len, 4, f[etherLen+9]
	if v6 {
		transport, size, proto = etherLen+ip6Len, 16, f[etherLen+6]
	} else {
		h := f[etherLen:transport]
		binary.BigEndian.PutUint16(h[10:], 0)
		binary.BigEndian.PutUint16(h[10:], ^checksum.Checksum(h, 0))
	}
	at := transport + tcpCsum
	if udp {
		at = transport + udpCsum
	}
	binary.BigEndian.PutUint16(f[at:], 0)
	x := checksum.Checksum(f[transport-2*size:transport], 0)
	x = checksum.Combine(checksum.Combine(x, uint16(proto)), uint16(len(f)-transport))
	binary.BigEndian.PutUint16(f[at:], ^checksum.Checksum(f[transport:], x))
}

// text makes a payload that shows where it belongs.
func text(from, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte((from + i) * 7)
	}
	return b
}

// series makes the segments that a sender would make of one payload.
func series(s spec, total, size int) [][]byte {
	var frames [][]byte
	last := s.flags
	for at := 0; at < total; at += size {
		n := min(size, total-at)
		s.payload = text(at, n)
		s.flags = last
		if at+n < total {
			s.flags &^= header.TCPFlagPsh | header.TCPFlagFin
		}
		frames = append(frames, s.frame())
		s.seq += uint32(n)
		s.id++
	}
	return frames
}

// coalesce gives what a batch becomes, each with its header.
func coalesce(p Protocols, frames ...[]byte) (packets [][]byte) {
	c := Coalescer{Protocols: p}
	for _, f := range frames {
		c.Add(f)
	}
	for i := range c.Len() {
		head, pieces := c.Packet(i)
		packets = append(packets, append(bytes.Clone(head), bytes.Join(pieces, nil)...))
	}
	c.Reset()
	return packets
}

// split gives the frames that a packet is cut into.
func split(t testing.TB, packet []byte) (frames [][]byte) {
	t.Helper()
	var h Header
	h.Decode(packet)
	frame := bytes.Clone(packet[HeaderLen:])
	if h.GSOType == GSONone {
		if h.Flags&NeedsCsum != 0 && !Complete(frame, h) {
			t.Fatalf("Complete: %+v", h)
		}
		return [][]byte{frame}
	}
	var s Splitter
	if err := s.Start(frame, h, 9018); err != nil {
		t.Fatalf("Start: %v: %+v", err, h)
	}
	blank := bytes.Repeat([]byte{0xa5}, 9018)
	for s.Pending() {
		buf := bytes.Clone(blank)
		n := s.Next(buf)
		if !bytes.Equal(buf[n:], blank[n:]) {
			t.Fatalf("something is written behind a segment of %d bytes", n)
		}
		frames = append(frames, buf[:n])
	}
	return frames
}

func splitAll(t testing.TB, packets [][]byte) (frames [][]byte) {
	t.Helper()
	for _, p := range packets {
		frames = append(frames, split(t, p)...)
	}
	return frames
}
