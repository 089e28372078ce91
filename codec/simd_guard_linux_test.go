package codec

import (
	"bytes"
	"syscall"
	"testing"
	"unicode/utf8"
)

// guarded returns n bytes with pages before and behind them that cannot be
// touched.
func guarded(t *testing.T, n int) []byte {
	t.Helper()
	page := syscall.Getpagesize()
	inner := (n + page - 1) / page * page
	b, err := syscall.Mmap(-1, 0, page+inner+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	t.Cleanup(func() { syscall.Munmap(b) })
	for _, guard := range [][]byte{b[:page], b[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatalf("mprotect: %v", err)
		}
	}
	return b[page : page+inner : page+inner]
}

// No kernel reads or writes beyond what it is given: it would fault.
func TestKernelsStayInside(t *testing.T) {
	const longest = 1024
	in, out := guarded(t, longest), guarded(t, longest)
	runEachSet(t, func(t *testing.T) {
		for _, filling := range []string{"x", "é", "€"} {
			text := bytes.Repeat([]byte(filling), len(in)/len(filling)+1)
			for length := range longest + 1 {
				for _, b := range [][]byte{in[:length], in[len(in)-length:]} {
					copy(b, text)
					if got, want := validUTF8(b), utf8.Valid(b); got != want {
						t.Fatalf("validUTF8(%q...), %d bytes, = %v, want %v", filling, length, got, want)
					}
					for _, dst := range [][]byte{out[:length], out[len(out)-length:]} {
						mask(dst, b, rotate(testKey, 0))
					}
					mask(b, b, rotate(testKey, 0))
					if Mask(b, testKey, 0); !bytes.Equal(b, text[:length]) {
						t.Fatalf("%d bytes masked and unmasked are % x", length, b)
					}
				}
			}
		}
	})
}
