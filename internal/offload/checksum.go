package offload

import (
	"encoding/binary"
	"math/bits"
)

// The Internet checksum (RFC 1071) is the ones' complement sum of 16-bit words.
// Such a sum may be made of larger words and of either byte order, and folded
// and swapped at the end. Here it is of little-endian words of 64 bits,
// eight of which are added in one chain of carries.

// A sum is a partial sum of little-endian words. It is good for as much data as
// there is: carries are added back.
type sum uint64

// block is how much is added in one chain of carries. Arrays, whose length the
// compiler knows, spare a check for each word.
const block = 64

// add adds b to the sum. Data before it must have had an even length.
func (s sum) add(b []byte) sum {
	acc := uint64(s)
	b = b[:len(b):len(b)] // shows the compiler that no block is out of bounds
	for i := 0; i <= len(b)-block; i += block {
		p := (*[block]byte)(b[i : i+block : i+block])
		var carry uint64
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[0:]), 0)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[8:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[16:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[24:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[32:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[40:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[48:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(p[56:]), carry)
		acc += carry // cannot overflow again: a sum that carried is not all ones
	}
	return sum(acc).tail(b[len(b)&^(block-1):])
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
