package hub

import (
	"encoding/json"
	"fmt"
	"time"
)

// presenceTopic is the topic in which nodes exchange presence. Notices of one node
// arrive in order, or are lost. So each notice carries the number of changes so far. A
// node that misses a change requests a snapshot. The snapshot is sent in the same
// stream, so its place among the changes is known.
const presenceTopic = "$hub"

// notice is a message about presence from one node to the others.
type notice struct {
	Kind    kind                `json:"kind"`
	Changes uint64              `json:"changes"` // so far, this one included
	Topic   string              `json:"topic,omitempty"`
	Name    string              `json:"name,omitempty"`
	Node    uint64              `json:"node,omitempty"`    // the node that is asked; 0 for all
	Part    int                 `json:"part,omitempty"`    // of the snapshot, from 1
	Parts   int                 `json:"parts,omitempty"`   // number of parts
	Members map[string][]string `json:"members,omitempty"` // by topic
}

type kind string

const (
	joined   kind = "joined"   // Name has joined Topic
	left     kind = "left"     // Name has left Topic
	alive    kind = "alive"    // a heartbeat
	ask      kind = "ask"      // requests a snapshot of Node
	snapshot kind = "snapshot" // Members are all members of the node, in Parts
	gone     kind = "gone"     // the node closes
)

const (
	partBytes  = 32 << 10 // bytes of names in a part of a snapshot
	maxOutbox  = 1 << 14  // notices; more changes are replaced by a snapshot
	nodeSilent = "hub: a node was silent for too long, and its members have left"
)

// node is the local record of another node.
type node struct {
	heard   time.Time
	changes uint64 // number of changes that members includes
	behind  bool   // a change was missed
	members members
	next    members // of a snapshot that has been received in part
	part    int     // the last part received
	at      uint64  // number of changes that the snapshot includes
}

// members are names by topic.
type members map[string]map[string]struct{}

func (m members) add(topic, name string) {
	if m[topic] == nil {
		m[topic] = make(map[string]struct{})
	}
	m[topic][name] = struct{}{}
}

func (m members) remove(topic, name string) {
	delete(m[topic], name)
	if len(m[topic]) == 0 {
		delete(m, topic)
	}
}

func (m members) has(topic, name string) bool {
	_, ok := m[topic][name]
	return ok
}

// post adds a notice to the outbox.
func (p *presence) post(n notice) {
	if p.wake == nil {
		return
	}
	if len(p.outbox) >= maxOutbox {
		p.outbox, p.asked = nil, true
	}
	n.Changes = p.changes
	p.outbox = append(p.outbox, n)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// send passes the outbox to the broker. Failures are repaired after a heartbeat.
func (p *presence) send() {
	p.mu.Lock()
	notices := p.outbox
	p.outbox = nil
	p.mu.Unlock()
	for _, n := range notices {
		payload, err := json.Marshal(n)
		if err != nil {
			panic(err) // not possible: there are only strings and numbers
		}
		p.hub.options.Broker.Publish(presenceTopic, appendEnvelope(nil, envelope{origin: p.hub.origin, payload: payload}))
	}
}

// hello announces this node, and requests the presence of all others.
func (p *presence) hello() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.post(notice{Kind: ask})
}

// beat sends a heartbeat. It removes nodes that have been silent since the given time, and
// requests snapshots from nodes if a change of theirs was missed.
func (p *presence) beat(since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.post(notice{Kind: alive})
	for origin, n := range p.nodes {
		switch {
		case n.heard.Before(since):
			p.hub.options.Logger.Warn(nodeSilent, "node", fmt.Sprintf("%016x", origin), "silent", time.Since(n.heard))
			p.forget(origin)
		case n.behind:
			p.post(notice{Kind: ask, Node: origin})
		}
	}
}

// postSnapshot posts a snapshot if another node has requested one.
func (p *presence) postSnapshot() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked || p.closed {
		return false
	}
	p.asked = false
	parts := p.own.split(partBytes)
	for i, part := range parts {
		p.post(notice{Kind: snapshot, Part: i + 1, Parts: len(parts), Members: part})
	}
	return true
}

// split returns the names in parts of about size bytes. It returns at least one part.
func (r roster) split(size int) []map[string][]string {
	part, n := make(map[string][]string), 0
	parts := []map[string][]string{part}
	for topic, names := range r {
		for name := range names {
			if n >= size {
				part, n = make(map[string][]string), 0
				parts = append(parts, part)
			}
			if part[topic] == nil {
				n += len(topic)
			}
			part[topic] = append(part[topic], name)
			n += len(name)
		}
	}
	return parts
}

// receive applies a notice of the node with the given origin.
func (p *presence) receive(origin uint64, payload []byte) error {
	var n notice
	if err := json.Unmarshal(payload, &n); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	if n.Kind == gone {
		p.forget(origin)
		return nil
	}
	from := p.nodes[origin]
	if from == nil {
		from = &node{members: make(members)}
		p.nodes[origin] = from
	}
	from.heard = time.Now()
	if n.Kind != snapshot {
		from.next, from.part = nil, 0 // another notice between the parts: the rest of the snapshot was lost
	}
	switch n.Kind {
	case joined, left:
		p.follow(from, n)
	case snapshot:
		p.followSnapshot(from, n)
	case ask:
		if n.Node == p.hub.origin || n.Node == 0 && p.changes > 0 {
			p.asked = true
			p.post(notice{Kind: alive})
		}
	}
	if n.Changes > from.changes && !from.behind && from.part == 0 {
		from.behind = true
		p.post(notice{Kind: ask, Node: origin})
	}
	return nil
}

// follow applies the next change of a node.
func (p *presence) follow(from *node, n notice) {
	switch there := from.members.has(n.Topic, n.Name); {
	case from.behind || n.Changes != from.changes+1:
		return
	case n.Kind == joined && !there:
		from.members.add(n.Topic, n.Name)
		p.count(n.Topic, n.Name, +1)
	case n.Kind == left && there:
		from.members.remove(n.Topic, n.Name)
		p.count(n.Topic, n.Name, -1)
	}
	from.changes++
}

// followSnapshot stores a part of a snapshot. After the last part it applies the snapshot.
func (p *presence) followSnapshot(from *node, n notice) {
	if n.Changes <= from.changes && !from.behind {
		return
	}
	if n.Part == 1 {
		from.next, from.part, from.at = make(members), 0, n.Changes
	}
	if n.Part != from.part+1 || n.Changes != from.at || from.next == nil {
		if n.Part != from.part { // not a repetition of the last part
			from.next, from.part = nil, 0
		}
		return
	}
	from.part = n.Part
	for topic, names := range n.Members {
		for _, name := range names {
			from.next.add(topic, name)
		}
	}
	if n.Part < n.Parts {
		return
	}
	p.replace(from, from.next)
	from.next, from.part = nil, 0
	from.changes, from.behind = n.Changes, false
}

// replace sets the members of a node to next.
func (p *presence) replace(n *node, next members) {
	before := n.members
	n.members = next
	for topic, names := range next {
		for name := range names {
			if !before.has(topic, name) {
				p.count(topic, name, +1)
			}
		}
	}
	for topic, names := range before {
		for name := range names {
			if !next.has(topic, name) {
				p.count(topic, name, -1)
			}
		}
	}
}

// forget removes a node and its members.
func (p *presence) forget(origin uint64) {
	if n := p.nodes[origin]; n != nil {
		p.replace(n, nil)
		delete(p.nodes, origin)
	}
}
