package h2stream

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// ResetError reports that the peer has reset the stream (RFC 9113 §6.4). It wraps
// syscall.ECONNRESET, the error of a TCP connection that was reset.
type ResetError struct {
	Code uint32 // of the RST_STREAM frame, RFC 9113 §7
}

// Error returns a text with the name of the error code.
func (e *ResetError) Error() string {
	return fmt.Sprintf("http2: stream reset by the peer: %s", codeName(e.Code))
}

// Unwrap returns syscall.ECONNRESET.
func (e *ResetError) Unwrap() error { return syscall.ECONNRESET }

var codeNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
	"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
	"CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

func codeName(code uint32) string {
	if code < uint32(len(codeNames)) {
		return codeNames[code]
	}
	return fmt.Sprintf("code %d", code)
}

// errEnded is the error of a client's writes to a stream that has ended.
var errEnded = errors.New("http2: the stream has ended")

// streamError has the fields of net/http's type for the error of a stream. The method As of that
// type fills any struct with these fields. It is needed because net/http does not export the
// type.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }

// endOf converts err, the error of a body, to the error that Read returns.
func endOf(err error) error {
	if err == io.EOF {
		return io.EOF
	}
	if reset, ok := errors.AsType[streamError](err); ok {
		return &ResetError{Code: reset.Code}
	}
	return err
}
