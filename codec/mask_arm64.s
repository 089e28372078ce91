//go:build !purego

#include "textflag.h"

// Registers:
//
//	R0, R1    dst and src, at the next block
//	R2        bytes from there to the end
//	R3, R4    the key at the first and at the last bytes; scratch
//	R5, R6    ends of dst and src
//	V0, V1    the key at the first and at the last bytes, 4 times
//	V2, V3    the first 32 bytes, 16 each, masked
//	V4-V7     the last 64 bytes, 16 each, masked
//	V16-V19   the next 64 bytes
//	V20       all masked bytes or'ed
//
// Bytes that do not fill a block are masked as part of the last bytes. Those are
// loaded before the first store and stored last, so that they may overlap the
// blocks, and dst may be src.

// func maskNEON(dst, src *byte, n int, key uint32) (ascii bool)
TEXT ·maskNEON(SB), NOSPLIT, $0-33
	MOVD  dst+0(FP), R0
	MOVD  src+8(FP), R1
	MOVD  n+16(FP), R2
	MOVWU key+24(FP), R3
	ADD   R0, R2, R5
	ADD   R1, R2, R6
	VDUP  R3, V0.S4

	// The last bytes begin a multiple of 4 before n: at place n mod 4 of the key.
	LSL  $3, R2, R4
	RORW R4, R3, R4
	VDUP R4, V1.S4

	FMOVQ -16(R6), F7
	VEOR  V1.B16, V7.B16, V7.B16
	CMP   $64, R2
	BGT   over64
	FMOVQ (R1), F2
	VEOR  V0.B16, V2.B16, V2.B16
	VORR  V2.B16, V7.B16, V20.B16
	CMP   $32, R2
	BGT   over32
	FMOVQ F2, (R0)
	FMOVQ F7, -16(R5)
	B     verdict

over32:
	FMOVQ 16(R1), F3
	FMOVQ -32(R6), F6
	VEOR  V0.B16, V3.B16, V3.B16
	VEOR  V1.B16, V6.B16, V6.B16
	VORR  V3.B16, V20.B16, V20.B16
	VORR  V6.B16, V20.B16, V20.B16
	FMOVQ F2, (R0)
	FMOVQ F3, 16(R0)
	FMOVQ F6, -32(R5)
	FMOVQ F7, -16(R5)
	B     verdict

over64:
	FMOVQ -64(R6), F4
	FMOVQ -48(R6), F5
	FMOVQ -32(R6), F6
	VEOR  V1.B16, V4.B16, V4.B16
	VEOR  V1.B16, V5.B16, V5.B16
	VEOR  V1.B16, V6.B16, V6.B16
	VORR  V4.B16, V5.B16, V20.B16
	VORR  V6.B16, V20.B16, V20.B16
	VORR  V7.B16, V20.B16, V20.B16

loop:
	VLD1.P 64(R1), [V16.B16, V17.B16, V18.B16, V19.B16]
	VEOR   V0.B16, V16.B16, V16.B16
	VEOR   V0.B16, V17.B16, V17.B16
	VEOR   V0.B16, V18.B16, V18.B16
	VEOR   V0.B16, V19.B16, V19.B16
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R0)
	VORR   V16.B16, V17.B16, V16.B16
	VORR   V18.B16, V19.B16, V18.B16
	VORR   V16.B16, V20.B16, V20.B16
	VORR   V18.B16, V20.B16, V20.B16
	SUB    $64, R2
	CMP    $64, R2
	BGT    loop

	FMOVQ F4, -64(R5)
	FMOVQ F5, -48(R5)
	FMOVQ F6, -32(R5)
	FMOVQ F7, -16(R5)

verdict:
	VMOV V20.D[0], R3
	VMOV V20.D[1], R4
	ORR  R3, R4
	TST  $0x8080808080808080, R4
	CSET EQ, R3
	MOVB R3, ascii+32(FP)
	RET
