package offload

import (
	"encoding/binary"
	"math/bits"
)

// The Internet checksum (RFC 1071) is the ones' complement sum of 16-bit words.
// Such a sum may be made of larger words and of either byte order, and folded
// and swapped at the end. Here it is of little-endian words of 64 bits, whose carries
// are added to the next word.

// A sum is a partial sum of little-endian words. It is good for as much data as
// there is: carries are added back.
type sum uint64

// block is how much addBlocks adds at a time.
const block = 64

// add adds b to the sum. Data before it must have had an even length.
func (s sum) add(b []byte) sum {
	whole := len(b) &^ (block - 1)
	if whole > 0 {
		s = sum(addBlocks(uint64(s), b))
	}
	return s.tail(b[whole:])
}

// tail adds fewer than a block.
func (s sum) tail(b []byte) sum {
	for ; len(b) >= 8; b = b[8:] {
		s = s.little(binary.LittleEndian.Uint64(b))
	}
	if len(b) >= 4 {
		s = s.little(uint64(binary.LittleEndian.Uint32(b)))
		b = b[4:]
	}
	if len(b) >= 2 {
		s = s.little(uint64(binary.LittleEndian.Uint16(b)))
		b = b[2:]
	}
	if len(b) == 1 {
		s = s.little(uint64(b[0]))
	}
	return s
}

// little adds a little-endian word.
func (s sum) little(v uint64) sum {
	acc, carry := bits.Add64(uint64(s), v, 0)
	return sum(acc + carry)
}

// word adds a big-endian word of 16 bits, at an even place.
func (s sum) word(v uint16) sum {
	return s.little(uint64(bits.ReverseBytes16(v)))
}

// fold gives the sum as the 16-bit word that stands in a header, big-endian, not
// yet complemented.
func (s sum) fold() uint16 {
	x := uint64(s)
	x = x>>32 + x&0xffffffff
	x = x>>32 + x&0xffffffff
	x = x>>16 + x&0xffff
	x = x>>16 + x&0xffff
	return bits.ReverseBytes16(uint16(x))
}

// Complete makes the checksum that h says is missing. It reports whether h made
// sense; if not, nothing is changed.
func Complete(frame []byte, h Header) bool {
	start := int(h.CsumStart)
	at := start + int(h.CsumOffset)
	if at+2 > len(frame) || at < start {
		return false
	}
	c := ^sum(0).add(frame[start:]).fold()
	if h.CsumOffset == udpCsum && c == 0 {
		c = 0xffff // RFC 768: 0 says that there is none
	}
	binary.BigEndian.PutUint16(frame[at:], c)
	return true
}
