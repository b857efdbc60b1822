package offload

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
)

// The sums are those of gVisor's checksum package, for all lengths and carries.
func TestSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for length := range 300 {
		for _, fill := range []int{0, 0xff, -1} {
			b := make([]byte, length)
			for i := range b {
				b[i] = byte(fill)
				if fill < 0 {
					b[i] = byte(r.Uint32())
				}
			}
			want := checksum.Checksum(b, 0)
			if got := sum(0).add(b).fold(); !same(got, want) {
				t.Fatalf("add, %d bytes of %d: got %#x, want %#x", length, fill, got, want)
			}
			dst := make([]byte, length+1)
			if got := sum(0).addCopy(dst, b).fold(); !same(got, want) || !bytes.Equal(dst[:length], b) || dst[length] != 0 {
				t.Fatalf("addCopy, %d bytes of %d: got %#x, want %#x", length, fill, got, want)
			}
			even := length / 2 &^ 1
			if got := sum(0).add(b[:even]).add(b[even:]).word(0xabcd).fold(); !same(got, checksum.Combine(want, 0xabcd)) && length%2 == 0 {
				t.Fatalf("in parts, %d bytes of %d: got %#x", length, fill, got)
			}
		}
	}
}

// same: in ones' complement there are two zeros.
func same(a, b uint16) bool { return a == b || a%0xffff == 0 && b%0xffff == 0 }

func BenchmarkSum(b *testing.B) {
	src, dst := make([]byte, 1448), make([]byte, 1448)
	b.Run("add", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			sum(0).add(src).fold()
		}
	})
	b.Run("addCopy", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			sum(0).addCopy(dst, src).fold()
		}
	})
	b.Run("copy and add", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			copy(dst, src)
			sum(0).add(dst).fold()
		}
	})
}
