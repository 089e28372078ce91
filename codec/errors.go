package codec

import "errors"

// ErrShort reports that the input ends inside an element. Nothing was consumed or
// changed: call again with more bytes.
var ErrShort = errors.New("codec: more bytes needed")

// Violation is a rule of RFC 6455 or RFC 7692 that the peer violated. Values are
// constants: returning one does not allocate, and two are equal if and only if the rule
// is the same.
type Violation uint8

// The rules, in the order in which the RFC states them.
const (
	ErrReservedBits      Violation = iota + 1 // §5.2: a reserved bit without an extension that defines it
	ErrReservedOpcode                         // §5.2: an opcode that has no meaning
	ErrLengthNotMinimal                       // §5.2: "the minimal number of bytes MUST be used to encode the length"
	ErrLengthOverflow                         // §5.2: "the most significant bit MUST be 0"
	ErrUnmasked                               // §5.1: a client "MUST mask all frames that it sends"
	ErrMasked                                 // §5.1: "A server MUST NOT mask any frames that it sends"
	ErrContinuation                           // §5.4: a continuation frame with no message to continue
	ErrInterleaved                            // §5.4: a message begins before the last one has ended
	ErrControlFragmented                      // §5.5: control frames "MUST NOT be fragmented"
	ErrControlTooLong                         // §5.5: control frames "MUST have a payload length of 125 bytes or less"
	ErrAfterClose                             // §5.5.1: nothing may be sent after a Close frame
	ErrCloseTruncated                         // §5.5.1: a Close payload of one byte
	ErrCloseStatus                            // §7.4: a status code that must not be on the wire
	ErrCloseReason                            // §5.5.1: a reason that is not UTF-8
	ErrText                                   // §8.1: a text message that is not UTF-8
	ErrMessageTooBig                          // §10.4: a message above this endpoint's limit
	ErrDeflate                                // RFC 7692 §7.2.2: a compressed message that is not DEFLATE
	violations
)

var violationTable = [violations]struct {
	rule string
	code StatusCode
}{
	0:                    {"codec: no violation", StatusInternalError},
	ErrReservedBits:      {"codec: reserved bit set without an extension that defines it", StatusProtocolError},
	ErrReservedOpcode:    {"codec: reserved opcode", StatusProtocolError},
	ErrLengthNotMinimal:  {"codec: payload length not encoded in the fewest bytes", StatusProtocolError},
	ErrLengthOverflow:    {"codec: payload length with its most significant bit set", StatusProtocolError},
	ErrUnmasked:          {"codec: frame from a client is not masked", StatusProtocolError},
	ErrMasked:            {"codec: frame from a server is masked", StatusProtocolError},
	ErrContinuation:      {"codec: continuation frame without a message to continue", StatusProtocolError},
	ErrInterleaved:       {"codec: data frame inside a fragmented message", StatusProtocolError},
	ErrControlFragmented: {"codec: fragmented control frame", StatusProtocolError},
	ErrControlTooLong:    {"codec: control frame longer than 125 bytes", StatusProtocolError},
	ErrAfterClose:        {"codec: frame after the Close frame", StatusProtocolError},
	ErrCloseTruncated:    {"codec: Close payload of one byte", StatusProtocolError},
	ErrCloseStatus:       {"codec: status code that must not be sent", StatusProtocolError},
	ErrCloseReason:       {"codec: Close reason is not UTF-8", StatusInvalidPayload},
	ErrText:              {"codec: text message is not UTF-8", StatusInvalidPayload},
	ErrMessageTooBig:     {"codec: message larger than the limit", StatusMessageTooBig},
	ErrDeflate:           {"codec: compressed message is not DEFLATE", StatusInvalidPayload},
}

// Error returns the violated rule.
func (v Violation) Error() string { return violationTable[v.known()].rule }

// Rule returns the violated rule without the prefix "codec: ", for the reason of a
// Close frame.
func (v Violation) Rule() string { return v.Error()[len("codec: "):] }

// StatusCode returns the status code for the Close frame that answers v.
func (v Violation) StatusCode() StatusCode { return violationTable[v.known()].code }

func (v Violation) known() Violation {
	if v >= violations {
		return 0
	}
	return v
}
