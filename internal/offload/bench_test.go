package offload

import (
	"encoding/binary"
	"testing"
)

// largeFrame has ten full segments of TCP over IPv4 with timestamps, and what the
// kernel says of it.
func largeFrame() ([]byte, Header) {
	frame := append([]byte{
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0, 80, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 1, 0x80, 0x10, 1, 0, 0, 0, 0, 0,
		1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2,
	}, make([]byte, 10*1448)...)
	binary.BigEndian.PutUint16(frame[50:], pseudo(addresses(frame, etherLen, false), protoTCP).word(uint16(len(frame)-34)).fold())
	return frame, Header{Flags: NeedsCsum, GSOType: GSOTCPv4, GSOSize: 1448, CsumStart: 34, CsumOffset: tcpCsum}
}

// cut cuts it into bufs.
func cut(b *testing.B, frame []byte, h Header, bufs *[10][1514]byte) {
	var s Splitter
	if err := s.Start(frame, h, 1514); err != nil {
		b.Fatal(err)
	}
	i := 0
	for ; s.Pending(); i++ {
		if n := s.Next(bufs[i][:]); n != 1514 {
			b.Fatalf("%d bytes", n)
		}
	}
	if i != len(bufs) {
		b.Fatalf("%d segments", i)
	}
}

func BenchmarkSum(b *testing.B) {
	src := make([]byte, 1448)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		sum(0).add(src).fold()
	}
}

func BenchmarkSplit(b *testing.B) {
	frame, h := largeFrame()
	var bufs [10][1514]byte
	b.SetBytes(int64(len(bufs) * len(bufs[0])))
	for b.Loop() {
		cut(b, frame, h, &bufs)
	}
}

func BenchmarkCoalesce(b *testing.B) {
	frame, h := largeFrame()
	var bufs [10][1514]byte
	cut(b, frame, h, &bufs)
	c := Coalescer{Protocols: Protocols{TCP4: true}}
	b.SetBytes(int64(len(bufs) * len(bufs[0])))
	for b.Loop() {
		for i := range bufs {
			c.Add(bufs[i][:])
		}
		if c.Len() != 1 {
			b.Fatalf("%d frames", c.Len())
		}
		c.Reset()
	}
}
