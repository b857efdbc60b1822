package ecmdrv

// A depth says how many receive transfers are in flight: all of them, but few while
// the device mostly takes frames. Linux's dummy_hcd looks at all transfers that are
// older for each that ends: when all that arrives are the acknowledgments of what is
// sent, 64 of them take a quarter of the processor's time, and 8 are enough.
type depth struct {
	size, most int
	rx, tx     int  // transfers since size was looked at
	full       bool // a round has brought back all that were in flight
}

const (
	leastDepth = 8
	depthCount = 64 // transfers after which it is looked at
)

// moved counts the transfers that came back in a round.
func (d *depth) moved(rx, tx int) {
	d.rx, d.tx, d.full = d.rx+rx, d.tx+tx, d.full || rx >= d.size
	if d.rx+d.tx < depthCount {
		return
	}
	if 2*d.tx > 3*d.rx {
		d.size = max(d.size/2, min(leastDepth, d.most))
	} else if d.full {
		d.size = min(2*d.size, d.most)
	}
	d.rx, d.tx, d.full = 0, 0, false
}
