package offload

import (
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
			even := length / 2 &^ 1
			if got := sum(0).add(b[:even]).add(b[even:]).word(0xabcd).fold(); !same(got, checksum.Combine(want, 0xabcd)) && length%2 == 0 {
				t.Fatalf("in parts, %d bytes of %d: got %#x", length, fill, got)
			}
		}
	}
}

// same: in ones' complement there are two zeros.
func same(a, b uint16) bool { return a == b || a%0xffff == 0 && b%0xffff == 0 }
