package hub

import (
	"unicode/utf8"

	"github.com/zerowire/websocket"
)

// Publish sends a message of type OpText, which has to be UTF-8, or OpBinary to
// all who have subscribed to topic, on every node. p is not retained. The
// message is encoded once; the connections are written to by goroutines of the
// hub's, several at a time, and none of them is waited for.
//
// Messages that one goroutine publishes arrive in its order: on this node over
// all topics, on others for each topic. Those of several publishers arrive in the
// same order at every subscriber of this node to a topic. If this node is behind
// with its deliveries, by more than 65,536 of them or 16 MiB for each processor,
// Publish waits until it has caught up.
//
// A topic that is none is a *TopicError. After a *BrokerError the message is
// delivered on this node alone.
func (h *Hub) Publish(topic string, op websocket.Opcode, p []byte) error {
	return h.PublishExcept(topic, op, p)
}

// PublishExcept is Publish to all but some connections of this node: to those of
// others, say, than who has sent the message. The rest of them, and everybody on
// other nodes, gets it in its place among what is published. A connection that has not
// subscribed, or is nil, is left out anyhow.
func (h *Hub) PublishExcept(topic string, op websocket.Opcode, p []byte, except ...*websocket.Conn) error {
	m, err := h.prepare(topic, op, p)
	if err != nil {
		return err
	}
	s := h.stripe(topic)
	behind, err := s.publish(h, topic, op, p, m, except)
	if behind {
		h.awaitRoom()
	}
	return err
}

// PublishLocal is Publish to the subscribers of this node alone: for what every
// node tells its own, such as who has joined.
func (h *Hub) PublishLocal(topic string, op websocket.Opcode, p []byte) error {
	m, err := h.prepare(topic, op, p)
	if err != nil {
		return err
	}
	if h.stripe(topic).dispatch(h, topic, m, nil) {
		h.awaitRoom()
	}
	return nil
}

// prepare encodes a message, or returns nil if nobody here would get it.
func (h *Hub) prepare(topic string, op websocket.Opcode, p []byte) (*websocket.Prepared, error) {
	switch err := CheckTopic(topic); {
	case err != nil:
		return nil, err
	case !op.IsData():
		return nil, websocket.ErrMessageType
	case op == websocket.OpText && !utf8.Valid(p):
		return nil, ErrText
	}
	var room [8]*group
	h.mu.RLock()
	closed, groups := h.closed, h.directory.match(room[:0], topic)
	h.mu.RUnlock()
	switch {
	case closed:
		return nil, ErrClosed
	case len(groups) == 0:
		return nil, nil
	}
	return websocket.Prepare(op, p)
}

// enqueue gives m, which may be nil, to the shards of its subscribers, but for those
// in except. It reports whether one of the shards is too far behind.
func (h *Hub) enqueue(topic string, m *websocket.Prepared, except []*websocket.Conn) (behind bool) {
	if m == nil {
		return false
	}
	var room [8]*group
	var others [4]*subscriber
	h.mu.RLock()
	defer h.mu.RUnlock()
	groups, spared := h.directory.match(room[:0], topic), h.find(others[:0], except)
	for i, s := range h.shards {
		if hasPart(groups, i) && s.pushMessage(m, groups, spared, i) {
			behind = true
		}
	}
	return behind
}

// find appends those of conns that are subscribers.
func (h *Hub) find(dst []*subscriber, conns []*websocket.Conn) []*subscriber {
	for _, c := range conns {
		if s := h.subscribers[c]; s != nil {
			dst = append(dst, s)
		}
	}
	return dst
}

// hasPart reports whether one of groups has members that the shard with the index
// serves.
func hasPart(groups []*group, index int) bool {
	for _, g := range groups {
		if p := g.parts[index]; p != nil && p.size > 0 {
			return true
		}
	}
	return false
}

// awaitRoom waits until no shard is too far behind.
func (h *Hub) awaitRoom() {
	for _, s := range h.shards {
		s.awaitRoom()
	}
}
