package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zerowire/websocket"
)

// span has g hear of the players on other nodes, and tell of its own, until ctx ends.
func (g *game) span(ctx context.Context) {
	go func() {
		for ctx.Err() == nil {
			g.listen(ctx)
			pause(ctx) // the hub has closed an ear that was too slow: what it has missed is sent again
		}
	}()
	go func() {
		for ctx.Err() == nil {
			pause(ctx)
			g.beat(time.Now())
		}
	}()
}

// pause waits for a heartbeat, or until ctx ends.
func pause(ctx context.Context) {
	select {
	case <-time.After(heartbeat):
	case <-ctx.Done():
	}
}

// listen hears what other nodes tell, until ctx ends or the hub has enough of it. A hub
// delivers to connections, so it is given one: in memory, whose other end is read here.
func (g *game) listen(ctx context.Context) {
	reader, ear := websocket.Pipe(nil)
	defer ear.CloseNow()
	defer context.AfterFunc(ctx, func() { reader.CloseNow() })()
	g.mu.Lock()
	g.ear = ear
	g.mu.Unlock()
	if g.hub.Subscribe(ear, movesTopic+".*") == nil {
		_ = reader.Serve(websocket.MessageFunc(func(_ *websocket.Conn, _ websocket.Opcode, p []byte) {
			g.hear(p, time.Now())
		}))
	}
}

// hear takes in what another node tells. This node's own players are known better here.
func (g *game) hear(p []byte, now time.Time) {
	var left departure
	if json.Unmarshal(p, &left) == nil && left.Left {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.lose(left.ID)
		return
	}
	pos, wrong := parsePosition(websocket.OpText, p)
	if wrong != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	at, known := g.last[pos.ID]
	if known && at.far.IsZero() {
		return
	}
	message := encode(pos)
	g.last[pos.ID] = seen{message, now}
	if string(at.message) != string(message) {
		_ = g.hub.PublishLocal(farTopic, websocket.OpText, message)
	}
}

// beat tells the other nodes where the players of this one are, for those that have
// just come or have missed something, and loses players of which their nodes have told
// nothing three times.
func (g *game) beat(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, at := range g.last {
		switch {
		case at.far.IsZero():
			g.publish(g.moves+".again", at.message, nil)
		case now.Sub(at.far) > 3*heartbeat:
			g.lose(id)
		}
	}
}

// lose removes a player of another node.
func (g *game) lose(id string) {
	if at, known := g.last[id]; known && !at.far.IsZero() {
		delete(g.last, id)
		_ = g.hub.PublishLocal(farTopic, websocket.OpText, encode(departure{id, true}))
	}
}
