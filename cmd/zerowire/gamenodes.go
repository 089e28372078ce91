package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// Topics of the game. On gameTopic the nodes tell each other of their players;
// playersTopic has no messages, and the players as members.
const (
	gameTopic    = "gamepos"
	playersTopic = "gamepos.players"
)

// retellInterval is how often a node tells the others where all its players are:
// for nodes that have just come, or have missed something.
const retellInterval = 2 * time.Second

// span connects g to the games of the other nodes until ctx ends.
func (g *game) span(ctx context.Context, h *hub.Hub, log *slog.Logger) {
	g.tell = func(message []byte) {
		if err := h.Publish(gameTopic, websocket.OpText, message); err != nil {
			log.Warn("The other nodes were not told of a player", "error", err)
		}
	}
	go g.listen(ctx, h)
	go func() {
		tick := time.NewTicker(retellInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				g.retell()
			case <-ctx.Done():
				return
			}
		}
	}()
}

// listen hears what other nodes tell, until ctx ends. A hub delivers to
// connections, so it is given one: in memory, whose other end is read here.
func (g *game) listen(ctx context.Context, h *hub.Hub) {
	for ctx.Err() == nil {
		ear, heard := websocket.Pipe(nil)
		stop := context.AfterFunc(ctx, func() { ear.CloseNow() })
		if h.Subscribe(heard, gameTopic) == nil {
			ear.Serve(websocket.MessageFunc(func(_ *websocket.Conn, _ websocket.Opcode, p []byte) { g.hear(p) }))
		}
		stop()
		ear.CloseNow()
		heard.CloseNow()
		// The hub ends a subscription that is too slow. What was missed is told again.
		select {
		case <-time.After(retellInterval):
		case <-ctx.Done():
		}
	}
}

// retell tells the other nodes where the players of this one are.
func (g *game) retell() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, at := range g.last {
		if !at.remote {
			g.tellNodes(at.message)
		}
	}
}

// hear takes in what a node tells. This node's own players are known better here.
func (g *game) hear(p []byte) {
	var gone departure
	if json.Unmarshal(p, &gone) == nil && gone.Left {
		g.lose(gone.ID)
		return
	}
	pos, wrong := parsePosition(websocket.OpText, p)
	if wrong != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	message := encode(pos)
	at, known := g.last[pos.ID]
	if known && (!at.remote || string(at.message) == string(message)) {
		return
	}
	g.last[pos.ID] = located{message, true}
	g.room.send(message, nil)
}

// lose removes a player that was on another node.
func (g *game) lose(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.last[id].remote {
		return
	}
	delete(g.last, id)
	g.room.send(encode(departure{id, true}), nil)
}

// present is told who joins and leaves a topic of the hub: a node that dies takes
// its players with it.
func (g *game) present(e hub.Event) {
	if e.Topic == playersTopic && !e.Joined {
		g.lose(e.Name)
	}
}
