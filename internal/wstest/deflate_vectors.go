package wstest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/zerowire/websocket/codec"
)

// DeflateVector is what a peer sends on a connection on which compression was agreed
// on, and what a strict receiver makes of it.
type DeflateVector struct {
	Name       string
	NoTakeover bool // what was agreed on for the sender
	Frames     []Frame
	Want       []Event          // the messages and pings to deliver
	Code       codec.StatusCode // with which the receiver fails the connection behind them; 0 if it does not
}

// Split returns the frames with the payload of each data frame in fragments of
// size bytes, and no other meaning.
func (v *DeflateVector) Split(size int) (frames []Frame) {
	for _, f := range v.Frames {
		if f.Opcode.IsControl() || len(f.Payload) <= size {
			frames = append(frames, f)
			continue
		}
		first, fin := len(frames), f.Fin
		for piece := range Pieces(f.Payload, size) {
			frames = append(frames, Frame{Payload: piece})
		}
		frames[first].Opcode, frames[first].RSV = f.Opcode, f.RSV
		frames[len(frames)-1].Fin = fin
	}
	return frames
}

// deflated returns a message whose payload was compressed to this.
func deflated(op codec.Opcode, payload string) Frame {
	return Frame{Fin: true, RSV: codec.RSV1, Opcode: op, Payload: []byte(payload)}
}

func deflatedText(hex string) Frame { return deflated(codec.OpText, string(Unhex(hex))) }

// The examples of RFC 7692 §7.2.3.
const (
	helloHex      = "f2 48 cd c9 c9 07 00"
	helloAgainHex = "f2 00 11 00 00" // refers to the one before
	helloFinalHex = "f3 48 cd c9 c9 07 00"
)

// DeflateVectors are what a connection has to accept, and to refuse. The examples of
// RFC 7692 §7.2.3 come first.
var DeflateVectors = slices.Concat(deflateExamples, deflateLegal(), deflateCorrupt(), deflateTruncated(), deflateIllegalFrames)

var deflateExamples = []DeflateVector{
	{Name: "a message in one block",
		Frames: []Frame{deflatedText(helloHex)}, Want: []Event{echo("Hello")}},
	{Name: "a message in two fragments",
		Frames: []Frame{deflatedText("f2 48 cd").More(), Continuation(string(Unhex("c9 c9 07 00")))}, Want: []Event{echo("Hello")}},
	{Name: "a message that refers to the one before",
		Frames: []Frame{deflatedText(helloHex), deflatedText(helloAgainHex)}, Want: []Event{echo("Hello"), echo("Hello")}},
	{Name: "a message that does not refer to the one before",
		Frames: []Frame{deflatedText(helloHex), deflatedText(helloHex)}, Want: []Event{echo("Hello"), echo("Hello")}},
	{Name: "a block that is not compressed",
		Frames: []Frame{deflatedText("00 05 00 fa ff 48 65 6c 6c 6f 00")}, Want: []Event{echo("Hello")}},
	{Name: "a final block, and an empty one behind it",
		Frames: []Frame{deflatedText(helloFinalHex + "00")}, Want: []Event{echo("Hello")}},
	{Name: "two blocks in one message",
		Frames: []Frame{deflatedText("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")}, Want: []Event{echo("Hello")}},
	{Name: "an empty message",
		Frames: []Frame{deflatedText("00")}, Want: []Event{echo("")}},
}

// deflateLegal are further messages that may be sent.
func deflateLegal() []DeflateVector {
	text := string(TextPayload(5000))
	prose := string(Prose.Message(0, 20_000))
	var full Deflater
	dynamic := [2]Frame{deflated(codec.OpBinary, string(full.Message([]byte(prose)))), deflated(codec.OpBinary, string(full.Message([]byte(prose))))}
	split := string(new(Deflater).Message([]byte("é")))
	return []DeflateVector{
		{Name: "a final block at the end, from which nothing was cut off",
			Frames: []Frame{deflatedText(helloFinalHex), Text("plain")}, Want: []Event{echo("Hello"), echo("plain")}},
		{Name: "a final block in the middle",
			Frames: []Frame{deflatedText(helloFinalHex + helloFinalHex + helloHex)}, Want: []Event{echo("HelloHelloHello")}},
		{Name: "an empty final block",
			Frames: []Frame{deflatedText("03 00"), deflatedText("03 00 00"), deflatedText("01 00 00 ff ff")}, Want: []Event{echo(""), echo(""), echo("")}},
		{Name: "an empty block in the fixed code",
			Frames: []Frame{deflatedText("02 00"), deflatedText("02 00")}, Want: []Event{echo(""), echo("")}},
		{Name: "empty blocks before the message",
			Frames: []Frame{deflated(codec.OpText, string(EmptyBlocks(20))+string(Unhex(helloHex)))}, Want: []Event{echo("Hello")}},
		{Name: "empty blocks in the fixed code before the message",
			Frames: []Frame{deflated(codec.OpText, string(EmptyFixedBlocks(20))+string(Unhex(helloHex)))}, Want: []Event{echo("Hello")}},
		{Name: "codes of its own, and references to the message before",
			Frames: dynamic[:], Want: []Event{{codec.OpBinary, []byte(prose)}, {codec.OpBinary, []byte(prose)}}},
		{Name: "a distance of 32768, in a message",
			Frames: []Frame{deflated(codec.OpBinary, string(FarMatch(1<<15)))},
			Want:   []Event{{codec.OpBinary, append(BinaryPayload(1<<15), BinaryPayload(3)...)}}},
		{Name: "a distance of 32768, into the message before",
			Frames: []Frame{deflated(codec.OpBinary, string(new(Deflater).Message(BinaryPayload(1<<15)))), deflated(codec.OpBinary, string(MatchOnly(1<<15)))},
			Want:   []Event{{codec.OpBinary, BinaryPayload(1 << 15)}, {codec.OpBinary, BinaryPayload(3)}}},
		{Name: "zeros that copy themselves",
			Frames: []Frame{deflated(codec.OpBinary, string(Bomb(100_000)))}, Want: []Event{{codec.OpBinary, make([]byte, 100_000)}}},

		{Name: "a message that was not compressed",
			Frames: []Frame{Text("plain"), Binary([]byte{0xFF})}, Want: []Event{echo("plain"), {codec.OpBinary, []byte{0xFF}}}},
		{Name: "a message that was not compressed is not referred to",
			Frames: []Frame{deflatedText(helloHex), Text("plain"), Text("pla").More(), Continuation("in"), deflatedText(helloAgainHex)},
			Want:   []Event{echo("Hello"), echo("plain"), echo("plain"), echo("Hello")}},
		{Name: "a message that was not compressed, by the look of it",
			Frames: []Frame{Binary(Unhex(helloHex))}, Want: []Event{{codec.OpBinary, Unhex(helloHex)}}},
		{Name: "an empty message refers to nothing, and the next to the one before",
			Frames: []Frame{deflatedText(helloHex), deflatedText("00"), deflatedText(helloAgainHex)}, Want: []Event{echo("Hello"), echo(""), echo("Hello")}},
		{Name: "no takeover, and no reference",
			NoTakeover: true,
			Frames:     []Frame{deflatedText(helloHex), deflatedText(helloHex)}, Want: []Event{echo("Hello"), echo("Hello")}},
		{Name: "fragments of no bytes, first, in between and last",
			Frames: []Frame{deflatedText("").More(), Continuation("").More(), Continuation(string(Unhex(helloHex))).More(), Continuation("")},
			Want:   []Event{echo("Hello")}},
		{Name: "a Ping between fragments",
			Frames: []Frame{deflatedText("f2 48").More(), Ping("x"), Continuation(string(Unhex("cd c9 c9 07 00")))},
			Want:   []Event{{codec.OpPing, []byte("x")}, echo("Hello")}},
		{Name: "text of several fragments, with code points on their edges",
			Frames: CompressedFrames(codec.OpText, new(Deflater).Message([]byte(text)), 7), Want: []Event{echo(text)}},
		{Name: "a code point that a block divides",
			Frames: []Frame{deflated(codec.OpText, string(Unhex("00 01 00 fe ff c3"))+string(Unhex("00 01 00 fe ff a9"))+"\x00")}, Want: []Event{echo("é")}},
		{Name: "a code point alone", Frames: []Frame{deflated(codec.OpText, split)}, Want: []Event{echo("é")}},
	}
}

// deflateCorrupt are data that mean nothing, and text that is none.
func deflateCorrupt() (vectors []DeflateVector) {
	add := func(name, payload string) {
		vectors = append(vectors, DeflateVector{Name: name, Frames: []Frame{deflated(codec.OpBinary, payload)}, Code: codec.StatusInvalidPayload})
	}
	bits := func(write func(w *bitWriter)) string {
		var w bitWriter
		write(&w)
		w.put(0, 3)
		w.align()
		return string(w.out)
	}
	add("a block of type 3", "\x06")
	add("a stored block whose lengths differ", string(Unhex("00 05 00 fa fe 48 65 6c 6c 6f 00")))
	add("the tail, which should have been cut off", string(Unhex(helloHex))+string(DeflateTail))
	add("a byte too many", string(Unhex(helloHex))+"\x00")
	add("not DEFLATE at all", "Hello, world!")
	add("a distance with nothing before it", string(MatchOnly(1)))
	add("a distance beyond what there is", bits(func(w *bitWriter) {
		w.header(1, false)
		w.literal('a')
		w.match(3, 2)
		w.literal(endOfBlock)
	}))
	for _, symbol := range []int{286, 287} {
		add(fmt.Sprintf("the length symbol %d, which has no meaning", symbol), bits(func(w *bitWriter) {
			w.header(1, false)
			w.literal('a')
			w.literal(symbol)
			w.code(0, 5)
			w.literal(endOfBlock)
		}))
	}
	for _, symbol := range []int{30, 31} {
		add(fmt.Sprintf("the distance symbol %d, which has no meaning", symbol), bits(func(w *bitWriter) {
			w.header(1, false)
			w.literal('a')
			w.literal(endOfBlock + 1)
			w.code(symbol, 5)
			w.literal(endOfBlock)
		}))
	}
	add("287 literals and lengths", bits(func(w *bitWriter) { w.codeCounts(30, 0, 0) }))
	add("31 distances", bits(func(w *bitWriter) { w.codeCounts(0, 30, 0) }))
	add("a code for code lengths that is over-subscribed", bits(func(w *bitWriter) {
		w.codeCounts(0, 0, 0)
		w.codeLengths(1, 1, 1, 0)
	}))
	add("a code for code lengths that is incomplete", bits(func(w *bitWriter) {
		w.codeCounts(0, 0, 0)
		w.codeLengths(2, 2, 2, 0)
	}))
	add("code lengths that repeat nothing", bits(func(w *bitWriter) {
		w.codeCounts(0, 0, 0)
		w.codeLengths(1, 1, 0, 0) // of the symbols 16 and 17
		w.code(0, 1)
	}))
	add("code lengths that repeat too much", bits(func(w *bitWriter) {
		w.codeCounts(0, 0, 0)
		w.codeLengths(0, 0, 1, 1) // of the symbols 18 and 0
		for range 2 {
			w.code(1, 1)
			w.put(127, 7)
		}
	}))

	for _, tt := range []struct{ name, text string }{
		{"text that is not UTF-8", "caf\xE9"},
		{"text that is an encoded surrogate", "\xED\xA0\x80"},
		{"text that ends inside a code point", "\xE4\xB8"},
	} {
		vectors = append(vectors, DeflateVector{Name: tt.name, Frames: []Frame{deflated(codec.OpText, string(new(Deflater).Message([]byte(tt.text))))}, Code: codec.StatusInvalidPayload})
	}
	vectors = append(vectors,
		DeflateVector{Name: "a reference over a reset", NoTakeover: true,
			Frames: []Frame{deflatedText(helloHex), deflatedText(helloAgainHex)}, Want: []Event{echo("Hello")}, Code: codec.StatusInvalidPayload},
		DeflateVector{Name: "a reference to a message that was not compressed",
			Frames: []Frame{Text("Hello"), deflatedText(helloAgainHex)}, Want: []Event{echo("Hello")}, Code: codec.StatusInvalidPayload},
		DeflateVector{Name: "text that goes on with what a message before ended with",
			Frames: []Frame{deflated(codec.OpBinary, string(Unhex("00 01 00 fe ff c3 00"))), deflated(codec.OpText, string(Unhex("00 01 00 fe ff a9 00")))},
			Want:   []Event{{codec.OpBinary, []byte{0xC3}}}, Code: codec.StatusInvalidPayload},
	)
	return vectors
}

// codeCounts begins a block with codes of its own, with these three counts as they
// are written: 257, 1 and 4 less than what they mean.
func (w *bitWriter) codeCounts(literals, distances, codes uint64) {
	w.header(2, false)
	w.put(literals, 5)
	w.put(distances, 5)
	w.put(codes, 4)
}

// codeLengths writes the lengths of the code for code lengths, in their order.
func (w *bitWriter) codeLengths(lengths ...uint64) {
	for _, n := range lengths {
		w.put(n, 3)
	}
}

// deflateTruncated are messages that end too early, at every byte.
func deflateTruncated() (vectors []DeflateVector) {
	for _, whole := range []struct{ name, hex string }{
		{"a block in the fixed code", helloHex},
		{"a stored block", "00 05 00 fa ff 48 65 6c 6c 6f 00"},
	} {
		payload := Unhex(whole.hex)
		for n := range payload {
			if string(payload[:n]) == "\x00" {
				continue // the empty message
			}
			vectors = append(vectors, DeflateVector{
				Name:   fmt.Sprintf("%s, the first %d of %d bytes", whole.name, n, len(payload)),
				Frames: []Frame{deflated(codec.OpText, string(payload[:n]))},
				Code:   codec.StatusInvalidPayload,
			})
		}
	}
	return vectors
}

// deflateIllegalFrames have RSV1 where RFC 7692 §6 gives it no meaning.
var deflateIllegalFrames = []DeflateVector{
	{Name: "RSV1 on a continuation", Code: codec.StatusProtocolError,
		Frames: []Frame{deflatedText("f2 48 cd").More(), Continuation(string(Unhex("c9 c9 07 00"))).WithRSV(codec.RSV1)}},
	{Name: "RSV1 on a continuation alone", Code: codec.StatusProtocolError,
		Frames: []Frame{Text("a").More(), Continuation(string(Unhex(helloHex))).WithRSV(codec.RSV1)}},
	{Name: "RSV1 on a Ping", Code: codec.StatusProtocolError, Frames: []Frame{Ping("x").WithRSV(codec.RSV1)}},
	{Name: "RSV1 on a Pong", Code: codec.StatusProtocolError, Frames: []Frame{Pong("x").WithRSV(codec.RSV1)}},
	{Name: "RSV1 on a Close frame", Code: codec.StatusProtocolError, Frames: []Frame{Close(codec.StatusNormalClosure, "").WithRSV(codec.RSV1)}},
	{Name: "RSV1 and RSV2", Code: codec.StatusProtocolError,
		Frames: []Frame{deflatedText(helloHex).WithRSV(codec.RSV1 | codec.RSV2)}},
	{Name: "RSV3", Code: codec.StatusProtocolError, Frames: []Frame{Text("x").WithRSV(codec.RSV3)}},
	{Name: "a message inside a compressed one", Code: codec.StatusProtocolError,
		Frames: []Frame{deflatedText("f2 48").More(), deflatedText(helloHex)}},
}

// MatchOnly returns the payload of a compressed message that is nothing but
// three bytes copied from so far back: from messages before it.
func MatchOnly(distance int) []byte {
	var w bitWriter
	w.header(1, false)
	w.match(3, distance)
	w.literal(endOfBlock)
	w.put(0, 3)
	w.align()
	return w.out
}

// FarMatch returns the payload of a compressed message of distance bytes
// ([BinaryPayload]) and three more that are copied from so far back.
func FarMatch(distance int) []byte {
	var w bitWriter
	w.stored(BinaryPayload(distance), false)
	return append(w.out, MatchOnly(distance)...)
}

// Bomb returns the payload of a compressed message of n zeros, in one bit for
// every 129 of them: 1 GiB is 1 MiB.
func Bomb(n int) []byte {
	var w bitWriter
	w.codeCounts(29, 0, 14) // literals and lengths up to 285, one distance
	lengths := map[int]uint64{18: 1, 1: 2, 2: 2}
	for _, symbol := range codeOrder[:18] {
		w.put(lengths[int(symbol)], 3)
	}
	zeros := func(n uint64) { w.code(0, 1); w.put(n-11, 7) }
	one, two := 0b10, 0b11
	w.code(two, 2) // literal 0 has two bits
	zeros(138)
	zeros(117)
	w.code(two, 2) // the end of the block too
	zeros(28)
	w.code(one, 2) // the length 258 has one
	w.code(one, 2) // and so has the distance 1

	if n > 0 {
		w.code(0b10, 2)
		matches := (n - 1) / 258 // of two zero bits each
		bits := uint(2 * matches)
		first := min(bits, (8-w.have)%8)
		w.put(0, first)
		w.out = append(w.out, make([]byte, (bits-first)/8)...)
		w.put(0, (bits-first)%8)
		for range n - 1 - 258*matches {
			w.code(0b10, 2)
		}
	}
	w.code(0b11, 2)
	w.put(0, 3)
	w.align()
	return w.out
}

// EmptyBlocks returns the begin of a payload that is n empty stored blocks. It may
// be repeated without end, and never is anything.
func EmptyBlocks(n int) []byte { return bytes.Repeat(Unhex("00 00 00 ff ff"), n) }

// EmptyFixedBlocks is EmptyBlocks with 4 n blocks in the fixed code, of ten bits each.
func EmptyFixedBlocks(n int) []byte {
	var w bitWriter
	for range 4 {
		w.header(1, false)
		w.literal(endOfBlock)
	}
	return bytes.Repeat(w.out, n)
}
