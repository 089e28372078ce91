package main

import (
	"encoding/json"

	"github.com/zerowire/websocket"
)

const (
	chatSubprotocol = "chat"
	maxNameBytes    = 64
	maxTextBytes    = 4 << 10
)

// What a chat message can be refused for, as the Close frame that says so.
var (
	errChatBinary = &websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "chat messages are text"}
	errChatJSON   = &websocket.CloseError{Code: websocket.StatusInvalidPayload, Reason: `chat messages are JSON: {"name":"…","text":"…"}`}
	errChatName   = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "a name has 1 to 64 bytes"}
	errChatText   = &websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "a text has 1 to 4096 bytes"}
)

// chat is a room in which everyone gets what anyone says, the speaker included.
type chat struct{ room room }

func newChat() *chat { return new(chat) }

// chatMessage is the form of every message, in both directions.
type chatMessage struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// parseChat returns the message to deliver for the received message p, or the
// *websocket.CloseError to end its sender's connection with.
func parseChat(op websocket.Opcode, p []byte) ([]byte, *websocket.CloseError) {
	if op != websocket.OpText {
		return nil, errChatBinary
	}
	var m struct{ Name, Text *string }
	if json.Unmarshal(p, &m) != nil || m.Name == nil || m.Text == nil {
		return nil, errChatJSON
	}
	if n := len(*m.Name); n == 0 || n > maxNameBytes {
		return nil, errChatName
	}
	if n := len(*m.Text); n == 0 || n > maxTextBytes {
		return nil, errChatText
	}
	return encode(chatMessage{*m.Name, *m.Text}), nil
}

// chatGuest is one connection to a chat.
type chatGuest struct {
	chat *chat
	me   *member // nil once the connection is being closed
}

func (g *chatGuest) Open(c *websocket.Conn) { g.me = g.chat.room.join(c) }

func (g *chatGuest) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	if g.me == nil {
		return
	}
	message, refused := parseChat(op, p)
	if refused != nil {
		g.leave()
		_ = c.Close(refused.Code, refused.Reason)
		return
	}
	g.chat.room.send(message, nil)
}

func (g *chatGuest) Close(*websocket.Conn, error) { g.leave() }

func (g *chatGuest) leave() {
	if g.me != nil {
		g.chat.room.leave(g.me)
		g.me = nil
	}
}
