// Package codec converts between bytes and WebSocket frames (RFC 6455). It does no I/O,
// starts no goroutine, reads no clock and logs nothing, so that proxies, event loops
// and test tools can use it alone.
//
// # Elements
//
// There are three functions for each element of the wire format. ParseX(b) parses an
// element at the start of b and returns its size. AppendX(dst, x) appends one. SizeX(x)
// returns the number of bytes that AppendX appends. The elements are [Header], Close
// payloads, and, with larger interfaces, [Request] and [Response] of the opening
// handshake.
//
// If the input ends inside an element, the error is [ErrShort]. Then nothing was
// consumed or changed: read more bytes and call again.
//
// # Streams
//
// [Decoder] takes received bytes and returns legal frames, unmasked and validated.
// [Encoder] appends frames and refuses illegal ones. Both use [Sequence], which
// implements this table of RFC 6455 §5.4:
//
//	             between messages   inside a fragmented message
//	continuation  ErrContinuation    legal
//	text, binary  legal              ErrInterleaved
//	control       legal              legal
//	reserved      ErrReservedOpcode  ErrReservedOpcode
//
// The codec is strict. It refuses lengths that are not encoded in the fewest bytes,
// reserved bits on control and continuation frames, unmasked frames to a server, masked
// frames to a client, and unassigned status codes.
//
// # Errors
//
// A [Violation] reports a rule that the peer violated. It has the status code of the
// Close frame that answers it. A [Refusal] does the same during the opening handshake,
// and has an HTTP status. Both are small values: returning one does not allocate.
// Compare them with ==, or with errors.Is if they are wrapped.
//
// # Buffer ownership
//
// Functions that append do not retain dst or their other arguments. Returned slices are
// parts of the buffer that was passed in, or of the Decoder's buffer; each function
// documents how long they are valid. [Mask] and [Decoder.Fill] modify the bytes that they
// are given, and [Response.Parse] those of a folded header line. No other function does.
//
// # Allocation
//
// The functions of this package do not allocate per call. There are two exceptions: AppendX
// grows dst, and a [Decoder] takes its buffer from package pool.
//
// # Assembly
//
// Masking and UTF-8 validation are in assembly for arm64, and for amd64 with AVX2,
// which is detected at run time. On other processors, and with the build tag purego,
// they are in Go. The results are the same.
package codec
