package fuzz

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzHeader: ParseHeader finds what a second reading of RFC 6455 §5.2 finds, and what
// it takes, AppendHeader writes in the same bytes, so there is one form of each header;
// every shorter input is ErrShort.
func FuzzHeader(f *testing.F) {
	for _, v := range wstest.HeaderVectors {
		seed(f, v.Wire)
	}
	for _, v := range wstest.InvalidHeaders {
		seed(f, v.Wire)
	}
	for _, v := range wstest.RFCVectors {
		seed(f, v.Wire)
	}
	for _, length := range []uint64{125, 126, 127, 1<<16 - 1, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1} {
		b := codec.AppendHeader(nil, codec.Header{Fin: true, Opcode: codec.OpBinary, Length: length})
		seed(f, b)
		seed(f, append(binary.BigEndian.AppendUint64([]byte{b[0], 0xFF}, length), wstest.RFCKey[:]...))
		seed(f, binary.BigEndian.AppendUint64([]byte{b[0], 0x7F}, length|1<<63))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := codec.ParseHeader(b)
		if want, size, wantErr := headerIn(b); h != want || n != size || err != wantErr {
			t.Fatalf("ParseHeader(% x) = %+v, %d, %v\nwant %+v, %d, %v", b, h, n, err, want, size, wantErr)
		}
		if got := codec.AppendHeader(nil, h); err == nil && (!bytes.Equal(got, b[:n]) || codec.SizeHeader(h) != n) {
			t.Fatalf("ParseHeader(% x) = %+v is written as % x, of size %d", b[:n], h, got, codec.SizeHeader(h))
		}
		wantCuts(t, b, n, err)
	})
}

// headerIn reads the header at the start of b, bit by bit as RFC 6455 §5.2 has it.
func headerIn(b []byte) (h codec.Header, n int, err error) {
	at := 0
	take := func(bits int) (v uint64) {
		for range bits {
			v <<= 1
			if at < 8*len(b) {
				v |= uint64(b[at/8] >> (7 - at%8) & 1)
			}
			at++
		}
		return v
	}
	h.Fin = take(1) == 1
	h.RSV = uint8(take(3))
	h.Opcode = codec.Opcode(take(4))
	h.Masked = take(1) == 1
	h.Length = take(7)
	bits, least := 0, uint64(0)
	switch h.Length {
	case 126:
		bits, least = 16, 126
	case 127:
		bits, least = 64, 1<<16
	}
	if bits > 0 {
		h.Length = take(bits)
	}
	switch {
	case at > 8*len(b):
		return codec.Header{}, 0, codec.ErrShort
	case h.Length >= 1<<63:
		return codec.Header{}, 0, codec.ErrLengthOverflow
	case h.Length < least:
		return codec.Header{}, 0, codec.ErrLengthNotMinimal
	}
	if h.Masked {
		binary.BigEndian.PutUint32(h.Key[:], uint32(take(32)))
	}
	if at > 8*len(b) {
		return codec.Header{}, 0, codec.ErrShort
	}
	return h, at / 8, nil
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
