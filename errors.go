package websocket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// Errors of this package. Compare with errors.Is.
var (
	// ErrClosed reports an operation on a connection that this endpoint has closed, or
	// for which it has sent a Close frame. errors.Is also matches net.ErrClosed.
	ErrClosed error = closedError{}

	// ErrServerClosed is returned by [Server.Serve] after [Server.Shutdown] or
	// [Server.Close].
	ErrServerClosed = errors.New("websocket: server closed")

	// ErrConcurrentRead reports a read while another goroutine was reading. Nothing was
	// read.
	ErrConcurrentRead = errors.New("websocket: concurrent read: only one goroutine may read at a time")

	// ErrHandlerReads reports a read on a connection that a [Handler] serves: its
	// messages are passed to the Handler's Message. Use [Blocking] for a handler that
	// reads.
	ErrHandlerReads = errors.New("websocket: the connection's Handler receives its messages: wrap a function in Blocking to read them")

	// ErrMessageType reports a message type other than OpText and OpBinary.
	ErrMessageType = errors.New("websocket: the type of a message is OpText or OpBinary")

	// ErrControlType reports an opcode other than OpPing and OpPong in
	// [Conn.WriteControl]. [Conn.Close] sends OpClose.
	ErrControlType = errors.New("websocket: the type of a control frame is OpPing or OpPong; use Close for OpClose")

	// ErrOptions reports a field of [Options] with a value that has no meaning, or that
	// contradicts another field.
	ErrOptions = errors.New("websocket: invalid Options")

	// ErrControlFlood reports that the peer exceeded Options.MaxControlFrames.
	ErrControlFlood = errors.New("websocket: too many control frames")

	// ErrTimeout reports that the peer exceeded a time limit of [Options]. It is a
	// net.Error whose Timeout is true.
	ErrTimeout error = timeoutError{}
)

type closedError struct{}

func (closedError) Error() string { return "websocket: connection closed" }
func (closedError) Unwrap() error { return net.ErrClosed }

type timeoutError struct{}

func (timeoutError) Error() string   { return "websocket: the peer exceeded a time limit" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return false }

// CloseError reports how a connection ended. It is the error of reads, of the Close of
// [Handler] and of Hooks.Closed for every end, except after [Conn.CloseNow], which
// results in [ErrClosed].
type CloseError struct {
	// Code is the status code of the Close frame that was received, or
	// StatusNoStatusReceived if that had none (RFC 6455 §7.1.5). If this endpoint ended
	// the connection because of Err, it is the code that was sent, such as
	// StatusMessageTooBig. It is StatusAbnormalClosure if there was no Close frame.
	Code StatusCode

	// Reason is the reason of that Close frame (RFC 6455 §7.1.6), UTF-8 of at most 123
	// bytes. If Err is nil, the peer chose it.
	Reason string

	// Err is nil if the peer sent a Close frame. Otherwise it wraps the cause: a
	// [codec.Violation], [ErrTimeout], [ErrControlFlood], [ErrOverflow] or an error of
	// the network.
	Err error
}

// Error returns the text of Err or, if Err is nil, the code and reason of the peer.
func (e *CloseError) Error() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Reason == "":
		return fmt.Sprintf("websocket: closed by the peer: %d %s", uint16(e.Code), e.Code)
	}
	return fmt.Sprintf("websocket: closed by the peer: %d %s: %q", uint16(e.Code), e.Code, e.Reason)
}

// Unwrap returns e.Err, for errors.Is and errors.As.
func (e *CloseError) Unwrap() error { return e.Err }

// CloseStatus returns the status code for err, an error of a read: the code of a
// [*CloseError], 0 for nil, and StatusAbnormalClosure for other errors.
func CloseStatus(err error) StatusCode {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*CloseError](err); ok {
		return e.Code
	}
	return StatusAbnormalClosure
}

// HandshakeError reports that an opening handshake was refused. [Upgrade] and [Dial]
// return it. The Route of a [Server] returns one to refuse a request. If the request or
// response violated a rule, errors.As finds the [codec.Refusal].
type HandshakeError struct {
	Status int    // of the HTTP response; Route may set 400 to 599
	Reason string // one line; a server sends it as the body

	// The response that Dial received.
	Header http.Header
	Body   []byte // its first 4 KiB

	// Proxy is the proxy, scheme://host:port, that refused the connection of Dial. It is
	// "" if the server refused the opening handshake.
	Proxy string

	cause    error
	to       string // the endpoint of a Dial
	variable string // the environment variable that names the proxy
}

// Unwrap returns the cause, for example a [codec.Refusal], or nil.
func (e *HandshakeError) Unwrap() error { return e.cause }

// Error returns the status and the reason. For a Dial it names the server or the proxy
// that refused, with the environment variable of that proxy, and quotes the first line of a
// body that is plain text. It also names the option whose limit was exceeded.
func (e *HandshakeError) Error() string {
	what, hint := "opening handshake refused", ""
	switch {
	case e.Proxy != "" && e.variable != "":
		what = "refused by proxy " + e.Proxy + " from " + e.variable
	case e.Proxy != "":
		what = "refused by proxy " + e.Proxy
	case e.to != "" && e.Status == http.StatusSwitchingProtocols:
		what = "invalid response of the server"
	case e.to != "":
		what += " by the server"
	}
	if e.to != "" {
		what = "dial " + e.to + ": " + what
	}
	switch e.cause {
	case codec.ErrHeadTooBig:
		hint = ": raise Options.MaxHeadBytes"
	case codec.ErrTooManyLines:
		hint = ": raise Options.MaxHeadFields"
	case codec.ErrTooManyConnections:
		hint = ": raise Server.MaxConns"
	}
	return fmt.Sprintf("websocket: %s: %d: %s%s%s", what, e.Status, e.Reason, e.quote(), hint)
}

// quote returns the first line of the body, quoted, if the body is plain text.
func (e *HandshakeError) quote() string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(e.Body)), "\n")
	if line == "" || !strings.HasPrefix(e.Header.Get("Content-Type"), "text/plain") {
		return ""
	}
	return ": " + shortQuote(strings.TrimSuffix(line, "\r"))
}

// abnormal returns the CloseError of a connection on which reading failed with err.
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
