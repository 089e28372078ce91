package natsbroker

import "encoding/binary"

// envelope goes in front of each message: who published it, and its place in the
// order. NATS delivers a copy for every subscription that matches, and JetStream
// may store a message that was sent again behind later ones: the envelope is how
// the receiver gives each once, in order.
//
//	0      1            9           17       19
//	| kind | publisher  | sequence  | behind | message …
//
// Numbers are big-endian.
type envelope struct {
	kind      kind
	publisher uint64 // drawn at random by each Broker
	sequence  uint64 // counts the publisher's messages on all topics from 1
	behind    uint16 // how many sequence numbers right below this one may still come
}

const envelopeSize = 1 + 8 + 8 + 2

// kind is what an envelope is for. Other layouts will have other kinds.
type kind byte

const (
	message kind = 1
	settled kind = 2 // nothing of the publisher's up to sequence will come any more; there is no message
)

// put writes e over the first envelopeSize bytes of b.
func (e envelope) put(b []byte) {
	b[0] = byte(e.kind)
	binary.BigEndian.PutUint64(b[1:], e.publisher)
	binary.BigEndian.PutUint64(b[9:], e.sequence)
	binary.BigEndian.PutUint16(b[17:], e.behind)
}

// parseEnvelope reads the envelope at the beginning of b; payload is the rest of
// b. It reports false if no Broker has made b.
func parseEnvelope(b []byte) (e envelope, payload []byte, ok bool) {
	if len(b) < envelopeSize || kind(b[0]) != message && kind(b[0]) != settled {
		return envelope{}, nil, false
	}
	e = envelope{
		kind:      kind(b[0]),
		publisher: binary.BigEndian.Uint64(b[1:]),
		sequence:  binary.BigEndian.Uint64(b[9:]),
		behind:    binary.BigEndian.Uint16(b[17:]),
	}
	return e, b[envelopeSize:], e.sequence > uint64(e.behind)
}
