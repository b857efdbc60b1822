package vm

import (
	"strconv"
	"strings"
	"testing"
)

// BenchmarkTCP compares the rates of Linux's driver and of ours on the same
// gadget, in one guest. What they are worth depends on what else the machine
// does meanwhile.
func BenchmarkTCP(b *testing.B) {
	for _, speed := range speeds {
		b.Run(speed, func(b *testing.B) {
			g := newGuest(b)
			g.commands(programs)
			for b.Loop() {
				for line := range strings.Lines(g.run("rate.sh", speed)) {
					words := strings.Fields(line) // cdc_ether out 510000000
					if len(words) != 3 {
						continue
					}
					if rate, err := strconv.ParseFloat(words[2], 64); err == nil {
						b.ReportMetric(rate/1e6, words[0]+"-"+words[1]+"-Mb/s")
					}
				}
			}
		})
	}
}
