package websocket

import (
	"iter"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
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

// compressing is the part of a Conn that only those have on which compression was
// agreed.
type compressing struct {
	params    deflate.Params
	threshold int
	in        inflating
	out       deflate.Compressor // guarded by writer.mu, as the order of messages is
}

func newCompressing(role Role, params deflate.Params, set *settings) *compressing {
	z := &compressing{params: params, threshold: set.Compression.Threshold}
	def(&z.threshold, defaultThreshold)
	server := direction{!params.ServerNoContextTakeover, params.ServerMaxWindowBits}
	client := direction{!params.ClientNoContextTakeover, params.ClientMaxWindowBits}
	ours, theirs := server, client
	if role == RoleClient {
		ours, theirs = client, server
	}
	z.in.Takeover, z.in.MaxMessage = theirs.takeover, uint64(set.MaxMessage)
	z.in.WindowBits = int(theirs.bits)
	z.out = deflate.Compressor{
		// A message that is dropped must not be one that others refer to.
		Takeover:   ours.takeover && set.Compression.Takeover && set.Overflow != DropOldest,
		Level:      set.Compression.Level,
		WindowBits: ours.windowBits(set.Compression.WindowBits),
	}
	return z
}

// direction is what was agreed on for one direction.
type direction struct {
	takeover bool
	bits     uint8 // 0 if not named
}

// windowBits returns the smaller of what was agreed on and what is wanted, where 0
// means the largest.
func (d direction) windowBits(wanted int) int {
	if d.bits == 0 || wanted != 0 && wanted < int(d.bits) {
		return wanted
	}
	return int(d.bits)
}

// maxCompressed is how many bytes a message may have compressed that may have n
// inflated: encoders that do badly make it an eighth larger, and headers of blocks
// come to it.
func maxCompressed(n int64) uint64 {
	if n == 0 {
		return 0
	}
	return uint64(n) + uint64(n)/8 + 1024
}

// inflating inflates the messages that come compressed.
type inflating struct {
	deflate.Decompressor
	text bool       // the message begun has to be UTF-8
	utf8 codec.UTF8 // and is so far
}

// begin begins a message.
func (z *inflating) begin(op Opcode) { z.text, z.utf8 = op == OpText, codec.UTF8{} }

// add inflates the payload of a frame, or a piece of it, behind what there is of
// the message.
func (z *inflating) add(f *codec.Frame) error {
	p, err := z.Write(f.Payload, f.Last())
	if err != nil {
		return err
	}
	return z.check(p, f.Last())
}

// check checks inflated text.
func (z *inflating) check(p []byte, last bool) error {
	if z.text && (!z.utf8.Check(p) || last && !z.utf8.Complete()) {
		return codec.ErrText
	}
	return nil
}

// next returns the next piece of the message that was fed, as Decompressor.Next
// does.
func (z *inflating) next() (p []byte, last bool, err error) {
	if p, last, err = z.Next(); err == nil {
		err = z.check(p, last)
	}
	return p, last, err
}
