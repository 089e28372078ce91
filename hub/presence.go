package hub

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Event reports that a name has joined a topic or left it.
type Event struct {
	Topic  string // the topic that was passed to Join
	Name   string // the name that was passed to Join
	Joined bool   // true: joined; false: left
}

// Members returns the names that have joined topic, on all nodes, sorted. The caller
// owns the slice.
func (h *Hub) Members(topic string) []string {
	p := &h.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.all[topic]))
}

// presence holds the names that have joined each topic. Each node sends the changes of
// its own connections to the other nodes, and keeps a record of each of them. The
// messages between nodes are in nodes.go.
type presence struct {
	hub *Hub

	mu      sync.Mutex
	own     roster           // names on this node, with the number of connections
	all     roster           // names on all nodes, with the number of nodes
	nodes   map[uint64]*node // the other nodes, by origin
	changes uint64           // number of changes to the names in own
	events  []Event          // not yet passed to Options.Presence
	telling bool             // a goroutine passes events to Options.Presence
	closed  bool

	outbox []notice // for the other nodes
	asked  bool     // another node has requested a snapshot of own

	// Channels of run, the goroutine that sends the outbox; nil without a broker.
	wake, stop, done chan struct{}
}

// roster counts names by topic.
type roster map[string]map[string]int

// add adds n to the count of a name and returns the count.
func (r roster) add(topic, name string, n int) int {
	names := r[topic]
	if names == nil {
		names = make(map[string]int)
		r[topic] = names
	}
	names[name] += n
	count := names[name]
	if count == 0 {
		delete(names, name)
	}
	if len(names) == 0 {
		delete(r, topic)
	}
	return count
}

func (p *presence) init(h *Hub) {
	p.hub, p.own, p.all, p.nodes = h, make(roster), make(roster), make(map[uint64]*node)
	if h.options.Broker != nil {
		p.wake, p.stop, p.done = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	}
}

// change is called when the name of a local connection in topic changes from old to
// now. Either may be empty.
func (p *presence) change(topic, old, now string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if now != "" && p.own.add(topic, now, +1) == 1 {
		p.changes++
		p.post(notice{Kind: joined, Topic: topic, Name: now})
		p.count(topic, now, +1)
	}
	if old != "" && p.own.add(topic, old, -1) == 0 {
		p.changes++
		p.post(notice{Kind: left, Topic: topic, Name: old})
		p.count(topic, old, -1)
	}
}

// count adds n nodes to a name. If the name is new or has left, it reports an event.
func (p *presence) count(topic, name string, n int) {
	switch count := p.all.add(topic, name, n); {
	case count == 1 && n > 0:
		p.tell(Event{topic, name, true})
	case count == 0:
		p.tell(Event{topic, name, false})
	}
}

// tell queues an event for Options.Presence.
func (p *presence) tell(e Event) {
	if p.hub.options.Presence == nil {
		return
	}
	p.events = append(p.events, e)
	if !p.telling {
		p.telling = true
		go p.tellAll()
	}
}

func (p *presence) tellAll() {
	for {
		p.mu.Lock()
		events := p.events
		p.events = nil
		p.telling = len(events) > 0
		p.mu.Unlock()
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			p.call(e)
		}
	}
}

func (p *presence) call(e Event) {
	defer p.hub.logPanic("Presence")
	p.hub.options.Presence(e)
}

// open announces this node to the others.
func (p *presence) open() {
	p.hello()
	go p.run()
}

// close announces to the others that this node has left.
func (p *presence) close() {
	p.mu.Lock()
	p.closed = true
	p.own, p.all, p.nodes, p.events = nil, nil, nil, nil
	p.outbox = append(p.outbox, notice{Kind: gone})
	p.mu.Unlock()
	if p.stop != nil {
		close(p.stop)
		<-p.done
		p.send()
	}
}

// run sends notices when they are posted, and heartbeats.
func (p *presence) run() {
	defer close(p.done)
	heartbeat := p.hub.options.Heartbeat
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var pause <-chan time.Time // between two snapshots
	for {
		select {
		case <-p.stop:
			return
		case <-p.wake:
		case <-pause:
			pause = nil
		case <-beat.C:
			p.beat(time.Now().Add(-3 * heartbeat))
		}
		if pause == nil && p.postSnapshot() {
			pause = time.After(heartbeat / 10)
		}
		p.send()
	}
}
