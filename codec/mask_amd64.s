//go:build !purego

#include "textflag.h"

// Registers:
//
//	DI, SI    dst and src, at the next block
//	BX        bytes from there to the end
//	R8, R9    start and end of dst
//	AX, CX    scratch: the key, rotated
//	Y0        the key at the next block
//	Y1        the key at the last bytes
//	Y2        the first 32 bytes, masked
//	Y3-Y6     the last 128, 96, 64, 32 bytes: 32 of each, masked
//	Y7-Y10    the next 128 bytes
//	Y15       all masked bytes or'ed
//
// Bytes that do not fill a block are masked as part of the first 32 or the last 32
// to 128 bytes. Those are loaded before the first store and stored last, so that
// they may overlap the blocks, and dst may be src.

// func maskAVX2(dst, src *byte, n int, key uint32) (ascii bool)
// Requires: AVX, AVX2
TEXT ·maskAVX2(SB), NOSPLIT, $0-33
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), BX
	MOVL         key+24(FP), AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0

	// The last bytes begin a multiple of 4 before n: at place n mod 4 of the key.
	LEAQ         (BX*8), CX
	RORL         CX, AX
	VMOVD        AX, X1
	VPBROADCASTD X1, Y1
	VPXOR        (SI), Y0, Y2
	VPXOR        -32(SI)(BX*1), Y1, Y6
	VPOR         Y2, Y6, Y15
	CMPQ         BX, $64
	JGT          over64
	VMOVDQU      Y2, (DI)
	VMOVDQU      Y6, -32(DI)(BX*1)
	VPMOVMSKB    Y15, AX
	TESTL        AX, AX
	SETEQ        ascii+32(FP)
	VZEROUPPER
	RET

over64:
	VPXOR     -64(SI)(BX*1), Y1, Y5
	VPOR      Y5, Y15, Y15
	CMPQ      BX, $128
	JGT       over128
	VPXOR     32(SI), Y0, Y3
	VPOR      Y3, Y15, Y15
	VMOVDQU   Y2, (DI)
	VMOVDQU   Y3, 32(DI)
	VMOVDQU   Y5, -64(DI)(BX*1)
	VMOVDQU   Y6, -32(DI)(BX*1)
	VPMOVMSKB Y15, AX
	TESTL     AX, AX
	SETEQ     ascii+32(FP)
	VZEROUPPER
	RET

over128:
	VPXOR -128(SI)(BX*1), Y1, Y3
	VPXOR -96(SI)(BX*1), Y1, Y4
	VPOR  Y3, Y15, Y15
	VPOR  Y4, Y15, Y15
	MOVQ  DI, R8
	LEAQ  (DI)(BX*1), R9

	// Blocks begin where dst is aligned, 1 to 32 bytes in: a store that crosses
	// a cache line costs twice.
	MOVQ         DI, CX
	NEGQ         CX
	DECQ         CX
	ANDQ         $31, CX
	INCQ         CX
	ADDQ         CX, DI
	ADDQ         CX, SI
	SUBQ         CX, BX
	SHLQ         $3, CX
	MOVL         key+24(FP), AX
	RORL         CX, AX
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0

loop:
	CMPQ    BX, $128
	JLE     ends
	VPXOR   (SI), Y0, Y7
	VPXOR   32(SI), Y0, Y8
	VPXOR   64(SI), Y0, Y9
	VPXOR   96(SI), Y0, Y10
	VMOVDQA Y7, (DI)
	VMOVDQA Y8, 32(DI)
	VMOVDQA Y9, 64(DI)
	VMOVDQA Y10, 96(DI)
	VPOR    Y7, Y8, Y7
	VPOR    Y9, Y10, Y9
	VPOR    Y7, Y15, Y15
	VPOR    Y9, Y15, Y15
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $128, BX
	JMP     loop

ends:
	VMOVDQU   Y2, (R8)
	VMOVDQU   Y3, -128(R9)
	VMOVDQU   Y4, -96(R9)
	VMOVDQU   Y5, -64(R9)
	VMOVDQU   Y6, -32(R9)
	VPMOVMSKB Y15, AX
	TESTL     AX, AX
	SETEQ     ascii+32(FP)
	VZEROUPPER
	RET
