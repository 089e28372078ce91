package websocket

import (
	"iter"

	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/session"
)

// Compression are the settings of permessage-deflate (RFC 7692). The zero value is
// good for most: no takeover, so that an idle connection costs nothing more.
//
// Compressing secrets together with what an attacker can choose tells their length
// to whoever watches the wire (RFC 7692 §8): send those with WriteUncompressed.
type Compression struct {
	// Takeover lets messages refer to those before them, in both directions: small
	// messages that are like each other become much smaller. Each direction of a
	// connection then holds up to 32 KiB from its first compressed message on.
	Takeover bool

	// Level is from 1, the fastest, to 9, the smallest. Default 1.
	Level int

	// Threshold is the size in bytes from which on a message is compressed; smaller
	// ones gain little. Default 512; negative compresses every message. A message that
	// would not become smaller goes as it is.
	Threshold int

	// WindowBits bounds how far back messages refer, to 2^WindowBits bytes, 8 to 15, in
	// both directions, if the peer can: it also bounds what Takeover holds. Default 15.
	WindowBits int
}

// defaultThreshold is that of Compression.
const defaultThreshold = 512

func (z *Compression) policy() deflate.Policy {
	return deflate.Policy{Takeover: z.Takeover, WindowBits: z.WindowBits}
}

// offer returns the Sec-WebSocket-Extensions of a request, "" for none.
func (z *Compression) offer() string {
	if z == nil {
		return ""
	}
	return string(z.policy().AppendOffer(nil))
}

// accept answers a client's offers.
func (z *Compression) accept(offers iter.Seq[[]byte]) (e extension) {
	if z != nil {
		e.params, e.on = z.policy().Accept(offers)
	}
	return e
}

// agreedExtension reads the Sec-WebSocket-Extensions of a response; ok is false if it is
// not valid.
func agreedExtension(value string) (e extension, ok bool) {
	if value == "" {
		return e, true
	}
	values := func(yield func([]byte) bool) { yield([]byte(value)) }
	e.params, e.on, ok = deflate.Policy{Takeover: true}.Agreed(values)
	return e, ok
}

// extension is what the opening handshake has agreed on.
type extension struct {
	on     bool
	params deflate.Params
}

// String returns it as the response's Sec-WebSocket-Extensions, "" for none.
func (e extension) String() string {
	if !e.on {
		return ""
	}
	return e.params.String()
}

func newCompression(role Role, params deflate.Params, set *settings) *session.Compression {
	z := &session.Compression{Params: params, Threshold: set.Compression.Threshold}
	def(&z.Threshold, defaultThreshold)
	ours, theirs := session.Directions(role, params)
	z.In.Takeover, z.In.WindowBits = theirs.Takeover, int(theirs.WindowBits)
	z.Out = deflate.Compressor{
		// A message that is dropped must not be one that others refer to.
		Takeover:   ours.Takeover && set.Compression.Takeover && set.Overflow != DropOldest,
		Level:      set.Compression.Level,
		WindowBits: ours.Bits(set.Compression.WindowBits),
	}
	return z
}
