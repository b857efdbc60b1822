//go:build !amd64

package offload

import (
	"encoding/binary"
	"math/bits"
)

// addBlocks adds the blocks of b to acc; what is behind the last whole one is left.
func addBlocks(acc uint64, b []byte) uint64 {
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
	return acc
}
