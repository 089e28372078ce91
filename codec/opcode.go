package codec

// Opcode is the 4-bit frame type of RFC 6455 §5.2.
type Opcode uint8

// The opcodes of RFC 6455 §11.8. All others are reserved.
const (
	OpContinuation Opcode = 0x0
	OpText         Opcode = 0x1
	OpBinary       Opcode = 0x2
	OpClose        Opcode = 0x8
	OpPing         Opcode = 0x9
	OpPong         Opcode = 0xA
)

// IsControl reports whether o is a control opcode (RFC 6455 §5.5), reserved
// ones included: they have the highest bit set.
func (o Opcode) IsControl() bool { return o&0x8 != 0 }

// IsData reports whether o begins a message: text or binary (RFC 6455 §5.6).
func (o Opcode) IsData() bool { return o == OpText || o == OpBinary }

// IsReserved reports whether o has no meaning in RFC 6455.
func (o Opcode) IsReserved() bool { return opcodeNames[o&0xF] == "" || o > 0xF }

// String returns the name of o in the RFC, in lower case, or "reserved".
func (o Opcode) String() string {
	if o.IsReserved() {
		return "reserved"
	}
	return opcodeNames[o]
}

var opcodeNames = [16]string{
	OpContinuation: "continuation",
	OpText:         "text",
	OpBinary:       "binary",
	OpClose:        "close",
	OpPing:         "ping",
	OpPong:         "pong",
}
