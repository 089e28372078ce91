package hub

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zerowire/websocket"
)

// Subscribe subscribes c to a topic, or to all topics that a pattern matches: "chat.*"
// matches "chat.a" and "chat.a.b", but not "chat"; "*" matches every topic. c receives
// a message once, even if several of its patterns match.
//
// c receives every message that is published on this node after Subscribe has returned.
// Subscribing again to the same pattern does nothing. For a connection that has ended,
// Subscribe returns [websocket.ErrClosed]. Other errors are a [*TopicError], a
// [*BrokerError] and [ErrClosed].
func (h *Hub) Subscribe(c *websocket.Conn, pattern string) error {
	if err := CheckPattern(pattern); err != nil {
		return err
	}
	return h.subscribe(c, pattern, "")
}

// MaxName is the maximum length of the name of a member, in bytes.
const MaxName = 255

// Join subscribes c to a topic, as [Hub.Subscribe] does, and makes name a member of the
// topic on every node: [Hub.Members] returns it, and Options.Presence is called.
// Several connections may share a name: it joins with the first and leaves with the
// last of them. Joining again with another name replaces the name. A [*NameError]
// reports a name that is empty, longer than MaxName, not UTF-8, or has control
// characters.
func (h *Hub) Join(c *websocket.Conn, topic, name string) error {
	if err := CheckTopic(topic); err != nil {
		return err
	}
	if err := checkName(name); err != nil {
		return err
	}
	return h.subscribe(c, topic, name)
}

func checkName(name string) error {
	wrong := ""
	switch {
	case name == "":
		wrong = "empty"
	case len(name) > MaxName:
		name, wrong = name[:MaxName], "longer than 255 bytes"
	case !utf8.ValidString(name):
		wrong = "not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		wrong = "has a control character"
	default:
		return nil
	}
	return &NameError{Name: strings.Clone(name), Reason: wrong}
}

// subscribe is Subscribe, or Join if name is not empty.
func (h *Hub) subscribe(c *websocket.Conn, pattern, name string) error {
	if err := h.enter(c); err != nil {
		return err
	}
	if err := h.add(c, pattern, name); err != nil {
		return err
	}
	if err := h.interest.follow(h, pattern); err != nil {
		h.Unsubscribe(c, pattern)
		return &BrokerError{err}
	}
	return nil
}

// enter makes c a subscriber until it ends, unless it is one.
func (h *Hub) enter(c *websocket.Conn) error {
	h.mu.Lock()
	switch {
	case h.closed:
		h.mu.Unlock()
		return ErrClosed
	case h.subscribers[c] != nil:
		h.mu.Unlock()
		return nil
	}
	h.subscribers[c] = h.newSubscriber(c)
	h.mu.Unlock()
	c.BeforeClose(func(ctx context.Context) { h.Flush(ctx, c) })
	c.AfterClose(func() { h.forget(c) })
	return nil
}

// add subscribes c to pattern.
func (h *Hub) add(c *websocket.Conn, pattern, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.subscribers[c]
	switch {
	case h.closed:
		return ErrClosed
	case s == nil:
		return websocket.ErrClosed
	}
	m := s.memberships[pattern]
	if m == nil {
		pattern = strings.Clone(pattern)
		m = &membership{subscriber: s, part: h.directory.add(pattern, s.shard, len(h.shards))}
		s.memberships[pattern] = m
		h.shards[s.shard].push(item{joins: m})
	}
	if name != "" && name != m.name {
		old := m.name
		m.name = strings.Clone(name)
		h.presence.change(pattern, old, m.name)
	}
	return nil
}

// Unsubscribe ends a subscription that [Hub.Subscribe] or [Hub.Join] made with the same
// pattern. Messages that were published before may still be delivered. It does nothing
// if c has not subscribed.
func (h *Hub) Unsubscribe(c *websocket.Conn, pattern string) {
	h.mu.Lock()
	s := h.subscribers[c]
	empty := s != nil && h.drop(s, pattern)
	h.mu.Unlock()
	if empty {
		h.interest.follow(h, pattern)
	}
}

// Leave ends all subscriptions of c. The hub does this by itself when a connection
// ends.
func (h *Hub) Leave(c *websocket.Conn) {
	h.mu.Lock()
	empty := h.dropAll(h.subscribers[c])
	h.mu.Unlock()
	h.followAll(empty)
}

// forget is called when c has ended.
func (h *Hub) forget(c *websocket.Conn) {
	h.mu.Lock()
	empty := h.dropAll(h.subscribers[c])
	delete(h.subscribers, c)
	h.mu.Unlock()
	h.followAll(empty)
}

func (h *Hub) followAll(patterns []string) {
	for _, pattern := range patterns {
		h.interest.follow(h, pattern)
	}
}

// drop ends the subscription of s to pattern, if there is one. It reports whether the
// pattern has no local subscriber left.
func (h *Hub) drop(s *subscriber, pattern string) (empty bool) {
	m := s.memberships[pattern]
	if m == nil {
		return false
	}
	delete(s.memberships, pattern)
	h.shards[s.shard].push(item{leaves: m})
	if m.name != "" {
		h.presence.change(pattern, m.name, "")
	}
	return h.directory.remove(pattern, s.shard)
}

// dropAll ends all subscriptions of s, which may be nil. It returns the patterns that
// have no local subscriber left.
func (h *Hub) dropAll(s *subscriber) (empty []string) {
	if s == nil {
		return nil
	}
	for pattern := range s.memberships {
		if h.drop(s, pattern) {
			empty = append(empty, pattern)
		}
	}
	return empty
}
