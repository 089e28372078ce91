//go:build !linux

package websocket

import (
	"io"
	"net"
)

// streamOf returns the fastest way to read from and write to nc.
func streamOf(nc net.Conn) io.ReadWriter { return nc }
