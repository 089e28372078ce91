package session

import (
	"math/rand/v2"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Sender is the sending half of a connection. Its outbox holds valid frames in the order
// in which they are sent. While a send is under way, control frames are put ahead of the
// others. One goroutine sends at a time: it sends what Take or TakeOne returns, and then
// calls Sent. Frames that are added meanwhile are sent afterwards.
//
// Set its Encoder before the first call.
type Sender struct {
	Encoder   codec.Encoder
	Streaming bool // a message is sent in fragments; other messages wait for its end

	pending *pool.Buffer // whole frames; nil for none
	pong    *pool.Buffer // the Pongs ahead of them; nil for none
	ping    *pool.Buffer // the Pings ahead of them; nil for none
	sending *Batch       // nil if no send is under way
	err     error        // why nothing can be sent any more
}

const (
	// VectorBytes is the size, in bytes, at which a payload is sent without copying it.
	VectorBytes = 16 << 10

	// DelayBytes is the size of the outbox, in bytes, at which replies are not delayed.
	DelayBytes = 96 << 10

	// delayRoom is the size, in bytes, of a buffer for delayed replies.
	delayRoom = DelayBytes + 32<<10
)

// Err returns why nothing can be sent any more, or nil.
func (s *Sender) Err() error { return s.err }

// Sending reports whether a send is under way.
func (s *Sender) Sending() bool { return s.sending != nil }

// Closed reports whether a Close frame was added to the outbox. No frame may follow it.
func (s *Sender) Closed() bool { return s.Encoder.Closed() }

// Empty reports whether the outbox is empty.
func (s *Sender) Empty() bool { return s.pending == nil && s.ping == nil && s.pong == nil }

// Size returns the size of the outbox in bytes, without the control frames ahead.
func (s *Sender) Size() int { return size(s.pending) }

// Ready reports whether a message may be added to the outbox now, and no send is under
// way.
func (s *Sender) Ready() bool {
	return s.err == nil && s.sending == nil && !s.Streaming && !s.Encoder.Closed()
}

// Message adds a message to the outbox as one frame, in the common case of a server that
// is Ready. If it returns false, it has added nothing; then call Append. delayed reports
// that more replies are likely to follow, and reserves room for them.
func (s *Sender) Message(op codec.Opcode, p []byte, delayed bool) bool {
	s.reserve(len(p), delayed)
	b, ok := s.Encoder.Message(s.pending.B, op, p)
	if ok {
		s.pending.B = b
	}
	return ok
}

// reserve makes room for a frame with n bytes of payload and, if delayed, for further
// replies.
func (s *Sender) reserve(n int, delayed bool) {
	switch {
	case s.pending == nil && delayed:
		s.pending = pool.Get(max(delayRoom, codec.MaxHeaderSize+n))
	case s.pending == nil:
		s.pending = pool.Get(codec.MaxHeaderSize + n)
	case cap(s.pending.B)-len(s.pending.B) < codec.MaxHeaderSize+n:
		s.pending = pool.Grow(s.pending, len(s.pending.B)+codec.MaxHeaderSize+n)
	}
}

// Append adds a frame to the end of the outbox. Errors are those of Check.
func (s *Sender) Append(h codec.Header, p []byte) error {
	h.Length = uint64(len(p))
	if err := s.Check(&h); err != nil {
		return err
	}
	s.pending = appendFrame(s.pending, h, p)
	return nil
}

// Check returns an error if a frame with header h cannot be sent. Otherwise it counts the
// frame as sent, and sets a new masking key in the header of a client.
func (s *Sender) Check(h *codec.Header) error {
	if s.err != nil {
		return s.err
	}
	if err := s.Encoder.Check(h); err != nil {
		return err
	}
	if h.Masked {
		h.Key = newKey()
	}
	return nil
}

// newKey returns a masking key. "The masking key needs to be unpredictable"
// RFC 6455 §5.3: the top-level source of math/rand/v2 is a ChaCha8 generator
// per thread that the runtime seeds from the system.
func newKey() (key [4]byte) {
	k := rand.Uint32()
	return [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
}

// maxPongs is how many bytes of Pongs wait for the send under way: enough for a burst of
// 126 Pings of every size. So a burst is answered in full, and a flood costs no memory.
const maxPongs = 16 << 10

// AppendControl adds a Ping or a Pong to the outbox. While a send is under way, it adds
// the frame ahead of the others. Beyond maxPongs, it keeps only the last Pong: "an endpoint
// MAY elect to send a Pong frame for only the most recently processed Ping frame" RFC 6455
// §5.5.3.
func (s *Sender) AppendControl(op codec.Opcode, p []byte) error {
	h := codec.Header{Fin: true, Opcode: op, Length: uint64(len(p))}
	if err := s.Check(&h); err != nil {
		return err
	}
	switch {
	case s.sending == nil:
		s.pending = appendFrame(s.pending, h, p)
	case op == codec.OpPing:
		s.ping = appendFrame(s.ping, h, p)
	default:
		if s.pong != nil && len(s.pong.B)+codec.MaxHeaderSize+len(p) > maxPongs {
			s.pong.B = s.pong.B[:0]
		}
		s.pong = appendFrame(s.pong, h, p)
	}
	return nil
}

// Single reports whether the outbox is one slice, and has no control frames ahead.
func (s *Sender) Single() bool { return s.pending != nil && s.ping == nil && s.pong == nil }

// TakeOne begins a send of the outbox, which must be Single. After the send, return b to
// the pool and call Sent, or pass it to Left.
func (s *Sender) TakeOne() (b *pool.Buffer) {
	b, s.pending = s.pending, nil
	s.sending = &one
	return b
}

// BeginOne begins a send of a slice that is not in the outbox, which must be Empty.
func (s *Sender) BeginOne() { s.sending = &one }

// Left continues a send of TakeOne or BeginOne with a Batch of rest, the part that is not
// sent yet. It takes ownership of b, the buffer of TakeOne; b is nil after BeginOne.
func (s *Sender) Left(rest []byte, b *pool.Buffer) *Batch {
	batch := batches.Get().(*Batch)
	batch.buffers[pendingBuffer] = b
	batch.Rest = append(batch.vectors[:0], rest)
	s.sending = batch
	return batch
}

// Take begins a send of the outbox. If payload is not nil, a frame of h and payload is
// sent after it. payload is not copied.
func (s *Sender) Take(h codec.Header, payload []byte) *Batch {
	b := s.take()
	if payload != nil {
		b.Rest = append(b.Rest, codec.AppendHeader(b.header[:0], h), payload)
	}
	return b
}

// TakeWith begins a send of the outbox, and of an encoded frame after it. frame is not
// copied.
func (s *Sender) TakeWith(frame []byte) *Batch {
	b := s.take()
	b.Rest = append(b.Rest, frame)
	return b
}

func (s *Sender) take() *Batch {
	b := batches.Get().(*Batch)
	b.buffers = [...]*pool.Buffer{s.pong, s.ping, s.pending, nil}
	s.pong, s.ping, s.pending = nil, nil, nil
	b.Rest = b.vectors[:0]
	for _, buf := range b.buffers {
		if buf != nil {
			b.Rest = append(b.Rest, buf.B)
		}
	}
	s.sending = b
	return b
}

// Sent ends the send under way.
func (s *Sender) Sent() {
	s.sending.release()
	s.sending = nil
}

// Fail drops the outbox, and makes Err return err, unless an earlier error is set.
func (s *Sender) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
	for _, b := range []*pool.Buffer{s.pong, s.ping, s.pending} {
		pool.Put(b)
	}
	s.pong, s.ping, s.pending = nil, nil, nil
}

// appendFrame appends a frame to b, which may be nil.
func appendFrame(b *pool.Buffer, h codec.Header, p []byte) *pool.Buffer {
	n := codec.SizeFrame(h, len(p))
	if b == nil {
		b = pool.Get(n)
	} else {
		b = pool.Grow(b, len(b.B)+n)
	}
	b.B = codec.AppendFrame(b.B, h, p)
	return b
}

func size(b *pool.Buffer) int {
	if b == nil {
		return 0
	}
	return len(b.B)
}
