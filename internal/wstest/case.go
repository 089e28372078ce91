package wstest

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Case is one conformance case: what the suite sends to an echo peer, and what
// it requires. Cases are shared and must not be modified.
type Case struct {
	ID            string        // as Autobahn numbers it: "5.15"
	Name          string        // what is sent and required, in a sentence
	Closing       Closing       // who closes, and how
	Informational bool          // whatever the peer does is recorded, not judged
	Limit         time.Duration // for all echoes of the case; zero for the suite's usual patience

	script func() Script
}

// Script returns what the suite sends and the events it waits for. It is built
// on each call: a case that moves 16 MiB holds nothing until it is played.
func (c *Case) Script() Script { return c.script() }

// Group returns the number before the first dot of the ID.
func (c *Case) Group() string {
	group, _, _ := strings.Cut(c.ID, ".")
	return group
}

// GroupNames has what the cases of each group are about.
var GroupNames = map[string]string{
	"1":  "payload lengths",
	"2":  "pings and pongs",
	"3":  "reserved bits",
	"4":  "reserved opcodes",
	"5":  "fragmentation",
	"6":  "UTF-8",
	"7":  "closing",
	"9":  "large messages, many messages",
	"10": "many small fragments",
	"12": "compression: payloads",
	"13": "compression: parameters",
}

// Script is the conversation of a case.
type Script struct {
	Steps     []Step
	Want      []Event   // what the peer has to send, in order, Close frames apart
	NonStrict [][]Event // other lists that pass, but not the strict verdict
}

// Event is a message, ping or pong, put together from its fragments.
type Event struct {
	Opcode  codec.Opcode // text, binary, ping or pong
	Payload []byte
}

// Equal reports whether e and other are the same, content included.
func (e Event) Equal(other Event) bool {
	return e.Opcode == other.Opcode && bytes.Equal(e.Payload, other.Payload)
}

// String shows e on one line: `text 5 "Hello"`.
func (e Event) String() string {
	s := fmt.Sprintf("%s %d", opcodeName(e.Opcode), len(e.Payload))
	if len(e.Payload) > 0 {
		s += " " + show(e.Payload)
	}
	return s
}

// Side is one of the two ends of a case.
type Side uint8

// The sides: the suite, and the peer under test.
const (
	Suite Side = iota
	Peer
)

// Closing is how the connection of a case has to end.
type Closing struct {
	By    Side               // who has to close
	Clean bool               // the closing handshake has to be complete
	Codes []codec.StatusCode // the peer may send; an empty Close frame is never wrong
	Fatal Verdict            // the BehaviorClose that makes Behavior FAILED as well; OK for none
}

// closes1000 is "clean 1000": the suite closes with 1000 once it has all echoes.
func closes1000() Closing {
	return Closing{By: Suite, Clean: true, Codes: []codec.StatusCode{codec.StatusNormalClosure}}
}

// fails is "fail code": the peer closes first, and need not do so cleanly.
func fails(code codec.StatusCode) Closing {
	return Closing{By: Peer, Codes: []codec.StatusCode{code}}
}

// Step is one thing that the suite does: Send, Part, Await, Pause or Deadline.
type Step interface{ step() }

// Send writes frames.
type Send struct {
	Frames []Frame
	Cut    int // bytes a write, or OneWrite, or FrameByFrame
}

// How Send cuts its bytes into writes, apart from a number of bytes.
const (
	OneWrite     = 0
	FrameByFrame = -1
	OctetWise    = 1
)

// Part writes a piece of a frame: Frame.Payload[From:To], with the header
// before it if From is 0.
type Part struct {
	Frame    Frame
	From, To int
}

// Await waits until the peer has sent that many events.
type Await int

// Pause lets time pass in which the peer must not fail the connection.
type Pause struct{}

// Deadline waits for the peer to fail the connection. A peer that does so only
// later is NON-STRICT.
type Deadline struct{}

func (Send) step()     {}
func (Part) step()     {}
func (Await) step()    {}
func (Pause) step()    {}
func (Deadline) step() {}

// Bytes returns all that the suite sends in the case, up to and including its
// Close frame, as a client (masked) or as a server. Timing is not in it.
func (c *Case) Bytes(masked bool) []byte {
	e := encoder{masked: masked}
	var b []byte
	script := c.Script()
	for _, s := range script.Steps {
		switch s := s.(type) {
		case Send:
			b = e.frames(b, s.Frames)
		case Part:
			b = e.part(b, s)
		}
	}
	if c.Closing.By == Suite && !script.sendsClose() {
		b = e.frames(b, []Frame{Close(codec.StatusNormalClosure, "")})
	}
	return b
}

// sendsClose reports whether a Close frame is among the steps. If not, and the
// suite has to close, it does so after the last step.
func (s Script) sendsClose() bool {
	for _, step := range s.Steps {
		if send, ok := step.(Send); ok && hasClose(send.Frames) {
			return true
		}
	}
	return false
}

func hasClose(frames []Frame) bool {
	for _, f := range frames {
		if f.Opcode == codec.OpClose {
			return true
		}
	}
	return false
}

// Outcome is what a reader has to make of [Case.Bytes].
type Outcome struct {
	Events []Event            // the messages and pings to deliver; the suite's unsolicited pongs are left out
	Fails  bool               // then a violation ends it; otherwise a legal Close frame
	Codes  []codec.StatusCode // any of these may answer
}

// Outcome returns what a strict reader delivers and where it ends. A reader
// that takes text frame by frame may see valid parts of a message before it fails.
func (c *Case) Outcome() Outcome {
	out := Outcome{Fails: c.Closing.By == Peer || !c.Closing.Clean, Codes: c.Closing.Codes}
	for _, e := range c.Script().Want {
		if e.Opcode == codec.OpPong {
			e.Opcode = codec.OpPing // the pong answers a ping
		}
		out.Events = append(out.Events, e)
	}
	return out
}

// encoder turns frames into bytes, each with a masking key of its own.
type encoder struct {
	masked bool
	count  byte
}

func (e *encoder) frame(dst []byte, f Frame) []byte {
	e.count++
	return e.again(dst, f)
}

// again encodes with the key of the frame before.
func (e *encoder) again(dst []byte, f Frame) []byte {
	if !e.masked {
		return f.Append(dst)
	}
	n := e.count
	return f.AppendMasked(dst, [4]byte{0x37 + n, 0xFA - n, 0x21 ^ n, 0x3D + 3*n})
}

func (e *encoder) frames(dst []byte, frames []Frame) []byte {
	for _, f := range frames {
		dst = e.frame(dst, f)
	}
	return dst
}

func (e *encoder) part(dst []byte, p Part) []byte {
	if p.From == 0 {
		e.count++
	}
	whole := e.again(nil, p.Frame)
	header := len(whole) - len(p.Frame.Payload)
	if p.From == 0 {
		dst = append(dst, whole[:header]...)
	}
	return append(dst, whole[header:][p.From:p.To]...)
}
