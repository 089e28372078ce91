package codec

import (
	"fmt"
	"testing"
)

// What the kernels are worth, by size: the portable code beside them, and what
// one walk saves over two.
//
//	go test -run '^$' -bench 'BenchmarkMask' -count 10 ./codec | benchstat -col /impl -
func BenchmarkMask(b *testing.B) {
	for _, size := range []int{8, 31, 32, 64, 125, 256, 1 << 10, 4 << 10, 64 << 10, 1 << 20} {
		forEachSet(func(name string) {
			b.Run(fmt.Sprintf("size=%d/impl=%s", size, name), func(b *testing.B) {
				payload := make([]byte, size+6)[6:] // as behind a header of 6 bytes
				b.SetBytes(int64(size))
				for b.Loop() {
					Mask(payload, testKey, 0)
				}
			})
		})
	}
}

// Masking a client's payload on its way into the frame, at once and in two steps.
func BenchmarkMaskCopy(b *testing.B) {
	for _, size := range []int{125, 4 << 10, 64 << 10} {
		payload, frame := make([]byte, size), make([]byte, size+6)[6:]
		b.Run(fmt.Sprintf("size=%d/walks=1", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				mask(frame, payload, rotate(testKey, 0))
			}
		})
		b.Run(fmt.Sprintf("size=%d/walks=2", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				copy(frame, payload)
				mask(frame, frame, rotate(testKey, 0))
			}
		})
	}
}

// Unmasking ASCII text and validating it, at once and in two steps, in pieces as
// the Decoder has them.
func BenchmarkMaskASCII(b *testing.B) {
	for _, size := range []int{125, 1 << 10, checkedPiece} {
		text := make([]byte, size+6)[6:] // of zeros: ASCII like any other
		b.Run(fmt.Sprintf("size=%d/walks=1", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				if !mask(text, text, 0) {
					b.Fatal("not ASCII")
				}
			}
		})
		b.Run(fmt.Sprintf("size=%d/walks=2", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				mask(text, text, 0)
				if !validUTF8(text) {
					b.Fatal("not UTF-8")
				}
			}
		})
	}
}
