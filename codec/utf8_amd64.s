//go:build !purego

#include "textflag.h"

// Nibble mask, 0xE0-0x80, 0xF0-0x80, highest bit.
DATA octets<>+0(SB)/4, $0x8070600F
GLOBL octets<>(SB), RODATA|NOPTR, $4

// Registers:
//
//	SI        p, at the next block
//	BX        bytes from there to the end
//	AX        scratch
//	Y0-Y2     the tables, rows 0 to 2
//	Y3        0F in every byte
//	Y4, Y5    60 and 70: leads of 3 and 4 bytes are at least 80 larger
//	Y6        80
//	Y7        faults, any bit
//	Y8        a block; Y9, Y10, Y11 the same 1, 2 and 3 bytes earlier
//	Y12-Y14   scratch
//	X15       the maxima of the last 16 bytes
//
// The bytes before a block are read from memory again, 1, 2 and 3 bytes earlier,
// not shifted in from a register. So blocks may overlap, and the last one ends
// where p does, even if it has 16 bytes. Only the first block has no bytes before it.

// FAULTS adds the faults of the block in Y8 to Y7.
#define FAULTS \
	VPSRLW   $4, Y9, Y12     \
	VPAND    Y3, Y12, Y12    \
	VPSHUFB  Y12, Y0, Y12    \
	VPAND    Y3, Y9, Y13     \
	VPSHUFB  Y13, Y1, Y13    \
	VPAND    Y13, Y12, Y12   \
	VPSRLW   $4, Y8, Y14     \
	VPAND    Y3, Y14, Y14    \
	VPSHUFB  Y14, Y2, Y14    \
	VPAND    Y14, Y12, Y12   \
	VPSUBUSB Y4, Y10, Y10    \
	VPSUBUSB Y5, Y11, Y11    \
	VPOR     Y11, Y10, Y10   \
	VPAND    Y6, Y10, Y10    \ // 80 where a third or fourth byte has to be,
	VPXOR    Y10, Y12, Y12   \ // twoConts where there is one
	VPOR     Y12, Y7, Y7

// BEFORE loads the bytes before the block at offset of SI.
#define BEFORE(offset) \
	VMOVDQU offset-1(SI), Y9  \
	VMOVDQU offset-2(SI), Y10 \
	VMOVDQU offset-3(SI), Y11

// UNFINISHED adds a fault to Y7 if the bytes at address end inside a code point.
#define UNFINISHED(address) \
	VMOVDQU  address, X8   \
	VPSUBUSB X15, X8, X8   \
	VPOR     Y8, Y7, Y7

// func validUTF8AVX2(p *byte, n int, rows *[4][16]byte) bool
// Requires: AVX, AVX2
TEXT ·validUTF8AVX2(SB), NOSPLIT, $0-25
	MOVQ           p+0(FP), SI
	MOVQ           n+8(FP), BX
	MOVQ           rows+16(FP), AX
	VBROADCASTI128 (AX), Y0
	VBROADCASTI128 16(AX), Y1
	VBROADCASTI128 32(AX), Y2
	VMOVDQU        48(AX), X15
	VPBROADCASTB   octets<>+0(SB), Y3
	VPBROADCASTB   octets<>+1(SB), Y4
	VPBROADCASTB   octets<>+2(SB), Y5
	VPBROADCASTB   octets<>+3(SB), Y6
	VPXOR          Y7, Y7, Y7
	CMPQ           BX, $32
	JLE            short

	// The first block, after zeros.
	VMOVDQU    (SI), Y8
	VPERM2I128 $0x08, Y8, Y8, Y12  // zeros, lower half
	VPALIGNR   $15, Y12, Y8, Y9
	VPALIGNR   $14, Y12, Y8, Y10
	VPALIGNR   $13, Y12, Y8, Y11
	FAULTS
	ADDQ       $32, SI
	SUBQ       $32, BX

loop:
	SUBQ      $64, BX
	JLT       rest
	VMOVDQU   (SI), Y8
	VPOR      32(SI), Y8, Y12
	VPMOVMSKB Y12, AX
	TESTL     AX, AX
	JZ        ascii
	BEFORE(0)
	FAULTS
	VMOVDQU   32(SI), Y8
	BEFORE(32)
	FAULTS
	ADDQ      $64, SI
	JMP       loop

ascii:
	UNFINISHED(-16(SI))
	ADDQ $64, SI
	JMP  loop

rest:
	ADDQ    $64, BX
	CMPQ    BX, $32
	JLT     last
	VMOVDQU (SI), Y8
	BEFORE(0)
	FAULTS

last:
	ADDQ    BX, SI
	ANDQ    $31, BX
	JZ      end
	CMPQ    BX, $16
	JLE     last16
	VMOVDQU -32(SI), Y8
	BEFORE(-32)
	FAULTS

end:
	UNFINISHED(-16(SI))
	VPTEST Y7, Y7
	SETEQ  ret+24(FP)
	VZEROUPPER
	RET

last16:
	VMOVDQU -16(SI), X8
	VMOVDQU -17(SI), X9
	VMOVDQU -18(SI), X10
	VMOVDQU -19(SI), X11
	FAULTS
	JMP     end

	// One block of the first 16 bytes, after zeros, and the last 16.
short:
	VMOVDQU     (SI), X8
	ADDQ        BX, SI
	VPSLLDQ     $1, X8, X9
	VPSLLDQ     $2, X8, X10
	VPSLLDQ     $3, X8, X11
	VINSERTI128 $1, -16(SI), Y8, Y8
	VINSERTI128 $1, -17(SI), Y9, Y9
	VINSERTI128 $1, -18(SI), Y10, Y10
	VINSERTI128 $1, -19(SI), Y11, Y11
	FAULTS
	JMP         end
