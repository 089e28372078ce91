package session

import (
	"github.com/zerowire/websocket/codec"
)

// Event is what a Receiver finds next in the received bytes.
type Event uint8

const (
	NeedInput Event = iota // nothing until further bytes are received
	Message                // a whole message
	Data                   // a data frame, or a piece of one
	Control                // a control frame
	Violation              // the peer violated the protocol
)

// Receiver is the receiving half of a connection. Set its Decoder and Inflater before the
// first call.
//
// If Room returns a slice, read into that and call Took. Otherwise read into
// Decoder.Space and call Decoder.Commit. A returned payload may be modified, and is valid
// until the next call of any method. After Detach it belongs to the application.
type Receiver struct {
	Decoder  codec.Decoder
	Inflater *Inflater // nil if messages do not arrive compressed

	message assembly
	ahead   ahead // ahead.go
	direct  int32 // bytes that were received into message and are not decoded

	// InUse reports that the application may still use a returned payload.
	InUse bool
}

// SetLimit sets the maximum size of a message, in bytes; 0 means no limit. It applies to
// the headers that are decoded from now on.
func (r *Receiver) SetLimit(n int64) {
	r.Decoder.MaxMessage = uint64(n)
	if r.Inflater != nil {
		r.Inflater.MaxMessage = uint64(n)
		r.Decoder.MaxExtended = maxCompressed(n)
	}
}

// maxCompressed returns the limit for the compressed size of a message of at most n
// bytes. Poor encoders make a message an eighth larger, and add headers of blocks.
func maxCompressed(n int64) uint64 {
	if n == 0 {
		return 0
	}
	return uint64(n) + uint64(n)/8 + 1024
}

// Take returns the next message in the common case: it is uncompressed, was received
// completely, in one frame, and no other message has begun or was read ahead. In other
// cases ok is false; then call NextMessage.
func (r *Receiver) Take() (op codec.Opcode, p []byte, ok bool) {
	if r.message.begun || r.ahead.q != nil {
		return 0, nil, false
	}
	return r.Decoder.Message()
}

// NextMessage returns the next message, or the control frame before it. err is a
// [codec.Violation] if ev is Violation, and nil otherwise.
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

// NextFrame returns the next data frame, or a piece of one, or a control frame. It
// returns the frames that were read ahead first. err is that of NextMessage.
func (r *Receiver) NextFrame() (Event, codec.Frame, error) {
	if f, ok := r.ahead.pop(); ok {
		return Data, f, nil
	}
	f, err := r.decode()
	for err == nil && !f.Opcode.IsControl() && r.dropsData() {
		f, err = r.decode()
	}
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

// decode returns the next frame, or a piece of one, in the received bytes. If the payload
// was read directly into the message, the frame has none.
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

// Room returns the slice into which to receive the rest of a large message. It returns
// nil if the next bytes have to be received into the Decoder.
func (r *Receiver) Room() []byte {
	if !r.message.large() || r.dropsData() {
		return nil
	}
	if lacking := r.Decoder.Direct(); lacking > 0 {
		return r.message.room(lacking, r.Decoder.MaxMessage)
	}
	return nil
}

// Took records that n bytes have been received into the slice of Room.
func (r *Receiver) Took(n int) { r.direct = int32(n) }

// Begun returns the type and the assembled part of a message whose read was interrupted.
// ok is false if there is none. z is the Inflater of a compressed message, or nil.
func (r *Receiver) Begun() (op codec.Opcode, part []byte, z *Inflater, ok bool) {
	if !r.message.begun {
		return 0, nil, nil, false
	}
	op, z = r.message.op, r.message.inflating
	return op, r.message.finish(), z, true
}

// Release frees the assembled message that was returned, if there is one.
func (r *Receiver) Release() { r.message.release() }

// Ready reports whether a whole frame waits; see [codec.Decoder.Ready].
func (r *Receiver) Ready() bool { return r.HasAhead() || r.Decoder.Ready() }

// More reports whether another frame is Ready, or a part of one has been received.
func (r *Receiver) More() bool { return r.Decoder.Arriving() || r.Ready() }

// Idle reports whether no part of a message or frame is held.
func (r *Receiver) Idle() bool { return r.Decoder.Idle() && r.ahead.q == nil && !r.message.begun }

// Detach transfers ownership of the returned payloads' buffers to the application, so
// that they stay valid while the connection is read further.
func (r *Receiver) Detach() {
	if !r.InUse {
		return
	}
	r.InUse = false
	r.Decoder.Detach()
	r.ahead.detach()
	if r.message.inUse {
		r.message.leave()
	}
	if r.Inflater != nil {
		r.Inflater.Detach()
	}
}

// Reset frees all buffers, except those of payloads that the application may still use.
// With keepAhead it also keeps the frames that were read ahead.
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
