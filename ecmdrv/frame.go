package ecmdrv

// An assembler cuts the stream of a bulk IN endpoint into frames: a frame ends
// at the first short packet (ECM 1.2, 3.3.1). Most frames lie in one transfer
// and are handed on where they are; only for others it has buffers.
type assembler struct {
	limit    int    // longest frame
	part     []byte // what earlier transfers brought of the current frame
	dropping bool   // until the next short packet

	lent, spare [][]byte // buffers of frames given out, and those to use again

	overlong, runts uint64 // frames dropped
}

// add takes the bytes of a transfer; ended says that a short packet ended it. It
// gives a frame, or nil when none is complete. The frame is b, or a buffer that
// is lent until recycle.
func (a *assembler) add(b []byte, ended bool) []byte {
	if a.dropping {
		a.dropping = !ended
		return nil
	}
	if len(a.part)+len(b) > a.limit {
		a.overlong++
		a.part = a.part[:0]
		a.dropping = !ended
		return nil
	}
	if !ended {
		a.part = append(a.part, b...)
		return nil
	}
	if len(a.part) > 0 {
		b = append(a.part, b...)
		a.lend(b)
	}
	if len(b) < headerSize {
		if len(b) > 0 { // a lone zero-length packet is no frame
			a.runts++
		}
		return nil
	}
	return b
}

func (a *assembler) lend(b []byte) {
	a.lent = append(a.lent, b)
	a.part = nil
	if n := len(a.spare); n > 0 {
		a.part, a.spare = a.spare[n-1][:0], a.spare[:n-1]
	}
}

// recycle takes back all buffers that add has lent.
func (a *assembler) recycle() {
	a.spare = append(a.spare, a.lent...)
	a.lent = a.lent[:0]
}

// abort forgets the current frame after a transfer that failed. more says that
// the rest of the frame may still come.
func (a *assembler) abort(more bool) {
	a.dropping = more || a.dropping
	a.part = a.part[:0]
}
