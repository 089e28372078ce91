// Package h2stream implements a [net.Conn] on one HTTP/2 stream (RFC 8441 §5). A server's
// stream consists of the request body and the ResponseWriter of a net/http handler. A client's
// stream consists of the request body and the response body.
//
// A stream differs from a socket in three ways, and this package hides them:
//
//   - A deadline of net/http ends a stream permanently. This package has its own deadlines:
//     they can be moved, and a Read or Write that has exceeded one can be repeated.
//   - A flush waits for the peer's flow control window. Here, Write copies to a bounded
//     buffer, like a socket. The next flush sends all bytes that were written during the
//     last one.
//   - A server cannot half-close a stream: net/http sends END_STREAM when the handler
//     returns. See [Conn.CloseWrite].
package h2stream
