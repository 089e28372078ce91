package codec

import (
	"strings"
	"testing"
)

func TestDecoderViolations(t *testing.T) {
	header := func(h Header) []byte { return AppendHeader(nil, h) }
	payload := func(h Header, p string) []byte {
		b := []byte(p)
		Mask(b, h.Key, 0)
		return append(header(h), b...)
	}
	m := Header{Masked: true, Key: testKey}
	text := func(fin bool, length uint64) Header {
		return Header{Fin: fin, Opcode: OpText, Length: length, Masked: true, Key: testKey}
	}
	for _, tt := range []struct {
		name   string
		role   Role
		limit  uint64
		stream []byte
		want   error
	}{
		{"RSV2", Server, 0, header(Header{Fin: true, RSV: RSV2, Opcode: OpText, Masked: true, Length: 100}), ErrReservedBits},
		{"opcode 3", Server, 0, header(Header{Fin: true, Opcode: 3, Masked: true, Length: 100}), ErrReservedOpcode},
		{"unmasked", Server, 0, header(Header{Fin: true, Opcode: OpText, Length: 100}), ErrUnmasked},
		{"masked", Client, 0, header(Header{Fin: true, Opcode: OpText, Length: 100, Masked: true}), ErrMasked},
		{"length not minimal", Server, 0, wire("81 FE 0001"), ErrLengthNotMinimal},
		{"length of 64 bits", Server, 0, wire("81 FF 8000000000000000"), ErrLengthOverflow},
		{"nothing to continue", Server, 0, join(masked(true, OpText, "a"), header(m)), ErrContinuation},
		{"interleaved", Server, 0, join(masked(false, OpText, "a"), header(text(true, 9))), ErrInterleaved},
		{"fragmented ping", Server, 0, header(Header{Opcode: OpPing, Masked: true, Length: 3}), ErrControlFragmented},
		{"ping of 126 bytes", Server, 0, header(Header{Fin: true, Opcode: OpPing, Masked: true, Length: 126}), ErrControlTooLong},
		{"Close of one byte", Server, 0, masked(true, OpClose, "\x03"), ErrCloseTruncated},
		{"Close 1005", Server, 0, masked(true, OpClose, "\x03\xED"), ErrCloseStatus},
		{"Close with a bad reason", Server, 0, masked(true, OpClose, "\x03\xE8\xFF"), ErrCloseReason},
		{"bad text in an incomplete frame", Server, 0, payload(text(true, 100), "ab\xFF"), ErrText},
		{"F4 90 in an incomplete frame", Server, 0, payload(text(true, 100), "ab\xF4\x90"), ErrText},
		{"a surrogate in an incomplete large frame", Server, 0, payload(text(true, 1<<40), "ab\xED\xA0"), ErrText},
		{"F4 90 over two fragments", Server, 0, join(masked(false, OpText, "ab\xF4"), payload(Header{Length: 9, Masked: true, Key: testKey}, "\x90")), ErrText},
		{"ASCII inside a code point over two fragments", Server, 0, join(masked(false, OpText, "ab\xE2\x82"), payload(Header{Length: 9, Masked: true, Key: testKey}, "c")), ErrText},
		{"text that ends inside a code point", Server, 0, masked(true, OpText, "ab\xE2\x82"), ErrText},
		{"a message that ends inside a code point", Server, 0, join(masked(false, OpText, "ab\xE2\x82"), header(Header{Fin: true, Masked: true})), ErrText},
		{"bad text behind good text", Server, 0, join(masked(true, OpText, "é"), payload(text(false, 2), "\x80")), ErrText},
		{"above the limit", Server, 10, header(text(true, 11)), ErrMessageTooBig},
		{"above the limit by fragments", Server, 10, join(masked(false, OpText, "123456"), header(Header{Length: 5, Masked: true})), ErrMessageTooBig},
		{"far above the limit", Server, 1 << 20, header(text(true, 1<<63-1)), ErrMessageTooBig},
		{"fragments above a limit of 2^63-1", Server, 1<<63 - 1, join(masked(false, OpText, "1"), header(Header{Length: 1<<63 - 1, Masked: true})), ErrMessageTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, sizes := range [][]int{{len(tt.stream)}, {1}, {2}, {3, 1}} {
				d := Decoder{Role: tt.role, MaxMessage: tt.limit}
				_, seen, err := decode(&d, tt.stream, sizes...)
				if err != tt.want || seen != len(tt.stream) {
					t.Errorf("in pieces of %d, Next fails after %d bytes with %v\nwant after %d with %v", sizes, seen, err, len(tt.stream), tt.want)
				}
				wantSticky(t, &d, tt.want)
				d.Reset()
			}
		})
	}
}

// Text is validated in pieces of checkedPiece bytes: a code point may be cut by
// their border, and what follows it may be all ASCII.
func TestDecoderTextOverPieces(t *testing.T) {
	for _, tt := range []struct {
		name string
		code string
		want error
	}{
		{"two bytes", "é", ErrShort},
		{"three bytes", "€", ErrShort},
		{"four bytes", "😀", ErrShort},
		{"half of two bytes", "\xC3", ErrText},
		{"two of three bytes", "\xE2\x82", ErrText},
		{"three of four bytes", "\xF0\x9F\x98", ErrText},
		{"a continuation byte", "\x80", ErrText},
	} {
		for before := checkedPiece - 5; before <= checkedPiece+1; before++ {
			text := strings.Repeat("x", before) + tt.code + strings.Repeat("x", checkedPiece)
			for role, stream := range map[Role][]byte{
				Server: masked(true, OpText, text),
				Client: plain(true, OpText, text),
			} {
				d := Decoder{Role: role}
				if frames, _, err := decode(&d, stream); err != tt.want || err == ErrShort && frames[0].Payload != text {
					t.Errorf("%s, %d bytes into the text, to a %v: %v, want %v", tt.name, before, role, err, tt.want)
				}
				d.Reset()
			}
		}
	}
}

func wantSticky(t *testing.T, d *Decoder, err error) {
	t.Helper()
	d.Commit(copy(d.Space(100), masked(true, OpText, "good")))
	for range 2 {
		if f, got := d.Next(); got != err {
			t.Errorf("Next after %v = %+v, %v, want the same error", err, f, got)
		}
	}
	if d.Ready() || d.Arriving() || d.Direct() != 0 {
		t.Errorf("after %v Ready = %v, Arriving = %v, Direct = %d, want false, false, 0", err, d.Ready(), d.Arriving(), d.Direct())
	}
}

func TestDecoderAfterClose(t *testing.T) {
	var open Decoder
	open.Commit(copy(open.Space(100), join(masked(true, OpClose, ""), masked(true, OpText, "late"))))
	if !open.Ready() {
		t.Error("Ready() = false in front of a Close frame, want true")
	}
	if _, err := open.Next(); err != nil || open.Ready() || open.Arriving() {
		t.Errorf("Next of a Close frame: %v, then Ready() = %v, Arriving() = %v, want nil, false, false", err, open.Ready(), open.Arriving())
	}
	open.Reset()
	for _, trailing := range [][]byte{nil, masked(true, OpText, "late"), {0xFF}} {
		var d Decoder
		frames, _, err := decode(&d, join(masked(true, OpClose, "\x03\xE8"), trailing))
		if len(frames) != 1 || err != ErrAfterClose {
			t.Errorf("Close and % x: %d frames, %v, want 1, %v", trailing, len(frames), err, ErrAfterClose)
		}
		wantSticky(t, &d, ErrAfterClose)
		d.Reset()
	}
}

func TestDecoderLimit(t *testing.T) {
	ten := "0123456789"
	for _, tt := range []struct {
		name   string
		limit  uint64
		stream []byte
		want   error
	}{
		{"none", 0, masked(true, OpBinary, strings.Repeat(ten, 10_000)), ErrShort},
		{"reached", 10, masked(true, OpBinary, ten), ErrShort},
		{"reached by fragments", 10, join(masked(false, OpText, ten[:4]), masked(true, OpContinuation, ten[4:]), masked(true, OpText, ten)), ErrShort},
		{"reached, then an empty fragment", 10, join(masked(false, OpText, ten), masked(true, OpContinuation, "")), ErrShort},
		{"control frames do not count", 10, join(masked(false, OpText, ten), masked(true, OpPing, ten+ten), masked(true, OpContinuation, "")), ErrShort},
		{"exceeded by one", 10, masked(true, OpText, ten+"x"), ErrMessageTooBig},
		{"exceeded by the last fragment", 10, join(masked(false, OpText, ten), masked(true, OpContinuation, "x")), ErrMessageTooBig},
		{"exceeded by the second message", 10, join(masked(true, OpText, ten), masked(true, OpText, ten+"x")), ErrMessageTooBig},
	} {
		d := Decoder{MaxMessage: tt.limit}
		if _, _, err := decode(&d, tt.stream, 1000); err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		d.Reset()
	}
}

// A message that an extension makes something else of has a limit of its own, which
// also goes for its fragments, and ends with it.
func TestDecoderLimitOfExtended(t *testing.T) {
	ten := "0123456789"
	extended := func(fin bool, payload string) []byte {
		return AppendFrame(nil, Header{Fin: fin, RSV: RSV1, Opcode: OpText, Masked: true, Key: testKey}, []byte(payload))
	}
	for _, tt := range []struct {
		name   string
		stream []byte
		want   error
	}{
		{"reached", join(extended(true, ten+ten), masked(true, OpText, ten)), ErrShort},
		{"reached by fragments", join(extended(false, ten), masked(true, OpContinuation, ten)), ErrShort},
		{"exceeded", extended(true, ten+ten+"x"), ErrMessageTooBig},
		{"exceeded by fragments", join(extended(false, ten+ten), masked(true, OpContinuation, "x")), ErrMessageTooBig},
		{"exceeded by a message without", join(extended(true, ten+ten), masked(true, OpText, ten+"x")), ErrMessageTooBig},
	} {
		d := Decoder{RSV: RSV1, MaxMessage: 10, MaxExtended: 20}
		if _, _, err := decode(&d, tt.stream, 1000); err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		d.Reset()
	}
}
