package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

// Inflater inflates received messages (RFC 7692 §7.2.2), and validates inflated text.
type Inflater struct {
	deflate.Decompressor
	text bool       // the current message has to be UTF-8
	utf8 codec.UTF8 // validates it
}

// Begin begins a message of type op.
func (z *Inflater) Begin(op codec.Opcode) { z.text, z.utf8 = op == codec.OpText, codec.UTF8{} }

// add inflates the payload of a frame, or a piece of it, and appends it to the message.
// The error is a codec.Violation.
func (z *Inflater) add(f *codec.Frame) error {
	p, err := z.Write(f.Payload, f.Last())
	if err != nil {
		return err
	}
	return z.check(p, f.Last())
}

// check validates inflated text. last reports that p ends the message.
func (z *Inflater) check(p []byte, last bool) error {
	if z.text && (!z.utf8.Check(p) || last && !z.utf8.Complete()) {
		return codec.ErrText
	}
	return nil
}

// NextPiece returns the next piece of the message whose frames are passed to Feed, and
// validates it. Its results are otherwise those of [deflate.Decompressor.Next].
func (z *Inflater) NextPiece() (p []byte, last bool, err error) {
	if p, last, err = z.Next(); err == nil {
		err = z.check(p, last)
	}
	return p, last, err
}
