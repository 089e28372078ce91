package hub

import (
	"unicode/utf8"

	"github.com/zerowire/websocket"
)

// Publish sends a message to all subscribers of topic, on every node. op is OpText, for
// which p must be valid UTF-8, or OpBinary. p is not retained. The message is encoded
// once. Goroutines of the hub write to the connections concurrently; Publish does not
// wait for connections.
//
// Messages that one goroutine publishes arrive in order: on this node over all topics,
// on other nodes for each topic. Messages of several publishers to one topic arrive in
// the same order at every subscriber of this node. Publish blocks while more than 65,536
// deliveries, or 16 MiB, are waiting on this node for one processor.
//
// Errors are a [*TopicError], [websocket.ErrMessageType], [ErrText], [ErrClosed], and a
// [*BrokerError], after which the message is still delivered on this node.
func (h *Hub) Publish(topic string, op websocket.Opcode, p []byte) error {
	return h.PublishExcept(topic, op, p)
}

// PublishExcept is [Hub.Publish] to all subscribers except some connections of this
// node, for example the sender of the message. All other subscribers receive the
// message in its order among the published messages. A connection in except that has
// not subscribed, or is nil, is ignored.
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

// PublishLocal is [Hub.Publish] to the subscribers of this node only. It fits messages
// that every node publishes itself, such as presence events.
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

// prepare encodes a message. It returns nil if the topic has no local subscriber.
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

// enqueue adds m, which may be nil, to the queues of the shards of its subscribers,
// except those in except. It reports whether a shard is too far behind.
func (h *Hub) enqueue(topic string, m *websocket.Prepared, except []*websocket.Conn) (behind bool) {
	if m == nil {
		return false
	}
	var room [8]*group
	var others [4]*subscriber
	h.mu.RLock()
	defer h.mu.RUnlock()
	groups, excluded := h.directory.match(room[:0], topic), h.find(others[:0], except)
	for i, s := range h.shards {
		if hasPart(groups, i) && s.pushMessage(m, groups, excluded, i) {
			behind = true
		}
	}
	return behind
}

// find appends the subscribers of conns to dst.
func (h *Hub) find(dst []*subscriber, conns []*websocket.Conn) []*subscriber {
	for _, c := range conns {
		if s := h.subscribers[c]; s != nil {
			dst = append(dst, s)
		}
	}
	return dst
}

// hasPart reports whether one of groups has members that the shard with the given index
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
