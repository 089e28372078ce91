package natsbroker

import (
	"maps"
	"slices"
	"time"
)

const (
	holdTime   = time.Minute    // limit of the wait for missing messages; a cluster can take long to elect a leader
	forgetTime = 24 * time.Hour // a silent publisher is forgotten after this time
)

// order delivers the messages of each publisher once, in the order in which they were
// published. It is not safe for concurrent use.
type order struct {
	self    uint64 // this publisher; its messages are excluded
	deliver func(topic string, message []byte)
	flows   map[uint64]*flow
	held    int // number of held messages, of all flows
}

// flow is the state of one publisher. Messages below next were delivered or never will be.
// Held messages are above next: they arrived before an earlier message.
type flow struct {
	next  uint64
	held  map[uint64]held
	since time.Time // arrival of the first held message
	heard time.Time
}

type held struct {
	topic   string
	payload []byte
}

func newOrder(self uint64, deliver func(topic string, message []byte)) *order {
	return &order{self: self, deliver: deliver, flows: make(map[uint64]*flow)}
}

// receive delivers a message immediately, or holds it until earlier ones have arrived. It
// drops duplicates. payload is retained.
func (o *order) receive(now time.Time, e envelope, topic string, payload []byte) {
	if e.publisher == o.self {
		return
	}
	f := o.flows[e.publisher]
	if f == nil {
		o.forget(now)
		f = &flow{next: e.sequence - uint64(e.behind)}
		o.flows[e.publisher] = f
	}
	f.heard = now
	if e.kind == settled {
		o.skip(f, e.sequence+1)
		return
	}
	o.skip(f, e.sequence-uint64(e.behind))
	switch {
	case e.sequence < f.next:
		return
	case e.sequence == f.next:
		f.next++
		o.deliver(topic, payload)
		o.drain(f)
		return
	case len(f.held) == 0:
		f.since = now
		f.held = make(map[uint64]held)
	}
	if _, ok := f.held[e.sequence]; !ok {
		f.held[e.sequence] = held{topic, payload}
		o.held++
	}
}

// drain delivers held messages, as long as the next one is held.
func (o *order) drain(f *flow) {
	for len(f.held) > 0 {
		h, ok := f.held[f.next]
		if !ok {
			return
		}
		delete(f.held, f.next)
		o.held--
		f.next++
		o.deliver(h.topic, h.payload)
	}
}

// skip stops waiting for messages below the given sequence number.
func (o *order) skip(f *flow, below uint64) {
	if len(f.held) > 0 {
		for _, seq := range slices.Sorted(maps.Keys(f.held)) {
			if seq >= below {
				break
			}
			f.next = seq
			o.drain(f)
		}
	}
	f.next = max(f.next, below)
	o.drain(f)
}

// waiting reports whether a message is held.
func (o *order) waiting() bool { return o.held > 0 }

// expire delivers messages that were held for too long. Their publisher probably ended before
// it repeated the missing ones.
func (o *order) expire(now time.Time) {
	for _, f := range o.flows {
		if len(f.held) > 0 && now.Sub(f.since) >= holdTime {
			o.skip(f, slices.Max(slices.Collect(maps.Keys(f.held)))+1)
		}
	}
}

// forget removes publishers that have been silent for forgetTime.
func (o *order) forget(now time.Time) {
	maps.DeleteFunc(o.flows, func(_ uint64, f *flow) bool { return now.Sub(f.heard) >= forgetTime })
}
