package fuzz

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzClose: a Close payload that ParseClose takes is written back in the same
// bytes; one that it refuses breaks the rule that it names; and what AppendClose
// writes, ParseClose takes.
func FuzzClose(f *testing.F) {
	for _, c := range wstest.Cases("7") {
		for _, step := range c.Script().Steps {
			if send, ok := step.(wstest.Send); ok {
				for _, frame := range send.Frames {
					if frame.Opcode == codec.OpClose {
						seed(f, frame.Payload)
					}
				}
			}
		}
	}
	seed(f, []byte("\x03\xE8"+"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890é"))
	f.Fuzz(func(t *testing.T, p []byte) {
		code, reason, err := codec.ParseClose(p)
		var number codec.StatusCode
		if len(p) >= 2 {
			number = codec.StatusCode(p[0])<<8 | codec.StatusCode(p[1])
		}
		var rule bool
		switch err {
		case nil:
			b, err := codec.AppendClose(nil, code, string(reason))
			if err != nil || !bytes.Equal(b, p) || codec.SizeClose(code, string(reason)) != len(p) {
				t.Fatalf("ParseClose(% x) = %d, %q is written as % x, %v", p, code, reason, b, err)
			}
			rule = len(p) == 0 && code == codec.StatusNoStatusReceived || code == number && code.Sendable() && utf8.Valid(reason)
		case codec.ErrCloseTruncated:
			rule = len(p) == 1
		case codec.ErrControlTooLong:
			rule = len(p) > codec.MaxControlPayload
		case codec.ErrCloseStatus:
			rule = len(p) >= 2 && !number.Sendable()
		case codec.ErrCloseReason:
			rule = len(p) > 2 && !utf8.Valid(p[2:])
		}
		if !rule {
			t.Fatalf("ParseClose(% x) = %d, %q, %v", p, code, reason, err)
		}
		if len(p) >= 2 {
			wantAppended(t, number, string(p[2:]))
		}
	})
}

// wantAppended checks what AppendClose makes of any code and reason.
func wantAppended(t *testing.T, code codec.StatusCode, reason string) {
	t.Helper()
	b, err := codec.AppendClose([]byte("dst"), code, reason)
	if err != nil {
		if string(b) != "dst" || code.Sendable() && utf8.ValidString(reason) {
			t.Fatalf("AppendClose(%q, %d, %q) = %q, %v", "dst", code, reason, b, err)
		}
		return
	}
	got, cut, err := codec.ParseClose(b[3:])
	if got != code || err != nil || !bytes.HasPrefix([]byte(reason), cut) {
		t.Fatalf("AppendClose(%d, %q) = %q, of which ParseClose says %d, %q, %v", code, reason, b[3:], got, cut, err)
	}
	if lost := len(reason) - len(cut); lost > 0 && len(cut) <= codec.MaxCloseReason-utf8.UTFMax {
		t.Fatalf("AppendClose(%d, %q) cuts the reason to %d bytes", code, reason, len(cut))
	}
}
