package websocket

import (
	"net"
	"time"

	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/transport"
)

// What the opening handshake needs of a net.Conn, before there is a Conn.

// deadlineIn returns when a limit of d that begins now expires; the zero time, which is
// no deadline, for 0.
func deadlineIn(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return instant.Now().After(d).Time()
}

// writeAll writes all of b or fails.
func writeAll(nc net.Conn, b []byte) error { return transport.WriteAll(nc, b) }

// drain waits until the peer has closed its side of nc, for at most lingerTime,
// and throws away what it receives.
func drain(nc net.Conn, scratch []byte) {
	nc.SetReadDeadline(deadlineIn(lingerTime))
	for {
		if _, err := nc.Read(scratch); err != nil {
			return
		}
	}
}
