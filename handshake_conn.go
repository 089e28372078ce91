package websocket

import (
	"net"
	"time"

	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/transport"
)

// Functions of the opening handshake, for a net.Conn without a Conn.

// deadlineIn returns the time at which a limit of d that begins now expires. For 0 it
// returns the zero time, which means no deadline.
func deadlineIn(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return instant.Now().After(d).Time()
}

// writeAll writes all of b or fails.
func writeAll(nc net.Conn, b []byte) error { return transport.WriteAll(nc, b) }

// drain waits until the peer has closed its side of nc, for at most lingerTime, and
// discards what it receives.
func drain(nc net.Conn, scratch []byte) {
	nc.SetReadDeadline(deadlineIn(lingerTime))
	for {
		if _, err := nc.Read(scratch); err != nil {
			return
		}
	}
}
