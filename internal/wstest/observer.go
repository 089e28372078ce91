package wstest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// observer reads all that the peer sends, in a goroutine of its own so that the
// suite never blocks a peer that echoes while it is still being sent to.
type observer struct {
	masked bool // the peer has to mask: it is a client

	mu      sync.Mutex
	seen    seen
	changed chan struct{} // holds a token after each change
	done    chan struct{} // closed when the reader has ended
}

// seen is what has come from the peer so far.
type seen struct {
	received  []Event
	close     *Frame // the peer's first Close frame
	ended     bool   // the peer dropped TCP, or cannot be understood any more
	violation string // the rule that the peer broke, if any
}

func observe(conn net.Conn, peer codec.Role) *observer {
	o := &observer{
		masked:  peer == codec.Client,
		changed: make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	go o.read(conn)
	return o
}

func (o *observer) read(conn net.Conn) {
	defer close(o.done)
	r := bufio.NewReaderSize(conn, 64<<10)
	var message *Event // being put together
	for {
		f, masked, err := ReadFrame(r)
		if err != nil {
			o.end(err)
			return
		}
		o.mu.Lock()
		o.seen.violation = o.judge(f, masked, message)
		switch {
		case o.seen.violation != "":
		case f.Opcode == codec.OpClose:
			o.seen.close = &f
		case f.Opcode.IsControl():
			o.seen.received = append(o.seen.received, Event{f.Opcode, f.Payload})
		case message == nil:
			message = &Event{f.Opcode, f.Payload}
		default:
			message.Payload = append(message.Payload, f.Payload...)
		}
		if message != nil && f.Fin && !f.Opcode.IsControl() && o.seen.violation == "" {
			if message.Opcode == codec.OpText && !utf8.Valid(message.Payload) {
				o.seen.violation = "the peer sent a text message that is not UTF-8: " + message.String()
			}
			o.seen.received = append(o.seen.received, *message)
			message = nil
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

// judge returns the rule that f breaks, or "". It is written from the RFC, not
// from package codec: a mistake there must not hide itself.
func (o *observer) judge(f Frame, masked bool, message *Event) string {
	rule := ""
	switch {
	case o.seen.close != nil:
		rule = "a frame after its Close frame"
	case masked != o.masked && masked:
		rule = "a masked frame, and is a server"
	case masked != o.masked:
		rule = "an unmasked frame, and is a client"
	case f.RSV != 0:
		rule = "reserved bits"
	case f.Opcode.IsReserved():
		rule = "a reserved opcode"
	case f.Opcode.IsControl() && !f.Fin:
		rule = "a fragmented control frame"
	case f.Opcode.IsControl() && len(f.Payload) > codec.MaxControlPayload:
		rule = "a control frame longer than 125 bytes"
	case f.Opcode == codec.OpContinuation && message == nil:
		rule = "a continuation frame with nothing to continue"
	case f.Opcode.IsData() && message != nil:
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
