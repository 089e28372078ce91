// Package websocket serves WebSocket connections (RFC 6455) at memory speed.
package websocket
