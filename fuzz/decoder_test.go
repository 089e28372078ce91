package fuzz

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzDecoder: what a Decoder makes of a stream does not depend on how it is
// cut; the frames it hands out are the bytes that came, in the only legal form,
// and may be sent; text is UTF-8 and refused only where it is not; the limit
// holds; and the memory follows what has arrived, not what a header claims.
func FuzzDecoder(f *testing.F) {
	for _, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7") {
		if stream := c.Bytes(true); len(stream) < 2000 {
			seed(f, stream, byte(asServer), uint16(1), uint16(3))
			seed(f, c.Bytes(false), byte(0), uint16(5), uint16(2))
		}
	}
	for _, v := range wstest.RFCVectors[:6] {
		seed(f, v.Wire, byte(0), uint16(2), uint16(2))
		seed(f, v.Wire, byte(asServer|withRSV1), uint16(2), uint16(2))
	}
	for _, v := range wstest.HeaderVectors {
		seed(f, v.Wire, byte(asServer|withLimit), uint16(1), uint16(1))
	}
	for _, v := range wstest.InvalidHeaders {
		seed(f, v.Wire, byte(0), uint16(1), uint16(1))
	}
	large := wstest.Text(string(wstest.TextPayload(codec.MaxWhole + 100)))
	seed(f, large.AppendMasked(nil, wstest.RFCKey), byte(asServer), uint16(4096), uint16(777))
	seed(f, large.More().Append(nil), byte(0), uint16(20), uint16(30_000))

	f.Fuzz(func(t *testing.T, stream []byte, options byte, first, then uint16) {
		whole := decode(t, stream, options)
		wantFaithful(t, stream, options, whole)
		for _, sizes := range [][]int{{1}, {int(first) + 1, int(then) + 1}} {
			cut := decode(t, stream, options, sizes...)
			if cut.err != whole.err || !slices.EqualFunc(cut.frames, whole.frames, equal) {
				t.Fatalf("in pieces of %d: %v after %d frames\nwhole: %v after %d frames", sizes, cut.err, len(cut.frames), whole.err, len(whole.frames))
			}
			if cut.err == codec.ErrShort && !bytes.Equal(cut.open, whole.open) {
				t.Fatalf("in pieces of %d the last frame has %q, whole %q", sizes, cut.open, whole.open)
			}
		}
	})
}

// The bits of options.
const (
	asServer = 1 << iota
	withRSV1
	withLimit
)

const limit = 200 // bytes a message, withLimit

func newDecoder(options byte) *codec.Decoder {
	d := &codec.Decoder{Role: codec.Client}
	if options&asServer != 0 {
		d.Role = codec.Server
	}
	if options&withRSV1 != 0 {
		d.RSV = codec.RSV1
	}
	if options&withLimit != 0 {
		d.MaxMessage = limit
	}
	return d
}

// verdict is what a Decoder made of a stream.
type verdict struct {
	frames []codec.Frame // whole
	open   []byte        // payload handed out of a frame that is not whole
	err    error
}

func equal(a, b codec.Frame) bool {
	return a.Header == b.Header && a.Message == b.Message && bytes.Equal(a.Payload, b.Payload)
}

// decode feeds stream to a new Decoder in pieces of the sizes given, a large
// frame now through Space, now through Fill, and checks the room it asks for.
func decode(t *testing.T, stream []byte, options byte, sizes ...int) (v verdict) {
	t.Helper()
	d := newDecoder(options)
	defer d.Reset()
	take := func(f codec.Frame, err error) bool {
		if err != nil {
			v.err = err
			return false
		}
		v.open = append(v.open, f.Payload...)
		if f.End {
			f.Payload, v.open = v.open, nil
			v.frames = append(v.frames, f)
		}
		return true
	}
	arrived, turn := 0, 0
	for piece := range wstest.Pieces(stream, sizes...) {
		arrived += len(piece)
		if turn++; turn%2 == 0 && d.Direct() > 0 {
			n := min(d.Direct(), uint64(len(piece)))
			if !take(d.Fill(bytes.Clone(piece[:n]))) {
				return v
			}
			piece = piece[n:]
		}
		room := d.Space(len(piece))
		if len(room) > 4*(arrived+codec.MaxWhole) {
			t.Fatalf("Space(%d) gives %d bytes after %d have arrived", len(piece), len(room), arrived)
		}
		d.Commit(copy(room, piece))
		ready := d.Ready()
		for take(d.Next()) {
			ready = false
		}
		if v.err != codec.ErrShort {
			return v
		}
		if ready {
			t.Fatalf("Ready after %d bytes, but Next is %v", arrived, v.err)
		}
		if turn%3 == 0 {
			d.Release()
		}
	}
	take(d.Next()) // for streams of no bytes
	return v
}

// wantFaithful checks v against the stream itself.
func wantFaithful(t *testing.T, stream []byte, options byte, v verdict) {
	t.Helper()
	d := newDecoder(options)
	e := codec.Encoder{Role: d.Role.Peer(), RSV: d.RSV}
	var again, text []byte
	var size uint64
	var compressed bool
	for i, f := range v.frames {
		sent, err := e.Append(nil, f.Header, f.Payload)
		again = append(again, sent...)
		if err != nil || !bytes.HasPrefix(stream, again) {
			t.Fatalf("frame %d, %+v, is written as % x, %v", i, f, sent, err)
		}
		if f.Opcode.IsControl() {
			continue
		}
		if f.Opcode.IsData() {
			text, size, compressed = nil, 0, f.RSV != 0
		}
		text = append(text, f.Payload...)
		if size += f.Length; d.MaxMessage > 0 && size > d.MaxMessage {
			t.Fatalf("frame %d makes the message %d bytes long, the limit is %d", i, size, d.MaxMessage)
		}
		if f.Message == codec.OpText && f.Last() && !compressed && !utf8.Valid(text) {
			t.Fatalf("frame %d ends a text that is not UTF-8: % x", i, text)
		}
	}
	rest := stream[len(again):]
	if v.err == codec.ErrAfterClose {
		return
	}
	h, n, err := codec.ParseHeader(rest)
	if err != nil {
		if v.err != err {
			t.Fatalf("the header % x is %v, Next says %v", rest[:min(len(rest), codec.MaxHeaderSize)], err, v.err)
		}
		return
	}
	if v.err == codec.ErrShort {
		if err := e.Check(&h); err != nil {
			t.Fatalf("Next wants more of a frame with header %+v that is %v", h, err)
		}
	}
	if v.err == codec.ErrText || v.err == codec.ErrShort && isText(v.frames, h) {
		if h.Opcode == codec.OpText {
			text = nil
		}
		payload := bytes.Clone(rest[n:][:min(h.Length, uint64(len(rest)-n))])
		codec.Mask(payload, h.Key, 0)
		text = append(text, payload...)
		bad := hopeful(text) < len(text) || h.Fin && h.Length <= uint64(len(rest)-n) && !utf8.Valid(text)
		if bad != (v.err == codec.ErrText) {
			t.Fatalf("with the text % x so far Next says %v", text, v.err)
		}
	}
}

// isText reports whether a frame with header h, behind frames, is text as it was sent.
func isText(frames []codec.Frame, h codec.Header) bool {
	if h.Opcode != codec.OpContinuation {
		return h.Opcode == codec.OpText && h.RSV == 0
	}
	for _, f := range slices.Backward(frames) {
		if f.Opcode.IsData() {
			return f.Opcode == codec.OpText && f.RSV == 0
		}
	}
	return false
}
