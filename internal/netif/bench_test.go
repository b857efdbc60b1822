package netif

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/header"

	"io-pkt/internal/nic"
)

// One large datagram, which is cut into 40 frames of 1042 bytes.
func BenchmarkFetch(b *testing.B) {
	tap := quiet(b, Config{Name: "ecm0"})
	c := segmented(b, 1000)
	data, bufs, lens := make([]byte, 40000), buffers(64, 1518), make([]int, 64)
	frames := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(data); err != nil {
			b.Fatal(err)
		}
		n, err := tap.Fetch(nic.Everywhere, bufs, lens)
		if err != nil {
			b.Fatal(err)
		}
		frames += n
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(frames), "ns/frame")
}

// 64 frames that cannot be joined, to an interface that is down: what is not the kernel's
// own work is most of it.
func BenchmarkDeliver(b *testing.B) {
	tap := open(b, Config{Name: "ecm0"})
	var frames [][]byte
	for range 64 {
		frames = append(frames, segment(false, false, true, header.TCPFlagSyn, 1000))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := tap.Deliver(frames); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(frames)), "ns/frame")
}
