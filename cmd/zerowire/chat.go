package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
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

// chatMessage is the form of every message, in both directions.
type chatMessage struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// parseChat returns the message to deliver for the received message p, or the
// *websocket.CloseError to end its sender's connection with.
func parseChat(op websocket.Opcode, p []byte) (chatMessage, *websocket.CloseError) {
	if op != websocket.OpText {
		return chatMessage{}, errChatBinary
	}
	var m struct{ Name, Text *string }
	if json.Unmarshal(p, &m) != nil || m.Name == nil || m.Text == nil {
		return chatMessage{}, errChatJSON
	}
	if n := len(*m.Name); n == 0 || n > maxNameBytes {
		return chatMessage{}, errChatName
	}
	if n := len(*m.Text); n == 0 || n > maxTextBytes {
		return chatMessage{}, errChatText
	}
	return chatMessage{*m.Name, *m.Text}, nil
}

// chatTopic is where everyone gets what anyone says, the speaker included.
const chatTopic = "chat"

// silentPrefix begins the names by which those are listed who have said nothing.
const silentPrefix = "?"

// chatGuest is one connection to the chat.
type chatGuest struct {
	hub  *hub.Hub
	gone bool // the connection is being closed
}

func (g *chatGuest) Open(c *websocket.Conn) {
	if g.hub.Join(c, chatTopic, silentPrefix+rand.Text()) != nil {
		g.leave(c, errGoingAway)
	}
}

func (g *chatGuest) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	if g.gone {
		return
	}
	message, refused := parseChat(op, p)
	if refused != nil {
		g.leave(c, refused)
		return
	}
	_ = g.hub.Join(c, chatTopic, message.Name) // fails for a name that cannot be listed
	_ = g.hub.Publish(chatTopic, websocket.OpText, encode(message))
}

func (g *chatGuest) Close(*websocket.Conn, error) {} // the hub notices

func (g *chatGuest) leave(c *websocket.Conn, why *websocket.CloseError) {
	g.gone = true
	g.hub.Leave(c)
	_ = c.Close(why.Code, why.Reason)
}

// errGoingAway ends a connection that comes when the hub has closed.
var errGoingAway = &websocket.CloseError{Code: websocket.StatusGoingAway}

// encode returns v, a struct of strings, numbers and booleans, as JSON.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // readers parse it, they do not put it into HTML
	if err := e.Encode(v); err != nil {
		panic(err) // only a type that JSON cannot express gets here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
