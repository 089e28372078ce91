package websocket

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/zerowire/websocket/pool"
)

// WriteJSON encodes v in JSON and sends it as a text message, with a line feed at its end. If
// v cannot be encoded, it sends nothing. See [encoding/json.Marshal].
func (c *Conn) WriteJSON(v interface{}) error {
	b := pool.Get(512)
	defer pool.Put(b)
	if err := json.NewEncoder(b).Encode(v); err != nil {
		return err
	}
	return c.WriteMessage(TextMessage, b.B)
}

// ReadJSON reads the next message, of either type, and decodes the first JSON value in it to
// v. It ignores data after the value. For a message without a value it returns
// [io.ErrUnexpectedEOF]. See [encoding/json.Unmarshal].
func (c *Conn) ReadJSON(v interface{}) error {
	_, p, err := c.ReadMessage()
	if err != nil {
		return err
	}
	err = json.Unmarshal(p, v)
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		err = json.NewDecoder(bytes.NewReader(p)).Decode(v) // stops after the first value
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// WriteJSON is c.WriteJSON.
//
// Deprecated: Use [Conn.WriteJSON].
func WriteJSON(c *Conn, v interface{}) error { return c.WriteJSON(v) }

// ReadJSON is c.ReadJSON.
//
// Deprecated: Use [Conn.ReadJSON].
func ReadJSON(c *Conn, v interface{}) error { return c.ReadJSON(v) }

// JoinMessages returns a reader that concatenates the next messages, with term after each of
// them. It must not be used concurrently.
func JoinMessages(c *Conn, term string) io.Reader { return &joined{c: c, term: term} }

type joined struct {
	c       *Conn
	term    string
	message io.Reader // the current message followed by term; nil between messages
}

func (j *joined) Read(p []byte) (int, error) {
	if j.message == nil {
		_, r, err := j.c.NextReader()
		if err != nil {
			return 0, err
		}
		j.message = io.MultiReader(r, strings.NewReader(j.term))
	}
	n, err := j.message.Read(p)
	if err == io.EOF {
		j.message, err = nil, nil
	}
	return n, err
}
