// Package codec turns bytes into WebSocket frames and frames into bytes
// (RFC 6455). It does no I/O, starts no goroutine, reads no clock and logs
// nothing: proxies, event loops and test tools can use it alone.
//
// # Elements
//
// Each element of the wire is a triple: ParseX(b) reads one from the start of b
// and says how long it was, AppendX(dst, x) appends one, SizeX(x) says how many
// bytes that would be. The elements are Header, Close payloads, and, with more
// to say, the Request and the Response of the opening handshake.
//
// A short input is always ErrShort. Nothing was consumed and nothing changed:
// read more and call again.
//
// # Streams
//
// Decoder takes received bytes and gives legal frames, unmasked and validated;
// Encoder appends frames and refuses illegal ones. Both ask Sequence, whose table
// can be laid beside the RFC:
//
//	             between messages   inside a fragmented message
//	continuation  ErrContinuation    legal
//	text, binary  legal              ErrInterleaved
//	control       legal              legal
//	reserved      ErrReservedOpcode  ErrReservedOpcode
//
// The codec is strict where others are lax: lengths in more bytes than needed,
// reserved bits on control and continuation frames, unmasked frames to a server
// and masked ones to a client, unassigned status codes are all refused.
//
// # Errors
//
// What the peer did wrong is a Violation, which knows the rule and the status
// code of the Close frame that answers it, or, during the opening handshake, a
// Refusal, which knows the HTTP status. Both are small values: returning one
// allocates nothing. Compare them with ==, or with errors.Is when wrapped.
//
// # Ownership
//
// Functions that append do not retain dst or their other arguments. Slices that
// are handed out are parts of the buffer that was handed in, or of the Decoder's;
// each function says until when they are valid. Mask and Fill change the bytes
// they are given; nothing else does.
//
// # Allocation
//
// No function of this package allocates per call, except that AppendX grows
// dst, and that a Decoder borrows its buffer from package pool.
//
// # Assembly
//
// Masking and the validation of UTF-8 are in assembly for amd64 with AVX2, which is
// found out at run time, and for arm64. Everywhere else, and with the build tag
// purego, they are in Go; the results are the same.
package codec
