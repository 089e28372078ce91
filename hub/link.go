package hub

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"sync"

	"github.com/zerowire/websocket"
)

// The link to other nodes: published messages are passed to the broker in an envelope.
// Messages from the broker are delivered to the local subscribers.

// stripe is the part of the link for a share of the topics. It keeps their messages in
// order.
type stripe struct {
	out      sync.Mutex // held from numbering a message to passing it to the broker
	number   uint64     // of the last message
	envelope []byte     // buffer for the next one

	in   sync.Mutex // held while a message is added to the queues of the shards
	seen seen
}

// keepEnvelope is the largest envelope buffer that is kept, in bytes.
const keepEnvelope = 64 << 10

var seed = maphash.MakeSeed()

// stripe returns the stripe of topic.
func (h *Hub) stripe(topic string) *stripe {
	return &h.stripes[maphash.String(seed, topic)%uint64(len(h.stripes))]
}

// publish delivers m, which may be nil, to the subscribers of this node except those in
// except, and passes p to the broker.
func (s *stripe) publish(h *Hub, topic string, op websocket.Opcode, p []byte, m *websocket.Prepared, except []*websocket.Conn) (behind bool, err error) {
	s.out.Lock()
	defer s.out.Unlock()
	behind = s.dispatch(h, topic, m, except)
	if h.options.Broker == nil {
		return behind, nil
	}
	s.number++
	s.envelope = appendEnvelope(s.envelope[:0], envelope{op, h.origin, s.number, p})
	err = h.options.Broker.Publish(topic, s.envelope)
	if cap(s.envelope) > keepEnvelope {
		s.envelope = nil
	}
	if err != nil {
		return behind, &BrokerError{err}
	}
	return behind, nil
}

// dispatch adds m, which may be nil, to the queues of the shards.
func (s *stripe) dispatch(h *Hub, topic string, m *websocket.Prepared, except []*websocket.Conn) (behind bool) {
	s.in.Lock()
	defer s.in.Unlock()
	return h.enqueue(topic, m, except)
}

// receive dispatches a message of another node, unless it is a duplicate.
func (s *stripe) receive(h *Hub, topic string, e envelope) (behind bool, err error) {
	s.in.Lock()
	defer s.in.Unlock()
	if !s.seen.isNew(seenKey{e.origin, maphash.String(seed, topic)}, e.number) {
		return false, nil
	}
	m, err := h.prepare(topic, e.op, e.payload)
	if err != nil {
		return false, err
	}
	return h.enqueue(topic, m, nil), nil
}

// receiver implements Receiver for the hub's broker.
type receiver struct{ *Hub }

// Deliver delivers a message of another node.
func (r receiver) Deliver(topic string, message []byte) {
	e, err := parseEnvelope(message)
	switch {
	case err != nil:
		r.reject(topic, err)
	case e.origin == r.origin: // published and delivered by this node
	case topic == presenceTopic:
		if err := r.presence.receive(e.origin, e.payload); err != nil {
			r.reject(topic, err)
		}
	default:
		behind, err := r.stripe(topic).receive(r.Hub, topic, e)
		if err != nil && err != ErrClosed {
			r.reject(topic, err)
		}
		if behind {
			r.awaitRoom()
		}
	}
}

// State logs a change of the link. When the link is back, it exchanges presence with
// the other nodes.
func (r receiver) State(connected bool, err error) {
	if !connected {
		r.options.Logger.Warn("hub: the link to the other nodes was lost", "err", err)
		return
	}
	r.options.Logger.Info("hub: the link to the other nodes is back")
	r.presence.hello()
}

// reject logs the first invalid message. One faulty node may send many, so that later
// ones are not logged.
func (h *Hub) reject(topic string, err error) {
	h.rejected.Do(func() {
		h.options.Logger.Error("hub: invalid message from the broker; further ones are not logged", "topic", topic, "err", err)
	})
}

// connect attaches the hub to the broker.
func (h *Hub) connect(b Broker) error {
	h.interest.asked = make(map[string]struct{})
	if err := b.Attach(receiver{h}); err != nil {
		return err
	}
	if err := b.Subscribe(presenceTopic); err != nil {
		b.Close()
		return err
	}
	h.presence.open()
	return nil
}

// envelope is a message between nodes:
//
//	version (1) · type of the message (1) · origin (8) · number (8) · payload
//
// The number counts the messages that the origin has published in this stripe, so that
// it increases from message to message of a topic.
type envelope struct {
	op      websocket.Opcode
	origin  uint64
	number  uint64
	payload []byte
}

const (
	envelopeVersion = 1
	envelopeSize    = 18 // without the payload
)

var errEnvelope = errors.New("not an envelope of version 1: all nodes have to run the same major version of this package")

func appendEnvelope(dst []byte, e envelope) []byte {
	dst = append(dst, envelopeVersion, byte(e.op))
	dst = binary.BigEndian.AppendUint64(dst, e.origin)
	dst = binary.BigEndian.AppendUint64(dst, e.number)
	return append(dst, e.payload...)
}

// parseEnvelope parses b. The payload is a slice of b.
func parseEnvelope(b []byte) (envelope, error) {
	if len(b) < envelopeSize || b[0] != envelopeVersion {
		return envelope{}, errEnvelope
	}
	return envelope{
		op:      websocket.Opcode(b[1]),
		origin:  binary.BigEndian.Uint64(b[2:]),
		number:  binary.BigEndian.Uint64(b[10:]),
		payload: b[envelopeSize:],
	}, nil
}
