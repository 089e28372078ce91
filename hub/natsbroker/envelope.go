package natsbroker

import "encoding/binary"

// envelope is the prefix of each message: its publisher and its place in the order. NATS
// delivers a copy for every matching subscription, and JetStream may store a repeated message
// after later ones. With the envelope, the receiver delivers each message once and in order.
//
//	0      1            9           17       19
//	| kind | publisher  | sequence  | behind | message …
//
// Numbers are big-endian.
type envelope struct {
	kind      kind
	publisher uint64 // random, chosen by each Broker
	sequence  uint64 // counts the publisher's messages on all topics from 1
	behind    uint16 // number of sequence numbers directly below this one that may arrive later
}

const envelopeSize = 1 + 8 + 8 + 2

// kind is the type of an envelope. Other layouts will have other kinds.
type kind byte

const (
	message kind = 1
	settled kind = 2 // no message: the publisher sends none up to sequence any more
)

// put writes e to the first envelopeSize bytes of b.
func (e envelope) put(b []byte) {
	b[0] = byte(e.kind)
	binary.BigEndian.PutUint64(b[1:], e.publisher)
	binary.BigEndian.PutUint64(b[9:], e.sequence)
	binary.BigEndian.PutUint16(b[17:], e.behind)
}

// parseEnvelope parses the envelope at the start of b. payload is the rest of b. ok is false
// if b is not a message of a Broker.
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
