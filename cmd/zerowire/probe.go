package main

import (
	"context"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

const (
	probeInterval = 15 * time.Second // how often Prometheus asks, by default
	probeTimeout  = 5 * time.Second  // for the Pong
	probesAtOnce  = 64
)

// probe pings every connection in turn to learn its round-trip time. A nil
// probe does nothing.
type probe struct {
	observe func(time.Duration) // called with each round trip

	mu    sync.Mutex
	conns map[*websocket.Conn]struct{}
}

func newProbe(observe func(time.Duration)) *probe {
	return &probe{observe: observe, conns: map[*websocket.Conn]struct{}{}}
}

func (p *probe) add(c *websocket.Conn) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = struct{}{}
}

func (p *probe) remove(c *websocket.Conn) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// run pings until ctx ends, all connections once every interval.
func (p *probe) run(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		p.round(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// round pings all connections that are open now, a few at a time.
func (p *probe) round(ctx context.Context) {
	p.mu.Lock()
	conns := make(chan *websocket.Conn, len(p.conns))
	for c := range p.conns {
		conns <- c
	}
	p.mu.Unlock()
	close(conns)
	var pinging sync.WaitGroup
	for range min(probesAtOnce, cap(conns)) {
		pinging.Go(func() {
			for c := range conns {
				p.ping(ctx, c)
			}
		})
	}
	pinging.Wait()
}

func (p *probe) ping(ctx context.Context, c *websocket.Conn) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if rtt, err := c.Ping(ctx); err == nil {
		p.observe(rtt)
	}
}
