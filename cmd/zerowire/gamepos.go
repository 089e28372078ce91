package main

import (
	"encoding/json"
	"sync"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

const (
	gameSubprotocol = "gamepos"
	maxIDBytes      = 64
)

// What a position can be refused for, as the Close frame that says so.
var (
	errGameBinary  = &websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "gamepos messages are text"}
	errGameJSON    = &websocket.CloseError{Code: websocket.StatusInvalidPayload, Reason: `gamepos messages are JSON: {"id":"…","x":0.5,"y":0.5}`}
	errGameID      = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "an id has 1 to 64 bytes"}
	errGameRange   = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "x and y go from 0 to 1"}
	errGameIDTaken = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "this id belongs to another player"}
	errGameIDOther = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "a player keeps its first id"}
)

// position is where a player is: received from it, and sent to the others.
// The origin is the upper left corner, (1, 1) the lower right one.
type position struct {
	ID string  `json:"id"`
	X  float64 `json:"x"`
	Y  float64 `json:"y"`
}

// departure tells the others that a player has left.
type departure struct {
	ID   string `json:"id"`
	Left bool   `json:"left"` // always true
}

// game is a room in which everyone learns where the others are. A player names
// itself in its first position, and the name is its own until it leaves. Players
// may be on several nodes, each of which has a game that hears of the others'.
type game struct {
	room room
	tell func(message []byte) // tells the other nodes; nil if there are none

	mu   sync.Mutex         // also orders what is sent, so that no position follows its player's departure
	last map[string]located // by the player's id, for those who come later
}

// located is where a player is.
type located struct {
	message []byte // its last position
	remote  bool   // it is on another node
}

func newGame() *game { return &game{last: make(map[string]located)} }

// enter makes p a member and tells it where the players are.
func (g *game) enter(p peer) *member {
	g.mu.Lock()
	defer g.mu.Unlock()
	welcome := make([][]byte, 0, len(g.last))
	for _, at := range g.last {
		welcome = append(welcome, at.message)
	}
	return g.room.join(p, welcome...)
}

// move tells the others that m is at pos. id is m's id so far: empty before
// its first position.
func (g *game) move(m *member, id string, pos position) *websocket.CloseError {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, taken := g.last[pos.ID]
	switch {
	case id == "" && taken:
		return errGameIDTaken
	case id != "" && id != pos.ID:
		return errGameIDOther
	}
	message := encode(pos)
	g.last[pos.ID] = located{message: message}
	g.room.send(message, m)
	g.tellNodes(message)
	return nil
}

// exit ends m's membership and tells the others, if it has an id, that it left.
func (g *game) exit(m *member, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.room.leave(m)
	if id != "" {
		message := encode(departure{id, true})
		delete(g.last, id)
		g.room.send(message, nil)
		g.tellNodes(message)
	}
}

func (g *game) tellNodes(message []byte) {
	if g.tell != nil {
		g.tell(message)
	}
}

// parsePosition returns the position in the received message p, or the
// *websocket.CloseError to end its sender's connection with.
func parsePosition(op websocket.Opcode, p []byte) (position, *websocket.CloseError) {
	if op != websocket.OpText {
		return position{}, errGameBinary
	}
	var m struct {
		ID   *string
		X, Y *float64
	}
	if json.Unmarshal(p, &m) != nil || m.ID == nil || m.X == nil || m.Y == nil {
		return position{}, errGameJSON
	}
	pos := position{*m.ID, *m.X, *m.Y}
	if n := len(pos.ID); n == 0 || n > maxIDBytes {
		return position{}, errGameID
	}
	if pos.X < 0 || pos.X > 1 || pos.Y < 0 || pos.Y > 1 {
		return position{}, errGameRange
	}
	return pos, nil
}

// player is one connection to a game.
type player struct {
	game *game
	hub  *hub.Hub
	id   string  // empty before the first position
	me   *member // nil once the connection is being closed
}

func (pl *player) Open(c *websocket.Conn) { pl.me = pl.game.enter(c) }

func (pl *player) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	if pl.me == nil {
		return
	}
	pos, refused := parsePosition(op, p)
	if refused == nil {
		refused = pl.game.move(pl.me, pl.id, pos)
	}
	if refused != nil {
		pl.leave()
		pl.hub.Leave(c)
		_ = c.Close(refused.Code, refused.Reason)
		return
	}
	if pl.id == "" {
		pl.id = pos.ID
		_ = pl.hub.Join(c, playersTopic, pl.id) // fails for an id that cannot be listed
	}
}

func (pl *player) Close(*websocket.Conn, error) { pl.leave() }

func (pl *player) leave() {
	if pl.me != nil {
		pl.game.exit(pl.me, pl.id)
		pl.me = nil
	}
}
