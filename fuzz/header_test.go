package fuzz

import (
	"bytes"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzHeader: what ParseHeader takes, AppendHeader writes in the same bytes, so
// there is one form of each header; every shorter input is ErrShort.
func FuzzHeader(f *testing.F) {
	for _, v := range wstest.HeaderVectors {
		f.Add(v.Wire)
	}
	for _, v := range wstest.InvalidHeaders {
		f.Add(v.Wire)
	}
	for _, v := range wstest.RFCVectors {
		f.Add(v.Wire)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := codec.ParseHeader(b)
		switch err {
		case nil:
			if n < 2 || n > len(b) || n > codec.MaxHeaderSize {
				t.Fatalf("ParseHeader(% x) takes %d bytes of %d", b, n, len(b))
			}
			if got := codec.AppendHeader(nil, h); !bytes.Equal(got, b[:n]) || codec.SizeHeader(h) != n {
				t.Fatalf("ParseHeader(% x) = %+v is written as % x, of size %d", b[:n], h, got, codec.SizeHeader(h))
			}
		case codec.ErrShort, codec.ErrLengthNotMinimal, codec.ErrLengthOverflow:
			if h != (codec.Header{}) || n != 0 {
				t.Fatalf("ParseHeader(% x) = %+v, %d, %v", b, h, n, err)
			}
			if err == codec.ErrShort && len(b) >= codec.MaxHeaderSize {
				t.Fatalf("ParseHeader(% x) = %v, of a header's full size", b, err)
			}
		default:
			t.Fatalf("ParseHeader(% x) = %v, which is no answer of its own", b, err)
		}
		wantCuts(t, b, n, err)
	})
}

// wantCuts checks that ParseHeader needs every byte of b that it took, and that
// an error once known stays.
func wantCuts(t *testing.T, b []byte, n int, err error) {
	t.Helper()
	known := false
	for cut := range min(len(b), codec.MaxHeaderSize) {
		_, _, got := codec.ParseHeader(b[:cut])
		switch {
		case got == codec.ErrShort && !known:
		case got == err && (err != nil || cut >= n):
			known = true
		default:
			t.Fatalf("ParseHeader(% x) = %v, but of % x it says %v", b[:cut], got, b, err)
		}
	}
}
