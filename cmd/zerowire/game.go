package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// Topics of the board. What the players of a node do is published below movesTopic,
// under the node's own name: to each other, and to the games of other nodes, which
// tell theirs. A broker of natsbroker's keeps what a node publishes in order, whatever
// the topic.
const (
	movesTopic   = "gamepos"
	farTopic     = "board.far"     // what the players of other nodes do; not published to those
	welcomeTopic = "board.welcome" // where the players are, for one that comes
	playersTopic = "board.players" // has no messages, and the players as members
)

// game is a board on which everyone learns where the others are. A player names
// itself in its first position, and the name is its own until it leaves: on this node,
// and on others as soon as they have heard of it. If two take a name at the same
// moment on two nodes, each has it on its own.
type game struct {
	hub   *hub.Hub
	moves string // the topic of this node's players

	mu   sync.Mutex      // while last changes and while that is published: so a newcomer gets all that is in last, and then all that follows
	last map[string]seen // by the player's id
	ear  *websocket.Conn // hears of other nodes; nil if there are none
}

// seen is where a player was seen last.
type seen struct {
	message []byte
	far     time.Time // when its node has said so; zero for players of this one
}

func newGame(h *hub.Hub) *game {
	return &game{hub: h, moves: movesTopic + "." + rand.Text(), last: make(map[string]seen)}
}

// enter tells c where the players are and, from then on, what they do.
func (g *game) enter(c *websocket.Conn) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.hub.Subscribe(c, welcomeTopic) // as the only one
	for _, at := range g.last {
		_ = g.hub.PublishLocal(welcomeTopic, websocket.OpText, at.message)
	}
	g.hub.Unsubscribe(c, welcomeTopic)
	return errors.Join(err, g.hub.Subscribe(c, g.moves), g.hub.Subscribe(c, farTopic))
}

// move tells the others that c is at pos. id is its id so far: empty before its
// first position.
func (g *game) move(c *websocket.Conn, id string, pos position) *websocket.CloseError {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, taken := g.last[pos.ID]
	switch {
	case id == "" && taken:
		return errGameIDTaken
	case id != "" && id != pos.ID:
		return errGameIDOther
	case id == "":
		_ = g.hub.Join(c, playersTopic, pos.ID) // fails for an id that cannot be listed
	}
	message := encode(pos)
	g.last[pos.ID] = seen{message: message}
	g.publish(g.moves, message, c)
	return nil
}

// exit ends what enter has begun, and tells the others, if c has an id, that it left.
func (g *game) exit(c *websocket.Conn, id string) {
	g.hub.Leave(c)
	if id == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.last, id)
	g.publish(g.moves, encode(departure{id, true}), nil)
}

// publish sends message to all players but c, and not to this node's own ear. What other
// nodes cannot get now is sent again.
func (g *game) publish(topic string, message []byte, c *websocket.Conn) {
	_ = g.hub.PublishExcept(topic, websocket.OpText, message, c, g.ear)
}

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

// player is one connection to the board.
type player struct {
	game *game
	id   string // empty before the first position
	gone bool   // the connection is being closed
}

func (pl *player) Open(c *websocket.Conn) {
	if pl.game.enter(c) != nil {
		pl.leave(c)
		_ = c.Close(errGoingAway.Code, errGoingAway.Reason)
	}
}

func (pl *player) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	if pl.gone {
		return
	}
	pos, refused := parsePosition(op, p)
	if refused == nil {
		refused = pl.game.move(c, pl.id, pos)
	}
	if refused != nil {
		pl.leave(c)
		_ = c.Close(refused.Code, refused.Reason)
		return
	}
	pl.id = pos.ID
}

func (pl *player) Close(c *websocket.Conn, _ error) { pl.leave(c) }

func (pl *player) leave(c *websocket.Conn) {
	if !pl.gone {
		pl.gone = true
		pl.game.exit(c, pl.id)
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
