// Package http3example is a recipe for WebSockets over HTTP/3 (RFC 9220) with quic-go: its
// streams have the deadlines of a net.Conn, so [websocket.NewConn] is all that is needed.
// Copy what you need; it is no API.
package http3example
