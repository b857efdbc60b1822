package offload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

const ack = header.TCPFlagAck

var timestamps = []byte{1, 1, 8, 10, 0, 0, 1, 2, 0, 0, 3, 4}

// What is joined becomes the frame that the kernel would have made, and cut again
// the frames that came, bit by bit.
func TestIdentity(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, tt := range []struct {
			name        string
			s           spec
			total, size int
		}{
			{"two", spec{flags: ack}, 2896, 1448},
			{"short last", spec{flags: ack, options: timestamps, seq: 0xfffffff0, id: 0xffff}, 10000, 1448},
			{"pushed last", spec{flags: ack | header.TCPFlagPsh, options: timestamps}, 14480, 1448},
			{"ECN echo", spec{flags: ack | 0x40}, 5000, 1000},
			{"odd sizes", spec{flags: ack}, 7777, 777},
			{"one byte each", spec{flags: ack}, 64, 1},
			{"datagrams", spec{udp: true}, 14720, 1472},
			{"short last datagram", spec{udp: true}, 1000, 64},
			{"large", spec{flags: ack}, 63 * 1000, 1000},
		} {
			t.Run(fmt.Sprintf("%s v6=%v", tt.name, v6), func(t *testing.T) {
				tt.s.v6 = v6
				frames := series(tt.s, tt.total, tt.size)
				packets := coalesce(all, frames...)
				if len(packets) != 1 {
					t.Fatalf("got %d packets of %d frames, want 1", len(packets), len(frames))
				}
				if got := split(t, packets[0]); !equal(got, frames) {
					t.Errorf("got other frames than those joined")
				}
				var h Header
				h.Decode(packets[0])
				whole := packets[0][HeaderLen:]
				if tt.s.udp || len(whole) > 60000 {
					return
				}
				// What the kernel sees is the frame with all of the payload.
				tt.s.payload = text(0, tt.total)
				if Complete(whole, h); !bytes.Equal(whole, tt.s.frame()) {
					t.Error("the joined frame is not the one that gVisor makes")
				}
			})
		}
	}
}

func equal(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// What is odd goes through as it came, and what follows it is not joined to what
// was before it.
func TestUntouched(t *testing.T) {
	const ip, tcp = etherLen, etherLen + ip4Len
	for name, change := range map[string]func(f []byte) []byte{
		"wrong checksum":   func(f []byte) []byte { f[len(f)-1]++; return f },
		"fragment":         func(f []byte) []byte { f[ip+6] = 0x20; return f },
		"last fragment":    func(f []byte) []byte { f[ip+7] = 1; return f },
		"IP options":       func(f []byte) []byte { f[ip] = 0x46; return f },
		"congestion":       func(f []byte) []byte { f[ip+1] |= 3; return f },
		"other TTL":        func(f []byte) []byte { f[ip+8]--; return f },
		"jumping id":       func(f []byte) []byte { f[ip+4]++; return f },
		"without DF":       func(f []byte) []byte { f[ip+6] = 0; return f },
		"Ethernet padding": func(f []byte) []byte { return append(f, 0, 0) },
		"cut short":        func(f []byte) []byte { return f[:len(f)-1] },
		"urgent":           func(f []byte) []byte { f[tcp+tcpFlags] |= 0x20; f[tcp+19] = 1; return f },
		"finished":         func(f []byte) []byte { f[tcp+tcpFlags] |= tcpFIN; return f },
		"reset":            func(f []byte) []byte { f[tcp+tcpFlags] |= 4; return f },
		"SYN":              func(f []byte) []byte { f[tcp+tcpFlags] |= 2; return f },
		"CWR":              func(f []byte) []byte { f[tcp+tcpFlags] |= tcpCWR; return f },
		"no ACK":           func(f []byte) []byte { f[tcp+tcpFlags] = 0; return f },
		"reserved bits":    func(f []byte) []byte { f[tcp+12] |= 1; return f },
		"zero window":      func(f []byte) []byte { f[tcp+14], f[tcp+15] = 0, 0; return f },
		"other ACK":        func(f []byte) []byte { f[tcp+11]++; return f },
		"out of order":     func(f []byte) []byte { f[tcp+7] ^= 0x80; return f },
		"longer":           func(f []byte) []byte { f[ip+3]++; return append(f, 1) },
		"short TCP header": func(f []byte) []byte { f[tcp+12] = 0x40; return f },
		"TCP header only":  func(f []byte) []byte { f[ip+2], f[ip+3] = 0, 40; return f[:tcp+tcpLen] },
		"other source":     func(f []byte) []byte { f[6]++; return f },
	} {
		t.Run(name, func(t *testing.T) {
			frames := series(spec{flags: ack}, 500, 100)
			frames[2] = change(frames[2])
			switch name {
			case "wrong checksum", "cut short", "IP options", "Ethernet padding":
			default: // it is not the checksum that sets it apart
				seal(frames[2], false, false)
			}
			packets := coalesce(all, frames...)
			if want := []int{2, 1, 2}; !equalInts(counts(t, packets), want) {
				t.Errorf("got packets of %v frames, want %v", counts(t, packets), want)
			}
			if got := splitAll(t, packets); !equal(got, frames) {
				t.Error("frames were changed, or their order")
			}
		})
	}
}

// Whichever bit of a segment's headers is another one, it is not lost by joining.
func TestHeaderBits(t *testing.T) {
	for _, s := range []spec{{flags: ack, options: timestamps}, {udp: true}, {flags: ack, options: timestamps, v6: true}, {udp: true, v6: true}} {
		frames := series(s, 200, 100)
		head := len(frames[0]) - 100
		sums := []int{head - udpLen + udpCsum}
		if !s.udp {
			sums[0] = head - len(s.options) - tcpLen + tcpCsum
		}
		if !s.v6 {
			sums = append(sums, etherLen+10)
		}
		for bit := range head * 8 {
			other := bytes.Clone(frames[1])
			other[bit/8] ^= 1 << (bit % 8)
			if !slices.Contains(sums, bit/8&^1) {
				seal(other, s.v6, s.udp)
			}
			got := splitAll(t, coalesce(all, frames[0], other))
			if len(got) != 2 || !bytes.Equal(got[0], frames[0]) || !bytes.Equal(normal(got[1]), normal(other)) {
				t.Errorf("v6 %v, udp %v: bit %d of byte %d is lost", s.v6, s.udp, bit%8, bit/8)
			}
		}
	}
}

// Nor is it with another address, also when the checksums are the same with that.
func TestPeers(t *testing.T) {
	for _, s := range []spec{{flags: ack}, {flags: ack, v6: true}} {
		frames := series(s, 200, 100)
		for i := range 2 {
			other := bytes.Clone(frames[1])
			peers := addresses(other, etherLen, s.v6)
			peer := peers[i*len(peers)/2:][:len(peers)/2]
			first, last := peer[:2], peer[len(peer)-2:]
			first[0], first[1], last[0], last[1] = last[0], last[1], first[0], first[1]
			packets := coalesce(all, frames[0], other)
			if got := splitAll(t, packets); len(packets) != 2 || !equal(got, [][]byte{frames[0], other}) {
				t.Errorf("v6 %v, address %d: got %d packets, want 2 that are as they came", s.v6, i, len(packets))
			}
		}
	}
}

// Behind a routing header (RFC 8200, 4.4) the pseudo header has the final destination,
// which only the sum that the kernel has made says.
func TestRoutingHeader(t *testing.T) {
	const routing = 24 // type 2, with one address (RFC 6275, 6.4)
	final := tcpip.AddrFrom16([16]byte{0xfd, 15: 9})
	frame := spec{v6: true, flags: ack, payload: text(0, 2500)}.frame()
	const ip, plain = etherLen, etherLen + ip6Len
	options := append([]byte{protoTCP, 2, 2, 1, 0, 0, 0, 0}, final.AsSlice()...)
	frame = slices.Insert(frame, plain, options...)
	frame[ip+6] = 43
	const transport = plain + routing
	length := len(frame) - transport
	field := frame[transport+tcpCsum:]
	binary.BigEndian.PutUint16(field, header.PseudoHeaderChecksum(header.TCPProtocolNumber, addr6[0], final, uint16(length)))
	var s Splitter
	h := Header{Flags: NeedsCsum, GSOType: GSOTCPv6, GSOSize: 1000, CsumStart: transport, CsumOffset: tcpCsum}
	if err := s.Start(frame, h, 1514); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1514)
	for s.Pending() {
		segment := buf[transport:s.Next(buf)]
		x := header.PseudoHeaderChecksum(header.TCPProtocolNumber, addr6[0], final, uint16(len(segment)))
		if got := checksum.Checksum(segment, x); got != 0xffff {
			t.Errorf("a segment of %d bytes has a wrong checksum: the sum is %#x", len(segment), got)
		}
	}
}

// A datagram whose checksum comes out as 0 has 0xffff: 0 says that there is none.
func TestZeroChecksum(t *testing.T) {
	s := spec{udp: true, v6: true, payload: []byte{0, 0}}
	const at = etherLen + ip6Len + udpCsum
	s.payload = bytes.Clone(s.frame()[at : at+2]) // with it the sum is all ones
	frames := [][]byte{s.frame(), s.frame()}
	if got := frames[0][at : at+2]; got[0] != 0xff || got[1] != 0xff {
		t.Fatalf("got a checksum of % x to begin with", got)
	}
	packets := coalesce(all, frames...)
	if got := splitAll(t, packets); len(packets) != 1 || !equal(got, frames) {
		t.Errorf("got %d packets of % x, want 1 of % x", len(packets), got, frames)
	}
	const transport = etherLen + ip6Len
	f := bytes.Clone(frames[0])
	x := header.PseudoHeaderChecksum(header.UDPProtocolNumber, addr6[0], addr6[1], uint16(len(f)-transport))
	binary.BigEndian.PutUint16(f[at:], x) // as the kernel leaves it to us
	if ok := Complete(f, Header{Flags: NeedsCsum, CsumStart: transport, CsumOffset: udpCsum}); !ok || !bytes.Equal(f, frames[0]) {
		t.Errorf("Complete: got %v, a checksum of % x, want ff ff", ok, f[at:at+2])
	}
}

func counts(t *testing.T, packets [][]byte) (n []int) {
	for _, p := range packets {
		n = append(n, len(split(t, p)))
	}
	return n
}

func equalInts(a, b []int) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// Flows do not disturb each other, and a pushed segment ends what is joined.
func TestFlows(t *testing.T) {
	a := series(spec{flags: ack, id: 1}, 400, 100)
	b := series(spec{flags: ack | header.TCPFlagPsh, port: 1001}, 400, 100)
	u := series(spec{udp: true}, 200, 100)
	tagged := append(append(append([]byte{}, a[0][:12]...), 0x81, 0, 0, 5), a[0][12:]...)
	arp := append(append([]byte{}, a[0][:12]...), 8, 6, 0, 1)
	batch := [][]byte{a[0], b[0], a[1], b[1], arp, u[0], b[2], tagged, u[1], a[2], b[3], a[3]}
	packets := coalesce(all, batch...)
	if got, want := counts(t, packets), []int{4, 4, 1, 2, 1}; !equalInts(got, want) {
		t.Errorf("got packets of %v frames, want %v", got, want)
	}
	again := series(spec{flags: ack | header.TCPFlagPsh}, 200, 100)
	more := series(spec{flags: ack, seq: 200, id: 2}, 200, 100)
	if got := counts(t, coalesce(all, append(again, more...)...)); !equalInts(got, []int{2, 2}) {
		t.Errorf("after a push: got packets of %v frames, want 2 and 2", got)
	}
}

func TestProtocols(t *testing.T) {
	for i, s := range []spec{{flags: ack}, {udp: true}, {flags: ack, v6: true}, {udp: true, v6: true}} {
		for j, p := range []Protocols{{TCP4: true}, {UDP4: true}, {TCP6: true}, {UDP6: true}, {}} {
			want := 4
			if i == j {
				want = 1
			}
			if got := len(coalesce(p, series(s, 400, 100)...)); got != want {
				t.Errorf("%+v with %+v: got %d packets, want %d", s, p, got, want)
			}
		}
	}
}

// A datagram's checksum of 0 means that there is none: it cannot be verified.
func TestNoChecksum(t *testing.T) {
	const at = etherLen + ip4Len + udpCsum
	odd := spec{udp: true, payload: []byte{0, 0}}
	odd.payload = bytes.Clone(odd.frame()[at : at+2]) // a sum of all ones, with 0 as with 0xffff
	for _, frames := range [][][]byte{series(spec{udp: true}, 200, 100), {odd.frame(), odd.frame()}} {
		frames[1][at], frames[1][at+1] = 0, 0
		if got := coalesce(all, frames...); len(got) != 2 || !equal(splitAll(t, got), frames) {
			t.Errorf("got %d packets, want 2 that are as they came", len(got))
		}
	}
}

// A joined frame is no longer than an IP packet can be.
func TestLongest(t *testing.T) {
	for _, s := range []spec{{flags: ack}, {udp: true}, {flags: ack, v6: true}, {udp: true, v6: true}} {
		frames := series(s, 60*1400, 1400)
		packets := coalesce(all, frames...)
		if got := counts(t, packets); !equalInts(got, []int{46, 14}) || !equal(splitAll(t, packets), frames) {
			t.Errorf("%+v: got packets of %v frames, want 46 and 14 that are as they came", s, got)
		}
	}
}

// Only the first segment says that the congestion window was reduced, and only the last
// one pushes and ends.
func TestFlags(t *testing.T) {
	frames := series(spec{flags: ack}, 3000, 1000)
	packet := coalesce(all, frames...)[0]
	packet[1] |= GSOECN
	packet[HeaderLen+etherLen+ip4Len+tcpFlags] |= tcpCWR | tcpPSH | tcpFIN
	want := []byte{tcpACK | tcpCWR, tcpACK, tcpACK | tcpPSH | tcpFIN}
	for i, f := range split(t, packet) {
		if got := f[etherLen+ip4Len+tcpFlags]; got != want[i] {
			t.Errorf("segment %d has flags %#x, want %#x", i, got, want[i])
		}
		if s := (segment{frame: f, transport: etherLen + ip4Len}); !s.sound(s.pseudo()) {
			t.Errorf("segment %d: wrong checksum", i)
		}
	}
}

func TestMalformed(t *testing.T) {
	whole := coalesce(all, series(spec{flags: ack}, 3000, 1000)...)[0]
	for name, change := range map[string]func(h *Header, f []byte) []byte{
		"no size":         func(h *Header, f []byte) []byte { h.GSOSize = 0; return f },
		"over the limit":  func(h *Header, f []byte) []byte { h.GSOSize = 1461; return f },
		"other family":    func(h *Header, f []byte) []byte { h.GSOType = GSOTCPv6; return f },
		"unknown type":    func(h *Header, f []byte) []byte { h.GSOType = 3; return f },
		"start too early": func(h *Header, f []byte) []byte { h.CsumStart = 14; return f },
		"start too late":  func(h *Header, f []byte) []byte { h.CsumStart = 65535; return f },
		"other offset":    func(h *Header, f []byte) []byte { h.CsumOffset = 6; return f },
		"cut":             func(h *Header, f []byte) []byte { return f[:40] },
		"no payload":      func(h *Header, f []byte) []byte { return f[:54] },
		"not IP":          func(h *Header, f []byte) []byte { f[12] = 9; return f },
		"IP options":      func(h *Header, f []byte) []byte { f[etherLen] = 0x46; return f },
		"no IP options":   func(h *Header, f []byte) []byte { h.CsumStart += 4; f[h.CsumStart+12] = 0x50; return f },
		"tags for ever":   func(h *Header, f []byte) []byte { return bytes.Repeat([]byte{0x81, 0}, 500) },
	} {
		var h Header
		h.Decode(whole)
		f := change(&h, bytes.Clone(whole[HeaderLen:]))
		var s Splitter
		if err := s.Start(f, h, 1514); err != ErrMalformed || s.Pending() {
			t.Errorf("%s: got %v, want %v", name, err, ErrMalformed)
		}
	}
}

func TestDoesNotAllocate(t *testing.T) {
	frames := series(spec{flags: ack}, 30000, 1000)
	c, buf := Coalescer{Protocols: all}, make([]byte, 2000)
	var s Splitter
	whole := coalesce(all, frames...)[0]
	var h Header
	h.Decode(whole)
	if n := testing.AllocsPerRun(10, func() {
		for _, f := range frames {
			c.Add(f)
		}
		c.Packet(0)
		c.Reset()
		_ = s.Start(whole[HeaderLen:], h, 1514)
		for s.Pending() {
			s.Next(buf)
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}
