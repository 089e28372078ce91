package main

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"

	"github.com/zerowire/websocket"
)

// queueLength is how many messages may wait for a member that reads slowly.
// One that falls further behind is closed with 1013: it must not slow the
// others, and a gap would leave it with a wrong picture.
const queueLength = 256

// peer is what a room needs of a *websocket.Conn.
type peer interface {
	Write(ctx context.Context, op websocket.Opcode, p []byte) error
	Close(code websocket.StatusCode, reason string) error
}

// room delivers messages to its members, to each in the same order. The lock
// is held to put a message into queues, never while a socket is written to:
// each member's own goroutine does that. The zero room is empty and ready.
type room struct {
	mu      sync.Mutex
	members map[*member]struct{}
}

// member is a peer in a room, from join to leave.
type member struct {
	peer  peer
	queue chan []byte // closed when the member is no longer in the room
	late  bool        // it fell behind; set before queue is closed, read after
}

// join makes p a member. It gets the messages of welcome, then what is sent
// from now on.
func (r *room) join(p peer, welcome ...[]byte) *member {
	m := &member{peer: p, queue: make(chan []byte, queueLength+len(welcome))}
	for _, message := range welcome {
		m.queue <- message
	}
	r.mu.Lock()
	if r.members == nil {
		r.members = make(map[*member]struct{})
	}
	r.members[m] = struct{}{}
	r.mu.Unlock()
	go m.deliver()
	return m
}

// leave ends m's membership. Leaving again changes nothing.
func (r *room) leave(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(m)
}

// send queues the text message p for every member but except, which may be
// nil. The room keeps p: the caller must not change it afterwards.
func (r *room) send(p []byte, except *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for m := range r.members {
		if m == except {
			continue
		}
		select {
		case m.queue <- p:
		default:
			m.late = true
			r.remove(m)
		}
	}
}

// remove is leave with r.mu held.
func (r *room) remove(m *member) {
	if _, in := r.members[m]; in {
		delete(r.members, m)
		close(m.queue)
	}
}

// deliver writes the queued messages until the member has left or its
// connection has ended.
func (m *member) deliver() {
	for p := range m.queue {
		if m.peer.Write(context.Background(), websocket.OpText, p) != nil {
			return
		}
	}
	if m.late {
		_ = m.peer.Close(websocket.StatusTryAgainLater, "too slow: messages were lost")
	}
}

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
