package netstack

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

const stationMAC = "\x02\x00\x00\x00\x00\x02"

// A station speaks TCP with the echo service, segment by segment.
type station struct {
	t       *testing.T
	network *Network
	answers chan []byte // frames

	seq, ack uint32 // the next byte of each side
	window   uint16 // ours
	acked    uint32 // what the service has of ours
	edge     uint32 // the first byte that the service has no room for
	scale    int    // of its windows
	received int    // bytes that came back
}

func newStation(t *testing.T) *station {
	s := &station{t: t, network: newNetwork(t, Config{}), answers: make(chan []byte, 4096), seq: 1000, scale: -1}
	check(t, s.network.Start(func(frames [][]byte) {
		for _, f := range frames {
			s.answers <- bytes.Clone(f)
		}
	}))
	t.Cleanup(func() { check(t, s.network.Close()) })
	return s
}

// segment makes a frame and moves seq on.
func (s *station) segment(flags header.TCPFlags, options []byte, size int) []byte {
	const ip, tcp = header.EthernetMinimumSize, header.EthernetMinimumSize + header.IPv4MinimumSize
	from, to := tcpip.AddrFrom4([4]byte{10, 0, 0, 2}), tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	f := make([]byte, tcp+header.TCPMinimumSize+len(options)+size)
	header.Ethernet(f).Encode(&header.EthernetFields{
		SrcAddr: stationMAC, DstAddr: tcpip.LinkAddress(s.network.config.MAC), Type: header.IPv4ProtocolNumber,
	})
	header.IPv4(f[ip:]).Encode(&header.IPv4Fields{
		TotalLength: uint16(len(f) - ip), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: from, DstAddr: to,
	})
	header.IPv4(f[ip:]).SetChecksum(^header.IPv4(f[ip:]).CalculateChecksum())
	h := header.TCP(f[tcp:])
	h.Encode(&header.TCPFields{
		SrcPort: 4000, DstPort: 7, SeqNum: s.seq, AckNum: s.ack, Flags: flags, WindowSize: s.window,
		DataOffset: uint8(header.TCPMinimumSize + len(options)),
	})
	copy(h[header.TCPMinimumSize:], options)
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, from, to, uint16(len(h)))
	h.SetChecksum(^checksum.Checksum(h, sum))
	s.seq += uint32(size)
	if flags.Contains(header.TCPFlagSyn) {
		s.seq++
	}
	return f
}

// present answers an ARP request.
func present(request []byte) []byte {
	f := make([]byte, header.EthernetMinimumSize+header.ARPSize)
	asked, answer := header.ARP(request), header.ARP(f[header.EthernetMinimumSize:])
	header.Ethernet(f).Encode(&header.EthernetFields{
		SrcAddr: stationMAC, DstAddr: tcpip.LinkAddress(asked.HardwareAddressSender()), Type: header.ARPProtocolNumber,
	})
	answer.SetIPv4OverEthernet()
	answer.SetOp(header.ARPReply)
	copy(answer.HardwareAddressSender(), stationMAC)
	copy(answer.ProtocolAddressSender(), asked.ProtocolAddressTarget())
	copy(answer.HardwareAddressTarget(), asked.HardwareAddressSender())
	copy(answer.ProtocolAddressTarget(), asked.ProtocolAddressSender())
	return f
}

// hear takes what the service has sent, waiting for some of it at most so long. It
// reports whether there was something.
func (s *station) hear(patience time.Duration) bool {
	s.t.Helper()
	for heard := false; ; heard = true {
		var frame []byte
		select {
		case frame = <-s.answers:
		default:
			if heard {
				return true
			}
			select {
			case frame = <-s.answers:
			case <-time.After(patience):
				return false
			}
		}
		packet := frame[header.EthernetMinimumSize:]
		if header.Ethernet(frame).Type() == header.ARPProtocolNumber {
			s.network.Send([][]byte{present(packet)})
			continue
		}
		if ip := header.IPv4(packet); !ip.IsValid(len(packet)) || ip.TransportProtocol() != header.TCPProtocolNumber {
			continue
		}
		h := header.TCP(header.IPv4(packet).Payload())
		if h.Flags().Contains(header.TCPFlagSyn) {
			s.ack, s.scale = h.SequenceNumber()+1, header.ParseSynOptions(h.Options(), true).WS
			s.edge = h.AckNumber() + uint32(h.WindowSize())
			continue
		}
		s.acked = h.AckNumber()
		// What is on its way may use a window that has become smaller meanwhile.
		if edge := h.AckNumber() + uint32(h.WindowSize())<<s.scale; int32(edge-s.edge) > 0 {
			s.edge = edge
		}
		if h.SequenceNumber() == s.ack {
			s.ack += uint32(len(h.Payload()))
			s.received += len(h.Payload())
		}
	}
}

// A service whose both directions stand still goes on when its peer takes what it
// sends, although the peer has filled the service's window to the last byte. The last
// bytes are fewer than a unit of the window that is announced for a large buffer.
func TestEchoGoesOnAfterBothWindowsWereClosed(t *testing.T) {
	const segment, rest = 1460, 23
	s := newStation(t)
	s.network.Send([][]byte{s.segment(header.TCPFlagSyn, []byte{2, 4, 0x05, 0xb4, 3, 3, 0, 1}, 0)}) // MSS, window scale
	for s.scale < 0 {
		if !s.hear(20 * time.Second) {
			t.Fatal("no answer to a SYN")
		}
	}
	s.network.Send([][]byte{s.segment(header.TCPFlagAck, nil, 0)}) // with no room for an answer

	for s.seq != s.edge || s.hear(time.Second) { // or else it reads no more
		size := s.edge - s.seq
		switch {
		case size > segment:
			size = segment
		case size > rest:
			size -= rest
		}
		s.network.Send([][]byte{s.segment(header.TCPFlagAck|header.TCPFlagPsh, nil, int(size))})
		for s.acked != s.seq && s.hear(time.Second) {
		}
	}
	s.window = 65535
	for end := time.Now().Add(20 * time.Second); s.received < 1<<20; {
		s.network.Send([][]byte{s.segment(header.TCPFlagAck, nil, 0)})
		if s.hear(100 * time.Millisecond); time.Now().After(end) {
			t.Fatalf("%d bytes came back of %d; the service's windows are in units of %d bytes", s.received, s.seq-1001, 1<<s.scale)
		}
	}
}
