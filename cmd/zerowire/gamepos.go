package main

import (
	"encoding/json"

	"github.com/zerowire/websocket"
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
