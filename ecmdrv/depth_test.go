package ecmdrv

import "testing"

// While the device mostly takes frames few transfers wait for what it sends; as soon
// as it sends more there are as many as before, also those of a small receive=.
func TestDepth(t *testing.T) {
	for _, most := range []int{1, 8, 20, 64} {
		d := depth{size: most, most: most}
		step := func(what string, rounds, rx, tx, want int) {
			t.Helper()
			for range rounds {
				d.moved(min(rx, d.size), tx)
			}
			if d.size != want {
				t.Errorf("receive=%d: %s: %d in flight, want %d", most, what, d.size, want)
			}
		}
		least := min(most, leastDepth)
		step("a few frames", 1, 1, 20, most)
		step("sending", 10, 6, 64, least)
		step("both, but little", 100, 0, 1, least)
		step("receiving", 200, 64, 8, most)
		step("receiving a little", 100, 1, 1, most)
		step("sending again", 100, 5, 10, least)
	}
}
