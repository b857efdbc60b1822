#include "textflag.h"

// func addBlocks(acc uint64, b []byte) uint64
//
// LEAQ and DECQ leave the carry alone, so that one chain of carries goes through all
// blocks.
TEXT ·addBlocks(SB), NOSPLIT, $0-40
	MOVQ acc+0(FP), AX
	MOVQ b_base+8(FP), SI
	MOVQ b_len+16(FP), CX
	SHRQ $6, CX
	JZ   done
	TESTQ AX, AX // no carry yet

next:
	ADCQ 0(SI), AX
	ADCQ 8(SI), AX
	ADCQ 16(SI), AX
	ADCQ 24(SI), AX
	ADCQ 32(SI), AX
	ADCQ 40(SI), AX
	ADCQ 48(SI), AX
	ADCQ 56(SI), AX
	LEAQ 64(SI), SI
	DECQ CX
	JNZ  next
	ADCQ $0, AX

done:
	MOVQ AX, ret+32(FP)
	RET
