package websocket

import (
	"iter"

	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/session"
)

// Compression holds the settings of permessage-deflate (RFC 7692). The zero value is
// valid: messages of 512 bytes or more are compressed, without context takeover. An
// idle connection then uses no memory for compression.
//
// Do not compress messages that mix secrets with attacker-controlled data: the
// compressed size reveals information about the secret (RFC 7692 §8; see CRIME,
// BREACH). Send them with [Conn.WriteUncompressed].
type Compression struct {
	// Takeover allows messages to refer to earlier messages, in both directions
	// ("context takeover", RFC 7692 §7.1.1). Small similar messages become much
	// smaller. Each direction of a connection keeps up to 32 KiB of history from its
	// first compressed message on.
	Takeover bool

	// Level is the compression level, from 1 (fastest) to 9 (smallest). Default: 1.
	Level int

	// Threshold is the minimum size, in bytes, of a message to be compressed. Default:
	// 512. A negative value compresses every message. A message that compression would
	// not make smaller is sent uncompressed.
	Threshold int

	// WindowBits limits the window to 2^WindowBits bytes, from 8 to 15, in both
	// directions if the peer supports it (RFC 7692 §7.1.2). It also limits the memory
	// that Takeover uses. Default: 15.
	WindowBits int
}

// defaultThreshold is the default of Compression.Threshold, in bytes.
const defaultThreshold = 512

func (z *Compression) policy() deflate.Policy {
	return deflate.Policy{Takeover: z.Takeover, WindowBits: z.WindowBits}
}

// offer returns the value of Sec-WebSocket-Extensions for a request, "" for none.
func (z *Compression) offer() string {
	if z == nil {
		return ""
	}
	return string(z.policy().AppendOffer(nil))
}

// accept selects the extension from a client's offers.
func (z *Compression) accept(offers iter.Seq[[]byte]) (e extension) {
	if z != nil {
		e.params, e.on = z.policy().Accept(offers)
	}
	return e
}

// agreedExtension parses the Sec-WebSocket-Extensions of a response. ok is false if it
// is not valid.
func agreedExtension(value string) (e extension, ok bool) {
	if value == "" {
		return e, true
	}
	values := func(yield func([]byte) bool) { yield([]byte(value)) }
	e.params, e.on, ok = deflate.Policy{Takeover: true}.Agreed(values)
	return e, ok
}

// extension is the result of the negotiation in the opening handshake.
type extension struct {
	on     bool
	params deflate.Params
}

// String returns the value of Sec-WebSocket-Extensions for the response, "" for none.
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
		// With DropOldest, later messages would refer to a dropped one.
		Takeover:   ours.Takeover && set.Compression.Takeover && set.Overflow != DropOldest,
		Level:      set.Compression.Level,
		WindowBits: ours.Bits(set.Compression.WindowBits),
	}
	return z
}
