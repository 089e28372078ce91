package wstest

import (
	"bufio"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// observer reads all that the peer sends, in a goroutine of its own so that the
// suite never blocks a peer that echoes while it is still being sent to.
type observer struct {
	masked  bool      // the peer has to mask: it is a client
	inflate *Inflater // for what the peer compresses; nil if that was not agreed on

	mu      sync.Mutex
	seen    seen
	changed chan struct{} // holds a token after each change
	done    chan struct{} // closed when the reader has ended
}

// seen is what has come from the peer so far.
type seen struct {
	received   []Event
	compressed int    // how many of the messages received were compressed
	close      *Frame // the peer's first Close frame
	ended      bool   // the peer dropped TCP, or cannot be understood any more
	violation  string // the rule that the peer broke, if any
}

// observe reads from r what a peer in that role sends. With an Inflater the peer
// may compress, and of messages only the digest is kept.
func observe(r io.Reader, peer codec.Role, inflate *Inflater) *observer {
	o := &observer{
		masked:  peer == codec.Client,
		inflate: inflate,
		changed: make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	go o.read(r)
	return o
}

// message is one that is being put together.
type message struct {
	Event
	compressed bool
}

func (o *observer) read(conn io.Reader) {
	defer close(o.done)
	r := bufio.NewReaderSize(conn, 64<<10)
	var m *message
	for {
		f, masked, err := ReadFrame(r)
		if err != nil {
			o.end(err)
			return
		}
		o.mu.Lock()
		o.seen.violation = o.judge(f, masked, m)
		switch {
		case o.seen.violation != "":
		case f.Opcode == codec.OpClose:
			o.seen.close = &f
		case f.Opcode.IsControl():
			o.seen.received = append(o.seen.received, Event{f.Opcode, f.Payload})
		case m == nil:
			m = &message{Event{f.Opcode, f.Payload}, f.RSV != 0}
		default:
			m.Payload = append(m.Payload, f.Payload...)
		}
		if m != nil && f.Fin && !f.Opcode.IsControl() && o.seen.violation == "" {
			o.seen.violation = o.take(*m)
			m = nil
		}
		broken := o.seen.violation != ""
		o.seen.ended = o.seen.ended || broken
		o.mu.Unlock()
		o.notify()
		if broken {
			return
		}
	}
}

// take notes a message that is whole, and returns the rule that it breaks, or "".
func (o *observer) take(m message) string {
	if m.compressed {
		o.seen.compressed++
		p, err := o.inflate.Message(m.Payload)
		if err != nil {
			return fmt.Sprintf("the peer sent a message that does not inflate as agreed on: %v", err)
		}
		m.Payload = p
	}
	if m.Opcode == codec.OpText && !utf8.Valid(m.Payload) {
		return "the peer sent a text message that is not UTF-8: " + m.String()
	}
	e := m.Event
	if o.inflate != nil {
		e = digest(e)
	}
	o.seen.received = append(o.seen.received, e)
	return ""
}

// digest returns e with length and SHA-1 of its payload in place of that.
func digest(e Event) Event {
	return Event{e.Opcode, fmt.Appendf(nil, "%d bytes, SHA-1 %x", len(e.Payload), sha1.Sum(e.Payload))}
}

// judge returns the rule that f breaks, or "". It is written from the RFC, not
// from package codec: a mistake there must not hide itself.
func (o *observer) judge(f Frame, masked bool, m *message) string {
	rule := ""
	rsv := f.RSV
	if o.inflate != nil && f.Opcode.IsData() {
		rsv &^= codec.RSV1 // on the first frame of a message alone: RFC 7692 §6
	}
	switch {
	case o.seen.close != nil:
		rule = "a frame after its Close frame"
	case masked != o.masked && masked:
		rule = "a masked frame, and is a server"
	case masked != o.masked:
		rule = "an unmasked frame, and is a client"
	case rsv != 0:
		rule = "reserved bits"
	case f.Opcode.IsReserved():
		rule = "a reserved opcode"
	case f.Opcode.IsControl() && !f.Fin:
		rule = "a fragmented control frame"
	case f.Opcode.IsControl() && len(f.Payload) > codec.MaxControlPayload:
		rule = "a control frame longer than 125 bytes"
	case f.Opcode == codec.OpContinuation && m == nil:
		rule = "a continuation frame with nothing to continue"
	case f.Opcode.IsData() && m != nil:
		rule = "a data frame inside a fragmented message"
	case f.Opcode == codec.OpClose && len(f.Payload) == 1:
		rule = "a Close frame of one byte"
	case f.Opcode == codec.OpClose && len(f.Payload) > 2 && !utf8.Valid(f.Payload[2:]):
		rule = "a Close reason that is not UTF-8"
	default:
		return ""
	}
	return fmt.Sprintf("the peer sent %s: %s", rule, f)
}

// end notes how the stream ended. A reset is as good as an end.
func (o *observer) end(err error) {
	o.mu.Lock()
	o.seen.ended = true
	if rule, ok := errors.AsType[codec.Violation](err); ok {
		o.seen.violation = "the peer sent an ill-formed header: " + rule.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		o.seen.violation = "the peer ended inside a frame"
	}
	o.mu.Unlock()
	o.notify()
}

func (o *observer) notify() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

func (o *observer) now() seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen
}

// await returns true as soon as cond holds, and false once limit has passed.
func (o *observer) await(limit time.Duration, cond func(seen) bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		if cond(o.now()) {
			return true
		}
		select {
		case <-o.changed:
		case <-timer.C:
			return cond(o.now())
		}
	}
}

// failed: the peer has closed, in one way or the other.
func (s seen) failed() bool { return s.close != nil || s.ended }

// has: that many events have come, or no more will.
func has(n int) func(seen) bool {
	return func(s seen) bool { return len(s.received) >= n || s.failed() }
}
