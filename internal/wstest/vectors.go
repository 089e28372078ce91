package wstest

import (
	"math"

	"github.com/zerowire/websocket/codec"
)

// Vector is a frame sequence and its bytes, as RFC 6455 §5.7 gives them.
type Vector struct {
	Name   string
	Wire   []byte
	Masked bool
	Key    [4]byte // zero unless Masked
	Frames []Frame
}

// RFCKey is the masking key of the examples in RFC 6455 §5.7.
var RFCKey = [4]byte{0x37, 0xFA, 0x21, 0x3D}

// RFCVectors are the examples of RFC 6455 §5.7, all of them and in its order.
var RFCVectors = []Vector{
	{
		Name:   "a single-frame unmasked text message",
		Wire:   Unhex("81 05 48 65 6c 6c 6f"),
		Frames: []Frame{Text("Hello")},
	},
	{
		Name:   "a single-frame masked text message",
		Wire:   Unhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"),
		Masked: true, Key: RFCKey,
		Frames: []Frame{Text("Hello")},
	},
	{
		Name:   "a fragmented unmasked text message",
		Wire:   Unhex("01 03 48 65 6c" + "80 02 6c 6f"),
		Frames: []Frame{Text("Hel").More(), Continuation("lo")},
	},
	{
		Name:   "unmasked Ping request",
		Wire:   Unhex("89 05 48 65 6c 6c 6f"),
		Frames: []Frame{Ping("Hello")},
	},
	{
		Name:   "masked Ping response",
		Wire:   Unhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"),
		Masked: true, Key: RFCKey,
		Frames: []Frame{Pong("Hello")},
	},
	{
		Name:   "256 bytes binary message in a single unmasked frame",
		Wire:   append(Unhex("82 7E 01 00"), BinaryPayload(256)...),
		Frames: []Frame{Binary(BinaryPayload(256))},
	},
	{
		Name:   "64 KiB binary message in a single unmasked frame",
		Wire:   append(Unhex("82 7F 00 00 00 00 00 01 00 00"), BinaryPayload(65536)...),
		Frames: []Frame{Binary(BinaryPayload(65536))},
	},
}

// HeaderVector is a header and its bytes.
type HeaderVector struct {
	Name   string
	Wire   []byte
	Header codec.Header
}

// HeaderVectors hold every form of the length at its edges, masked and not,
// and every field of the first byte.
var HeaderVectors = []HeaderVector{
	{"length 0", Unhex("82 00"), binaryHeader(0)},
	{"length 1", Unhex("82 01"), binaryHeader(1)},
	{"length 125, the last in one byte", Unhex("82 7D"), binaryHeader(125)},
	{"length 126, the first in two bytes", Unhex("82 7E 00 7E"), binaryHeader(126)},
	{"length 127", Unhex("82 7E 00 7F"), binaryHeader(127)},
	{"length 128", Unhex("82 7E 00 80"), binaryHeader(128)},
	{"length 65535, the last in two bytes", Unhex("82 7E FF FF"), binaryHeader(65535)},
	{"length 65536, the first in eight bytes", Unhex("82 7F 00 00 00 00 00 01 00 00"), binaryHeader(65536)},
	{"length 2^31-1", Unhex("82 7F 00 00 00 00 7F FF FF FF"), binaryHeader(math.MaxInt32)},
	{"length 2^31", Unhex("82 7F 00 00 00 00 80 00 00 00"), binaryHeader(1 << 31)},
	{"length 2^32", Unhex("82 7F 00 00 00 01 00 00 00 00"), binaryHeader(1 << 32)},
	{"length 2^63-1, the longest", Unhex("82 7F 7F FF FF FF FF FF FF FF"), binaryHeader(math.MaxInt64)},

	{"masked, length 0", Unhex("82 80 37 FA 21 3D"), maskedHeader(0)},
	{"masked, length 1", Unhex("82 81 37 FA 21 3D"), maskedHeader(1)},
	{"masked, length 125", Unhex("82 FD 37 FA 21 3D"), maskedHeader(125)},
	{"masked, length 126", Unhex("82 FE 00 7E 37 FA 21 3D"), maskedHeader(126)},
	{"masked, length 127", Unhex("82 FE 00 7F 37 FA 21 3D"), maskedHeader(127)},
	{"masked, length 128", Unhex("82 FE 00 80 37 FA 21 3D"), maskedHeader(128)},
	{"masked, length 65535", Unhex("82 FE FF FF 37 FA 21 3D"), maskedHeader(65535)},
	{"masked, length 65536", Unhex("82 FF 00 00 00 00 00 01 00 00 37 FA 21 3D"), maskedHeader(65536)},
	{"masked, length 2^31-1", Unhex("82 FF 00 00 00 00 7F FF FF FF 37 FA 21 3D"), maskedHeader(math.MaxInt32)},
	{"masked, length 2^31", Unhex("82 FF 00 00 00 00 80 00 00 00 37 FA 21 3D"), maskedHeader(1 << 31)},
	{"masked, length 2^32", Unhex("82 FF 00 00 00 01 00 00 00 00 37 FA 21 3D"), maskedHeader(1 << 32)},
	{"masked, length 2^63-1", Unhex("82 FF 7F FF FF FF FF FF FF FF 37 FA 21 3D"), maskedHeader(math.MaxInt64)},
	{"masked with a key of zeros", Unhex("82 81 00 00 00 00"), codec.Header{Fin: true, Opcode: codec.OpBinary, Masked: true, Length: 1}},

	{"a first fragment", Bits("0 000 0001 0 0000011"), codec.Header{Opcode: codec.OpText, Length: 3}},
	{"a fragment in the middle", Bits("0 000 0000 0 0000011"), codec.Header{Opcode: codec.OpContinuation, Length: 3}},
	{"a last fragment", Bits("1 000 0000 0 0000011"), codec.Header{Fin: true, Opcode: codec.OpContinuation, Length: 3}},
	{"text", Bits("1 000 0001 0 0000101"), codec.Header{Fin: true, Opcode: codec.OpText, Length: 5}},
	{"close", Bits("1 000 1000 0 0000010"), codec.Header{Fin: true, Opcode: codec.OpClose, Length: 2}},
	{"ping", Bits("1 000 1001 0 0000000"), codec.Header{Fin: true, Opcode: codec.OpPing}},
	{"pong", Bits("1 000 1010 0 0000000"), codec.Header{Fin: true, Opcode: codec.OpPong}},
	{"RSV1", Bits("1 100 0001 0 0000101"), codec.Header{Fin: true, RSV: codec.RSV1, Opcode: codec.OpText, Length: 5}},
	{"RSV2", Bits("1 010 0001 0 0000101"), codec.Header{Fin: true, RSV: codec.RSV2, Opcode: codec.OpText, Length: 5}},
	{"RSV3", Bits("1 001 0001 0 0000101"), codec.Header{Fin: true, RSV: codec.RSV3, Opcode: codec.OpText, Length: 5}},
	{"all bits of the first byte", Bits("1 111 1111 0 0000000"), codec.Header{Fin: true, RSV: 7, Opcode: 15}},
	{"no bit at all", Bits("0 000 0000 0 0000000"), codec.Header{}},
}

func binaryHeader(length uint64) codec.Header {
	return codec.Header{Fin: true, Opcode: codec.OpBinary, Length: length}
}

func maskedHeader(length uint64) codec.Header {
	return codec.Header{Fin: true, Opcode: codec.OpBinary, Length: length, Masked: true, Key: RFCKey}
}

// InvalidHeader is a header that ParseHeader must refuse, and the rule it breaks.
type InvalidHeader struct {
	Name string
	Wire []byte
	Err  codec.Violation
}

// InvalidHeaders break the two rules that a header can break by its form.
var InvalidHeaders = []InvalidHeader{
	{"length 0 in two bytes", Unhex("82 7E 00 00"), codec.ErrLengthNotMinimal},
	{"length 125 in two bytes", Unhex("82 7E 00 7D"), codec.ErrLengthNotMinimal},
	{"length 0 in eight bytes", Unhex("82 7F 00 00 00 00 00 00 00 00"), codec.ErrLengthNotMinimal},
	{"length 125 in eight bytes", Unhex("82 7F 00 00 00 00 00 00 00 7D"), codec.ErrLengthNotMinimal},
	{"length 126 in eight bytes", Unhex("82 7F 00 00 00 00 00 00 00 7E"), codec.ErrLengthNotMinimal},
	{"length 65535 in eight bytes", Unhex("82 7F 00 00 00 00 00 00 FF FF"), codec.ErrLengthNotMinimal},
	{"masked, length 125 in two bytes", Unhex("82 FE 00 7D 37 FA 21 3D"), codec.ErrLengthNotMinimal},
	{"masked, length 65535 in eight bytes", Unhex("82 FF 00 00 00 00 00 00 FF FF 37 FA 21 3D"), codec.ErrLengthNotMinimal},
	{"length 2^63", Unhex("82 7F 80 00 00 00 00 00 00 00"), codec.ErrLengthOverflow},
	{"length 2^64-1", Unhex("82 7F FF FF FF FF FF FF FF FF"), codec.ErrLengthOverflow},
	{"masked, length 2^63", Unhex("82 FF 80 00 00 00 00 00 00 00 37 FA 21 3D"), codec.ErrLengthOverflow},
	{"length 5 with the most significant bit set", Unhex("82 7F 80 00 00 00 00 00 00 05"), codec.ErrLengthOverflow},
}
