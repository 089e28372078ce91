package websocket

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/zerowire/websocket/codec"
)

// The status codes of Close frames (RFC 6455 §7.4.1, §11.7).
const (
	CloseNormalClosure           = 1000
	CloseGoingAway               = 1001
	CloseProtocolError           = 1002
	CloseUnsupportedData         = 1003
	CloseNoStatusReceived        = 1005
	CloseAbnormalClosure         = 1006
	CloseInvalidFramePayloadData = 1007
	ClosePolicyViolation         = 1008
	CloseMessageTooBig           = 1009
	CloseMandatoryExtension      = 1010
	CloseInternalServerErr       = 1011
	CloseServiceRestart          = 1012
	CloseTryAgainLater           = 1013
	CloseTLSHandshake            = 1015
)

var (
	// ErrCloseSent is returned by writes after a Close frame.
	ErrCloseSent = errors.New("websocket: close sent")

	// ErrReadLimit is returned by reads of a message above the limit of
	// [Conn.SetReadLimit].
	ErrReadLimit = errors.New("websocket: read limit exceeded")

	// ErrBadHandshake is returned by [Dialer.Dial] when the server's response does
	// not accept the opening handshake.
	ErrBadHandshake = errors.New("websocket: bad handshake")
)

var (
	errMessageType  = errors.New("websocket: write: unknown message type")
	errWriterClosed = errors.New("websocket: write: the message has ended: call NextWriter for the next one")
	errControlFrame = errors.New("websocket: write: a control message must fit in one frame of at most 125 bytes")
	errLevel        = errors.New("websocket: compression level: want -2 to 9")
)

// CloseError is the error of a read after the peer's Close frame. If the connection ended
// without a Close frame, the code is [CloseAbnormalClosure].
type CloseError struct {
	Code int    // CloseNoStatusReceived if the frame had no code
	Text string // the reason, which may be empty
}

// closeNames are the texts that CloseError.Error adds to a code.
var closeNames = map[int]string{
	CloseNormalClosure:           "normal",
	CloseGoingAway:               "going away",
	CloseProtocolError:           "protocol error",
	CloseUnsupportedData:         "unsupported data",
	CloseNoStatusReceived:        "no status",
	CloseAbnormalClosure:         "abnormal closure",
	CloseInvalidFramePayloadData: "invalid payload data",
	ClosePolicyViolation:         "policy violation",
	CloseMessageTooBig:           "message too big",
	CloseMandatoryExtension:      "mandatory extension missing",
	CloseInternalServerErr:       "internal server error",
	CloseTLSHandshake:            "TLS handshake error",
}

// Error returns the code, its meaning and the reason.
func (e *CloseError) Error() string {
	s := "websocket: close " + strconv.Itoa(e.Code)
	if name := closeNames[e.Code]; name != "" {
		s += " (" + name + ")"
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// IsCloseError reports whether err is a [*CloseError] with one of codes. It does not unwrap
// err.
func IsCloseError(err error, codes ...int) bool {
	e, ok := err.(*CloseError)
	return ok && slices.Contains(codes, e.Code)
}

// IsUnexpectedCloseError reports whether err is a [*CloseError] with a code that is not in
// expectedCodes. It does not unwrap err.
func IsUnexpectedCloseError(err error, expectedCodes ...int) bool {
	e, ok := err.(*CloseError)
	return ok && !slices.Contains(expectedCodes, e.Code)
}

// FormatCloseMessage returns the payload of a Close frame with a code and a reason (RFC 6455
// §5.5.1). For [CloseNoStatusReceived] it is empty, but not nil. FormatCloseMessage does not
// check whether code and reason may be sent.
func FormatCloseMessage(closeCode int, text string) []byte {
	if closeCode == CloseNoStatusReceived {
		return []byte{}
	}
	p := make([]byte, 0, 2+len(text))
	p = binary.BigEndian.AppendUint16(p, uint16(closeCode))
	return append(p, text...)
}

// protocolError is a violation of the protocol by the peer.
type protocolError struct{ violation codec.Violation }

func (e *protocolError) Error() string { return "websocket: read: " + e.violation.Rule() }
func (e *protocolError) Unwrap() error { return e.violation }

// lost returns the error of a read that failed with err. A connection that ended
// without a Close frame has status 1006.
func lost(err error) error {
	if err == io.EOF {
		return &CloseError{Code: CloseAbnormalClosure, Text: io.ErrUnexpectedEOF.Error()}
	}
	return permanent(err)
}

// permanent returns err. If err reports that it is temporary, permanent wraps it to hide that:
// after a failed read or write, the call cannot be repeated.
func permanent(err error) error {
	if e, ok := err.(net.Error); ok && isTemporary(err) {
		return permanentError{e}
	}
	return err
}

// isTemporary reports whether err has a method Temporary that returns true.
func isTemporary(err error) bool {
	e, ok := err.(interface{ Temporary() bool })
	return ok && e.Temporary()
}

type permanentError struct{ cause net.Error }

func (e permanentError) Error() string { return e.cause.Error() }
func (e permanentError) Timeout() bool { return e.cause.Timeout() }
func (permanentError) Temporary() bool { return false }
func (e permanentError) Unwrap() error { return e.cause }

// timeoutError reports that a control frame was not written before its deadline, because
// another write did not end. The connection stays usable.
type timeoutError struct{}

func (timeoutError) Error() string   { return "websocket: write timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
func (timeoutError) Unwrap() error   { return os.ErrDeadlineExceeded }
