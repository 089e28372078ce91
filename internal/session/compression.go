package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// Compression is the state of a connection with permessage-deflate (RFC 7692).
type Compression struct {
	Params    deflate.Params
	Threshold int                // minimum size of a message to be compressed, in bytes
	In        Inflater           // of the Receiver
	Out       deflate.Compressor // of the Sender; used in the order of messages
}

// Direction holds the negotiated parameters of one direction.
type Direction struct {
	Takeover   bool
	WindowBits uint8 // 0 if not negotiated
}

// Directions splits params into the direction in which the endpoint with the role sends,
// and that in which its peer sends.
func Directions(role codec.Role, params deflate.Params) (ours, theirs Direction) {
	server := Direction{!params.ServerNoContextTakeover, params.ServerMaxWindowBits}
	client := Direction{!params.ClientNoContextTakeover, params.ClientMaxWindowBits}
	if role == codec.Client {
		return client, server
	}
	return server, client
}

// Bits returns the smaller of the negotiated and the wanted window, where 0 stands for
// the largest.
func (d Direction) Bits(wanted int) int {
	if d.WindowBits == 0 || wanted != 0 && wanted < int(d.WindowBits) {
		return wanted
	}
	return int(d.WindowBits)
}

// TakesOver reports whether sent messages may refer to earlier ones. z may be nil.
func (z *Compression) TakesOver() bool { return z != nil && z.Out.Takeover }

// Wants reports whether a message of n bytes is compressed. z may be nil.
func (z *Compression) Wants(n int) bool { return z != nil && n >= z.Threshold }

// Pack compresses p without reference to other messages. It returns nil if p would not
// become smaller. The caller returns the buffer to the pool. Pack may be called
// concurrently.
func (z *Compression) Pack(p []byte) *pool.Buffer {
	alone := deflate.Compressor{Level: z.Out.Level, WindowBits: z.Out.WindowBits}
	return pack(&alone, p)
}

// PackNext is Pack with references to the messages sent before. Messages must be packed
// in the order in which they are sent, so that it must not be called concurrently.
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
