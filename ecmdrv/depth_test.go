package ecmdrv

import "testing"

// While the device does little but take frames few transfers wait for what it sends;
// as soon as it sends more there are as many as before, also those of a small
// receive=.
func TestDepth(t *testing.T) {
	const full, ack = 1514, 66
	for _, most := range []int{1, 8, 20, 64} {
		d := depth{size: most, most: most}
		// Rounds of frames of such lengths.
		step := func(what string, rounds, rx, length, tx, want int) {
			t.Helper()
			for range rounds {
				n := min(rx, d.size)
				d.moved(tally{transfers: n, bytes: n * length}, tally{transfers: tx, bytes: tx * full})
			}
			if d.size != want {
				t.Errorf("receive=%d: %s: %d in flight, want %d", most, what, d.size, want)
			}
		}
		least := min(most, leastDepth)
		step("a few frames", 1, 1, ack, 20, most)
		step("sending", 10, 6, ack, 64, least)
		step("both, but nearly nothing", 100, 0, ack, 1, least)
		step("both, with few transfers as yet", 10, 64, full, 64, most)
		step("sending again", 10, 32, ack, 64, least)
		step("receiving", 200, 64, full, 8, most)
		step("receiving a little", 100, 1, full, 1, most)
		step("sending again", 100, 5, ack, 10, least)
	}
}
