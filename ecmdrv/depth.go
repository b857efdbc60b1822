package ecmdrv

// A depth says how many receive transfers are in flight: all of them, but few while
// the device does little else than take frames. Linux's dummy_hcd looks at all
// transfers that are older for each that ends: when all that arrives are the
// acknowledgments of what is sent, 64 of them take a quarter of the processor's time,
// and 8 are enough.
type depth struct {
	size, most int
	ended      int  // transfers since size was looked at
	rx, tx     int  // and their bytes
	full       bool // a round has brought back all that were in flight
}

const (
	leastDepth = 8
	depthCount = 64 // transfers after which it is looked at

	// Where TCP only sends, it has some 50 bytes acknowledged by one.
	littleElse = 16
)

// moved counts the transfers that came back in a round.
func (d *depth) moved(rx, tx tally) {
	d.ended += rx.transfers + tx.transfers
	d.rx, d.tx, d.full = d.rx+rx.bytes, d.tx+tx.bytes, d.full || rx.transfers >= d.size
	if d.ended < depthCount {
		return
	}
	if littleElse*d.rx < d.tx {
		d.size = max(d.size/2, min(leastDepth, d.most))
	} else if d.full {
		d.size = min(2*d.size, d.most)
	}
	d.ended, d.rx, d.tx, d.full = 0, 0, 0, false
}
