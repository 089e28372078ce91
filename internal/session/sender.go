package session

import (
	"math/rand/v2"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Sender is the sending half of a connection: one outbox of frames that are legal, in
// the order of their sending, with control frames ahead of them while a send is under
// way. One goroutine sends at a time, what Take or TakeOne returns, and ends that with
// Sent; what others queue meanwhile is sent after it.
//
// Set up its Encoder before the first call.
type Sender struct {
	Encoder   codec.Encoder
	Streaming bool // a message is sent in fragments: other messages wait for its end

	pending *pool.Buffer // whole frames; nil for none
	pong    *pool.Buffer // the Pong ahead of them; nil for none
	ping    *pool.Buffer // the Pings ahead of them; nil for none
	sending *Batch       // nil if no send is under way
	err     error        // why nothing can be sent any more
}

const (
	// VectorBytes is the size from which on a payload is sent from its own place
	// instead of being copied.
	VectorBytes = 16 << 10

	// DelayBytes is how much a delayed reply may add up to with those before it.
	DelayBytes = 96 << 10

	// delayRoom is the room for replies that are delayed.
	delayRoom = DelayBytes + 32<<10
)

// Err returns why nothing can be sent any more, nil if it can.
func (s *Sender) Err() error { return s.err }

// Sending reports whether a send is under way.
func (s *Sender) Sending() bool { return s.sending != nil }

// Closed reports whether a Close frame was put into the outbox: nothing may follow.
func (s *Sender) Closed() bool { return s.Encoder.Closed() }

// Empty reports whether the outbox is.
func (s *Sender) Empty() bool { return s.pending == nil && s.ping == nil && s.pong == nil }

// Size returns how many bytes of the outbox wait, without control frames ahead.
func (s *Sender) Size() int { return size(s.pending) }

// Ready reports whether a message may be put into the outbox at once.
func (s *Sender) Ready() bool {
	return s.err == nil && s.sending == nil && !s.Streaming && !s.Encoder.Closed()
}

// Message puts a message into the outbox as one frame, on a server that is Ready. It
// returns false if that is not the common case: then Append decides. delayed says that
// replies to come will follow it.
func (s *Sender) Message(op codec.Opcode, p []byte, delayed bool) bool {
	s.reserve(len(p), delayed)
	b, ok := s.Encoder.Message(s.pending.B, op, p)
	if ok {
		s.pending.B = b
	}
	return ok
}

// reserve makes room for the frame of a payload of n bytes, and for the replies to
// come.
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

// Append puts a frame behind those in the outbox.
func (s *Sender) Append(h codec.Header, p []byte) error {
	h.Length = uint64(len(p))
	if err := s.Check(&h); err != nil {
		return err
	}
	s.pending = appendFrame(s.pending, h, p)
	return nil
}

// Check reports why a frame with header h cannot be sent, or counts it as sent. A
// client's gets a fresh masking key.
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

// AppendControl puts a Ping or a Pong into the outbox. While a send is under way it is
// put ahead of the rest, and of Pongs only the last one is kept: "an endpoint MAY elect
// to send a Pong frame for only the most recently processed Ping frame" RFC 6455
// §5.5.3. So a flood of Pings costs no memory.
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
		if s.pong != nil {
			s.pong.B = s.pong.B[:0]
		}
		s.pong = appendFrame(s.pong, h, p)
	}
	return nil
}

// Single reports whether the outbox is one slice, without control frames ahead.
func (s *Sender) Single() bool { return s.pending != nil && s.ping == nil && s.pong == nil }

// TakeOne begins a send of the outbox, which is Single. Keep b for Sent or Left.
func (s *Sender) TakeOne() (b *pool.Buffer) {
	b, s.pending = s.pending, nil
	s.sending = &one
	return b
}

// BeginOne begins a send of a slice that is not in the outbox, which is Empty.
func (s *Sender) BeginOne() { s.sending = &one }

// Left turns the send of one slice, which TakeOne has returned in b or nil, into that of
// a Batch: rest of it is not sent.
func (s *Sender) Left(rest []byte, b *pool.Buffer) *Batch {
	batch := batches.Get().(*Batch)
	batch.buffers[pendingBuffer] = b
	batch.Rest = append(batch.vectors[:0], rest)
	s.sending = batch
	return batch
}

// Take begins a send of the outbox, with a frame of h and payload behind it unless
// payload is nil.
func (s *Sender) Take(h codec.Header, payload []byte) *Batch {
	b := s.take()
	if payload != nil {
		b.Rest = append(b.Rest, codec.AppendHeader(b.header[:0], h), payload)
	}
	return b
}

// TakeWith begins a send of the outbox with an encoded frame behind it.
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

// Fail makes err what is returned from now on, unless something was before, and drops
// the outbox.
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
