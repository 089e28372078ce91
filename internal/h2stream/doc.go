// Package h2stream makes a net.Conn of one HTTP/2 stream (RFC 8441 §5): of the request
// body and the ResponseWriter of a net/http handler, and of the two bodies of a request
// that a client made.
//
// A stream differs from a socket in three ways, and this package hides them:
//
//   - A deadline of net/http ends a stream for good. The deadlines here are of this
//     package; they can be moved, and a Read or Write that has exceeded one can be
//     repeated.
//   - A write is sent when it is flushed, and a flush waits for the peer's flow control
//     window. Write copies into a bounded buffer, as a socket does; everything that was
//     written while the last flush was under way leaves with the next one.
//   - A stream has no half-close at the server's end: net/http sends END_STREAM when the
//     handler returns.
package h2stream
