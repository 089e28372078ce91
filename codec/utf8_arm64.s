//go:build !purego

#include "textflag.h"

// Registers:
//
//	R0        p, at the next block
//	R1        bytes from there to the end
//	R2, R3    scratch
//	V0-V2     the tables, rows 0 to 2
//	V3        0F in every byte
//	V4, V5    60 and 70: leads of 3 and 4 bytes are at least 80 larger
//	V6        80
//	V7        faults, any bit
//	V8        a block; V9, V10, V11 the same 1, 2 and 3 bytes earlier
//	V12-V14   scratch
//	V15       the maxima of the last 16 bytes
//	V16       zero
//
// The bytes before a block are read from memory again, 1, 2 and 3 bytes earlier,
// not shifted in from a register. So blocks may overlap, and the last one ends
// where p does. Only the first block has no bytes before it.

// FAULTS adds the faults of the block in V8 to V7. A saturating subtraction is
// done as a maximum followed by a subtraction.
#define FAULTS \
	VUSHR $4, V9.B16, V12.B16         \
	VTBL  V12.B16, [V0.B16], V12.B16  \
	VAND  V3.B16, V9.B16, V13.B16     \
	VTBL  V13.B16, [V1.B16], V13.B16  \
	VAND  V13.B16, V12.B16, V12.B16   \
	VUSHR $4, V8.B16, V14.B16         \
	VTBL  V14.B16, [V2.B16], V14.B16  \
	VAND  V14.B16, V12.B16, V12.B16   \
	VUMAX V4.B16, V10.B16, V10.B16    \
	VSUB  V4.B16, V10.B16, V10.B16    \
	VUMAX V5.B16, V11.B16, V11.B16    \
	VSUB  V5.B16, V11.B16, V11.B16    \
	VORR  V11.B16, V10.B16, V10.B16   \
	VAND  V6.B16, V10.B16, V10.B16    \ // 80 where a third or fourth byte has to be,
	VEOR  V10.B16, V12.B16, V12.B16   \ // twoConts where there is one
	VORR  V12.B16, V7.B16, V7.B16

// BLOCK adds the faults of the block at offset of R0.
#define BLOCK(offset) \
	FMOVQ offset(R0), F8    \
	FMOVQ offset-1(R0), F9  \
	FMOVQ offset-2(R0), F10 \
	FMOVQ offset-3(R0), F11 \
	FAULTS

// UNFINISHED adds a fault to V7 if the bytes before R0 end inside a code point.
#define UNFINISHED \
	FMOVQ -16(R0), F8             \
	VUMAX V15.B16, V8.B16, V8.B16 \
	VSUB  V15.B16, V8.B16, V8.B16 \
	VORR  V8.B16, V7.B16, V7.B16

// func validUTF8NEON(p *byte, n int, rows *[4][16]byte) bool
TEXT ·validUTF8NEON(SB), NOSPLIT, $0-25
	MOVD   p+0(FP), R0
	MOVD   n+8(FP), R1
	MOVD   rows+16(FP), R2
	VLD1.P 48(R2), [V0.B16, V1.B16, V2.B16]
	VLD1   (R2), [V15.B16]
	VMOVI  $0x0F, V3.B16
	VMOVI  $0x60, V4.B16
	VMOVI  $0x70, V5.B16
	VMOVI  $0x80, V6.B16
	VEOR   V7.B16, V7.B16, V7.B16
	VEOR   V16.B16, V16.B16, V16.B16

	// The first block, after zeros.
	FMOVQ (R0), F8
	VEXT  $15, V8.B16, V16.B16, V9.B16
	VEXT  $14, V8.B16, V16.B16, V10.B16
	VEXT  $13, V8.B16, V16.B16, V11.B16
	FAULTS
	ADD   $16, R0
	SUB   $16, R1

loop:
	SUBS  $64, R1
	BLT   rest
	VLD1  (R0), [V8.B16, V9.B16, V10.B16, V11.B16]
	VORR  V9.B16, V8.B16, V8.B16
	VORR  V11.B16, V10.B16, V10.B16
	VORR  V10.B16, V8.B16, V8.B16
	VMOV  V8.D[0], R2
	VMOV  V8.D[1], R3
	ORR   R2, R3
	TST   $0x8080808080808080, R3
	BEQ   ascii
	BLOCK(0)
	BLOCK(16)
	BLOCK(32)
	BLOCK(48)
	ADD   $64, R0
	B     loop

ascii:
	UNFINISHED
	ADD $64, R0
	B   loop

rest:
	ADD $64, R1

rest16:
	SUBS  $16, R1
	BLT   last
	BLOCK(0)
	ADD   $16, R0
	B     rest16

last:
	ADD   $16, R1
	ADD   R1, R0
	BLOCK(-16)
	UNFINISHED
	VMOV  V7.D[0], R2
	VMOV  V7.D[1], R3
	ORR   R2, R3
	CMP   $0, R3
	CSET  EQ, R2
	MOVB  R2, ret+24(FP)
	RET
