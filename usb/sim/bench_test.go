package sim

import (
	"testing"

	"io-pkt/usb"
)

// Both directions at full size, batches of 32, as a driver does it.
func BenchmarkMirror(b *testing.B) {
	for _, speed := range speeds {
		b.Run(speed.String(), func(b *testing.B) {
			h := up(b, Config{Speed: speed, Network: NewMirror()})
			const depth = 32
			var ins, outs []*usb.Transfer
			for range depth {
				ins = append(ins, alloc(b, h.data, epIn, 2048))
				x := alloc(b, h.data, epOut, 1514)
				x.ZeroPacket = true
				copy(x.Buf, frame(1514))
				outs = append(outs, x)
			}
			must(b, h.data.Submit(ins...))
			must(b, h.data.Submit(outs...))
			done := make([]*usb.Transfer, 2*depth)
			b.SetBytes(1514)
			b.ReportAllocs()
			for received := 0; received < b.N; {
				n, err := h.data.Reap(done)
				if err != nil {
					b.Fatal(err)
				}
				if n == 0 {
					wait(h.data, -1e6)
					continue
				}
				for _, x := range done[:n] {
					if x.Endpoint == epIn {
						received++
					}
				}
				must(b, h.data.Submit(done[:n]...))
			}
		})
	}
}
