package session

import (
	"github.com/zerowire/websocket/codec"
)

// Event is what a Receiver finds next in the bytes received.
type Event uint8

const (
	NeedInput Event = iota // nothing more until further bytes are received
	Message                // a whole message
	Data                   // a data frame, or a piece of one
	Control                // a control frame
	Violation              // the peer violated the protocol
)

// Receiver is the receiving half of a connection. Set up its Decoder and Inflater
// before the first call.
//
// Bytes go in by Decoder.Space and Decoder.Commit; or, if Room returns some, into that
// and by Took. A payload that comes out is valid until the next call of any method, and
// may be modified, unless Detach was called.
type Receiver struct {
	Decoder  codec.Decoder
	Inflater *Inflater // nil if messages do not arrive compressed

	message assembly
	ahead   ahead // ahead.go
	direct  int32 // bytes that were received into message and are not decoded

	// Lent says that a payload was handed out that the application may still use.
	Lent bool
}

// SetLimit sets the limit for messages, in bytes, for those that begin from now on; 0
// for none.
func (r *Receiver) SetLimit(n int64) {
	r.Decoder.MaxMessage = uint64(n)
	if r.Inflater != nil {
		r.Inflater.MaxMessage = uint64(n)
		r.Decoder.MaxExtended = maxCompressed(n)
	}
}

// maxCompressed is the limit for the compressed size of a message of n bytes: poor
// encoders make it an eighth larger, and headers of blocks are added to that.
func maxCompressed(n int64) uint64 {
	if n == 0 {
		return 0
	}
	return uint64(n) + uint64(n)/8 + 1024
}

// Take returns the next message if it is the common case: received whole, in one
// frame, uncompressed, behind nothing else. Otherwise NextMessage decides.
func (r *Receiver) Take() (op codec.Opcode, p []byte, ok bool) {
	if r.message.begun || r.ahead.q != nil {
		return 0, nil, false
	}
	return r.Decoder.Message()
}

// NextMessage returns the next message, or the control frame before it. err is the
// codec.Violation, if that is the event.
func (r *Receiver) NextMessage() (ev Event, op codec.Opcode, p []byte, err error) {
	r.Release()
	for {
		ev, f, err := r.NextFrame()
		if ev != Data {
			return ev, f.Opcode, f.Payload, err
		}
		if f.Last() && !r.message.begun && f.RSV == 0 {
			return Message, f.Message, f.Payload, nil
		}
		if err := r.assemble(&f); err != nil {
			return Violation, 0, nil, err
		}
		if f.Last() {
			return Message, f.Message, r.message.finish(), nil
		}
	}
}

// assemble appends f to its message.
func (r *Receiver) assemble(f *codec.Frame) error {
	m := &r.message
	if !m.begun && f.RSV != 0 {
		m.inflating = r.Inflater
		m.inflating.Begin(f.Message)
	}
	if m.inflating == nil {
		m.append(f.Message, f.Payload, r.Decoder.MaxMessage)
		return nil
	}
	m.op, m.begun = f.Message, true
	return m.inflating.add(f)
}

// NextFrame returns the next data frame, or piece of one, or control frame. Frames
// that were read ahead come first.
func (r *Receiver) NextFrame() (Event, codec.Frame, error) {
	if f, ok := r.ahead.pop(); ok {
		return Data, f, nil
	}
	f, err := r.decode()
	switch {
	case err == codec.ErrShort:
		return NeedInput, f, nil
	case err != nil:
		return Violation, f, err
	case f.Opcode.IsControl():
		return Control, f, nil
	}
	return Data, f, nil
}

// decode returns the next frame, or piece of one, in the bytes received. What was read
// straight into the message is not in its payload again.
func (r *Receiver) decode() (codec.Frame, error) {
	n := int(r.direct)
	if n == 0 {
		return r.Decoder.Next()
	}
	r.direct = 0
	f, err := r.Decoder.Fill(r.message.extend(n))
	f.Payload = nil
	return f, err
}

// Room returns where to receive the rest of a large message; nil, if that is the
// Decoder.
func (r *Receiver) Room() []byte {
	if !r.message.large() {
		return nil
	}
	if lacking := r.Decoder.Direct(); lacking > 0 {
		return r.message.room(lacking, r.Decoder.MaxMessage)
	}
	return nil
}

// Took says that the first n bytes of Room have been filled.
func (r *Receiver) Took(n int) { r.direct = int32(n) }

// Begun returns the type of the message of which a part has been assembled, by a read
// that was interrupted, and that part; ok is false if there is none. A compressed one
// goes on in z.
func (r *Receiver) Begun() (op codec.Opcode, part []byte, z *Inflater, ok bool) {
	if !r.message.begun {
		return 0, nil, nil, false
	}
	op, z = r.message.op, r.message.inflating
	return op, r.message.finish(), z, true
}

// Release takes back the message that was handed out.
func (r *Receiver) Release() { r.message.release() }

// Ready reports whether a whole frame waits, as far as that can be told at once.
func (r *Receiver) Ready() bool { return r.HasAhead() || r.Decoder.Ready() }

// More reports whether another frame is Ready, or a part of one has been received.
func (r *Receiver) More() bool { return r.Ready() || r.Decoder.Arriving() }

// Idle reports whether nothing of a message or frame is held.
func (r *Receiver) Idle() bool { return r.Decoder.Idle() && r.ahead.q == nil && !r.message.begun }

// Detach transfers the buffers of payloads that were handed out to the application, so
// that they stay valid while the connection is read further.
func (r *Receiver) Detach() {
	if !r.Lent {
		return
	}
	r.Lent = false
	r.Decoder.Detach()
	r.ahead.detach()
	if r.message.lent {
		r.message.leave()
	}
	if r.Inflater != nil {
		r.Inflater.Detach()
	}
}

// Reset gives back every buffer, but for payloads that the application may still use
// and, with keepAhead, what was read ahead of it.
func (r *Receiver) Reset(keepAhead bool) {
	r.Detach()
	r.Decoder.Reset()
	r.direct = 0
	if keepAhead && r.ahead.q != nil {
		return
	}
	r.ahead.drop()
	r.message.drop()
	if r.Inflater != nil {
		r.Inflater.Reset()
	}
}
