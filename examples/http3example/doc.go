// Package http3example is an example of WebSockets over HTTP/3 (RFC 9220) with quic-go. The
// streams of quic-go have the deadlines of a net.Conn, so [websocket.NewConn] is sufficient.
// Copy the parts that you need: the package has no stable API.
package http3example
