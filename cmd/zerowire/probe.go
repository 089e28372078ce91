package main

import (
	"context"
	"time"

	"github.com/zerowire/websocket"
)

const (
	probeInterval = 15 * time.Second // how often Prometheus asks, by default
	probeTimeout  = 5 * time.Second  // for the Pong
)

// probe pings c once every interval, and calls observe with each round trip, until c
// has ended.
func probe(c *websocket.Conn, observe func(time.Duration)) {
	time.AfterFunc(probeInterval, func() {
		ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
		defer cancel()
		rtt, err := c.Ping(ctx)
		switch {
		case err == nil:
			observe(rtt)
		case ctx.Err() == nil:
			return // c has ended
		}
		probe(c, observe)
	})
}
