//go:build !linux || purego

package websocket_test

// socketsAreAsked reports whether the library asks the system about the peer of a socket.
const socketsAreAsked = false
