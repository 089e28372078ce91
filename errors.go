package websocket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/zerowire/websocket/codec"
)

// Errors of this package that stand for themselves. Compare with errors.Is.
var (
	// ErrClosed reports an operation on a connection that this endpoint has
	// closed, or after its Close frame. It is a net.ErrClosed.
	ErrClosed error = closedError{}

	// ErrServerClosed is what Serve returns after Shutdown or Close.
	ErrServerClosed = errors.New("websocket: server closed")

	// ErrConcurrentRead reports that a second goroutine read while a first one
	// did. Only one may at a time; nothing was read.
	ErrConcurrentRead = errors.New("websocket: concurrent read: only one goroutine may read at a time")

	// ErrHandlerReads reports a read on a connection that a Handler is served by: its
	// messages come to Handler.Message. Use Blocking for a handler that reads.
	ErrHandlerReads = errors.New("websocket: the connection's Handler receives its messages: wrap a function in Blocking to read them")

	// ErrMessageType reports a message that is neither OpText nor OpBinary.
	ErrMessageType = errors.New("websocket: the type of a message is OpText or OpBinary")

	// ErrControlType reports a control frame for WriteControl that is neither OpPing nor
	// OpPong; Close sends OpClose.
	ErrControlType = errors.New("websocket: the type of a control frame is OpPing or OpPong; use Close for OpClose")

	// ErrControlFlood reports that the peer sent more Pings and Pongs than
	// Options.MaxControlFrames.
	ErrControlFlood = errors.New("websocket: too many control frames")

	// ErrTimeout reports that the peer took longer than one of the time limits
	// in Options allows. It is a net.Error whose Timeout is true.
	ErrTimeout error = timeoutError{}
)

type closedError struct{}

func (closedError) Error() string { return "websocket: connection closed" }
func (closedError) Unwrap() error { return net.ErrClosed }

type timeoutError struct{}

func (timeoutError) Error() string   { return "websocket: the peer exceeded a time limit" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return false }

// CloseError is how a connection ended: the error of every read, and of Handler.Close
// and Hooks.Closed, for each end but that by CloseNow, which is ErrClosed.
type CloseError struct {
	// Code is that of the peer's Close frame, StatusNoStatusReceived if that was empty
	// (RFC 6455 §7.1.5); or the one that this endpoint sent, StatusMessageTooBig for
	// example; or StatusAbnormalClosure, if the connection ended without a Close frame.
	Code StatusCode

	// Reason is that of the Close frame (RFC 6455 §7.1.6): UTF-8, at most 123 bytes,
	// chosen by the peer if Err is nil.
	Reason string

	// Err is the cause, nil if the peer sent a Close frame: a codec.Violation, ErrTimeout,
	// ErrControlFlood, ErrOverflow or what the network reported, for errors.Is and
	// errors.As.
	Err error
}

// Error gives the cause, or code and reason of the peer's.
func (e *CloseError) Error() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Reason == "":
		return fmt.Sprintf("websocket: closed by the peer: %d %s", uint16(e.Code), e.Code)
	}
	return fmt.Sprintf("websocket: closed by the peer: %d %s: %q", uint16(e.Code), e.Code, e.Reason)
}

// Unwrap returns the cause.
func (e *CloseError) Unwrap() error { return e.Err }

// CloseStatus returns the status code that err, an error from reading, stands
// for: that of a *CloseError, 0 for nil, and otherwise StatusAbnormalClosure.
func CloseStatus(err error) StatusCode {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*CloseError](err); ok {
		return e.Code
	}
	return StatusAbnormalClosure
}

// HandshakeError says that an opening handshake was refused, and how. A server's
// Route returns one to refuse; Upgrade and Dial return one when it was. If a rule
// of the RFCs was the reason, errors.As finds the codec.Refusal behind it.
type HandshakeError struct {
	Status int    // of the HTTP response: for a server to refuse, 400 to 599
	Reason string // one line, sent as the body

	// What Dial received.
	Header http.Header
	Body   []byte // its first 4 KiB

	// Proxy is the proxy, scheme://host:port, that has refused the connection to the
	// server in Dial; "" if the server has refused the opening handshake.
	Proxy string

	cause error
}

// Unwrap returns the codec.Refusal that was the reason, nil if none was.
func (e *HandshakeError) Unwrap() error { return e.cause }

// Error gives status and reason, says if it was a proxy that has refused, and which
// option moves a limit that was exceeded.
func (e *HandshakeError) Error() string {
	by, hint := "", ""
	if e.Proxy != "" {
		by = " by proxy " + e.Proxy
	}
	switch e.cause {
	case codec.ErrHeadTooBig:
		hint = ": raise Options.MaxHeadBytes"
	case codec.ErrTooManyLines:
		hint = ": raise Options.MaxHeadFields"
	case codec.ErrTooManyConnections:
		hint = ": raise Server.MaxConns"
	}
	return fmt.Sprintf("websocket: opening handshake refused%s: %d: %s%s", by, e.Status, e.Reason, hint)
}

// abnormal returns the end of a connection on which reading failed with err.
func abnormal(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errAbnormal
	}
	return &CloseError{Code: StatusAbnormalClosure, Err: fmt.Errorf("websocket: read: %w", err)}
}

// errAbnormal is the end of a connection without a Close frame.
var errAbnormal = &CloseError{
	Code: StatusAbnormalClosure,
	Err:  fmt.Errorf("websocket: the connection ended without a Close frame: %w", io.ErrUnexpectedEOF),
}
