package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// Compression is the part of a connection that only those have on which
// permessage-deflate was agreed (RFC 7692).
type Compression struct {
	Params    deflate.Params
	Threshold int                // in bytes, from which on a message is compressed
	In        Inflater           // of the Receiver
	Out       deflate.Compressor // of the Sender, as the order of messages is
}

// Direction is what was agreed on for one direction.
type Direction struct {
	Takeover   bool
	WindowBits uint8 // 0 if not named
}

// Directions returns what params say of what the endpoint with the role sends, and of
// what its peer does.
func Directions(role codec.Role, params deflate.Params) (ours, theirs Direction) {
	server := Direction{!params.ServerNoContextTakeover, params.ServerMaxWindowBits}
	client := Direction{!params.ClientNoContextTakeover, params.ClientMaxWindowBits}
	if role == codec.Client {
		return client, server
	}
	return server, client
}

// Bits returns the smaller of what was agreed on and what is wanted, where 0 is the
// largest.
func (d Direction) Bits(wanted int) int {
	if d.WindowBits == 0 || wanted != 0 && wanted < int(d.WindowBits) {
		return wanted
	}
	return int(d.WindowBits)
}

// TakesOver reports whether messages that are sent refer to those before them. z may be
// nil.
func (z *Compression) TakesOver() bool { return z != nil && z.Out.Takeover }

// Wants reports whether a message of n bytes is compressed. z may be nil.
func (z *Compression) Wants(n int) bool { return z != nil && n >= z.Threshold }

// Pack returns p compressed without reference to other messages, or nil if it would not
// become smaller. It may be called concurrently. The caller gives the buffer back.
func (z *Compression) Pack(p []byte) *pool.Buffer {
	alone := deflate.Compressor{Level: z.Out.Level, WindowBits: z.Out.WindowBits}
	return pack(&alone, p)
}

// PackNext is Pack in the order of what is sent, with reference to what was.
func (z *Compression) PackNext(p []byte) *pool.Buffer { return pack(&z.Out, p) }

func pack(z *deflate.Compressor, p []byte) *pool.Buffer {
	packed := pool.Get(deflate.Bound(len(p)))
	b, smaller := z.Append(packed.B, p)
	if !smaller {
		pool.Put(packed)
		return nil
	}
	packed.B = b
	return packed
}
