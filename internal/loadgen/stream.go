package loadgen

import (
	"bytes"
	"fmt"

	"github.com/zerowire/websocket/codec"
)

// Judge receives the messages of a [Stream], without control frames.
type Judge interface {
	// Matched is called when n messages that match the script have arrived. s.Next is the
	// first of them, and is increased by n after the call.
	Matched(n int)

	// Message is called with every other message. If the message counts as the answer to
	// s.Next, Message must increment s.Next. p is valid until Message returns. An error
	// ends Feed.
	Message(op codec.Opcode, compressed bool, p []byte) error
}

// Stream is one connection without its I/O: the sent messages of a script, and the answers.
//
//	… came back | Next: in flight | Sent: not yet sent …
//
// The messages are those of the script in order, beginning with any of them. If their number
// is a power of two, they repeat. A server that echoes each message in one frame sends exactly
// the bytes of Script.Back. So a whole read is compared at once, and only then divided into
// messages. Bytes that do not match (a Ping, a fragment or a fault) are decoded, from the
// start of their message to the start of the next one.
//
// Call Init, then Begin. A Stream must not be used concurrently.
type Stream struct {
	Script *Script
	Next   int64 // the next message that must come back
	Sent   int64 // number of messages to send so far; the caller increases it

	base, mask int
	at         int // bytes of message Next that have arrived and matched
	plain      bool

	wrote      int64 // messages that were written to the socket
	wroteBytes int   // bytes of the next message that were written
	control    []byte
	closing    bool // a Close frame was sent

	decoder    codec.Decoder
	decoding   bool
	compressed bool   // the message that is arriving is compressed
	message    []byte // its fragments so far
}

// Closed is the error of a Stream on which the server has sent a Close frame.
type Closed struct {
	Code   codec.StatusCode
	Reason string
}

// Error returns the status code and the reason of the server's Close frame.
func (e *Closed) Error() string {
	return fmt.Sprintf("load: closed by the server: %d %s: %q", uint16(e.Code), e.Code, e.Reason)
}

// Init prepares s for messages of up to limit bytes. With compressed, the server may
// compress them.
func (s *Stream) Init(limit int, compressed bool) {
	s.decoder = codec.Decoder{Role: codec.Client, MaxMessage: uint64(limit), MaxExtended: uint64(limit)}
	if compressed {
		s.decoder.RSV = codec.RSV1
	}
}

// InitPlain prepares s for raw TCP: all received bytes must match the script.
func (s *Stream) InitPlain() { s.plain = true }

// Begin starts a script from message base on. Everything that was sent before must have
// come back.
func (s *Stream) Begin(script *Script, base int) {
	s.Script, s.base, s.mask = script, base, -1
	if n := script.Len(); n&(n-1) == 0 {
		s.mask = n - 1
	}
	s.Next, s.Sent, s.wrote = 0, 0, 0
}

// Await adds n messages of the script that arrive without having been sent.
func (s *Stream) Await(n int) { s.Sent, s.wrote = s.Sent+int64(n), s.wrote+int64(n) }

// Place returns the index in the script of message m.
func (s *Stream) Place(m int64) int { return (s.base + int(m)) & s.mask }

// Payload returns the payload of message m.
func (s *Stream) Payload(m int64) []byte { return s.Script.Payload(s.Place(m)) }

// InFlight returns the number of messages that have not come back.
func (s *Stream) InFlight() int { return int(s.Sent - s.Next) }

// Feed processes the next bytes from the server. p is not retained. After an error, Feed must
// not be called again. The error is a [*Closed] after a Close frame.
func (s *Stream) Feed(p []byte, j Judge) error {
	for len(p) > 0 {
		if !s.decoding {
			if p = p[s.match(p, j):]; len(p) == 0 {
				return nil
			}
			if s.plain {
				return fmt.Errorf("load: %d bytes are not what message %d has from byte %d on", len(p), s.Next, s.at)
			}
			s.decode()
		}
		n := copy(s.decoder.Space(len(p)), p)
		s.decoder.Commit(n)
		p = p[n:]
		if err := s.frames(j); err != nil {
			return err
		}
	}
	return nil
}

// match compares p with the script, and returns the number of bytes that match. If that is not
// all of p, message Next does not match.
func (s *Stream) match(p []byte, j Judge) (matched int) {
	whole := true // compare with all messages in flight at once
	for matched < len(p) && s.Next < s.Sent {
		first := s.Place(s.Next)
		last := first + 1
		if whole {
			last = min(first+s.InFlight(), s.Script.Len())
		}
		from := s.Script.places[first].back + s.at
		n := min(len(p)-matched, s.Script.places[last].back-from)
		if !bytes.Equal(p[matched:matched+n], s.Script.Back[from:from+n]) {
			if !whole {
				return matched
			}
			whole = false
			continue
		}
		matched += n
		s.advance(first, from+n, j)
	}
	return matched
}

// advance counts the messages that end at or before to, an offset in Back. first is the index
// of message Next.
func (s *Stream) advance(first, to int, j Judge) {
	places, i := s.Script.places, first
	for i < len(places)-1 && places[i+1].back <= to {
		i++
	}
	if i > first {
		j.Matched(i - first)
		s.Next += int64(i - first)
	}
	s.at = to - places[i].back
}

// decode switches to decoding, beginning with the bytes of message Next that have matched.
func (s *Stream) decode() {
	s.decoding = true
	if s.at == 0 {
		return
	}
	begin := s.Script.places[s.Place(s.Next)].back
	seen := s.Script.Back[begin : begin+s.at]
	s.decoder.Commit(copy(s.decoder.Space(len(seen)), seen))
	s.at = 0
}

// frames processes the frames that have arrived. It switches back to comparing when the last
// one has ended a message.
func (s *Stream) frames(j Judge) error {
	for {
		f, err := s.decoder.Next()
		if err == codec.ErrShort {
			break
		}
		if err != nil {
			return err
		}
		if err := s.frame(&f, j); err != nil {
			return err
		}
	}
	if s.decoder.Idle() {
		s.decoder.Release()
		s.decoding = false
	}
	return nil
}

func (s *Stream) frame(f *codec.Frame, j Judge) error {
	switch f.Opcode {
	case codec.OpPing:
		s.pong(f.Payload)
		return nil
	case codec.OpPong:
		return nil
	case codec.OpClose:
		return s.closed(f.Payload)
	case codec.OpContinuation:
	default:
		s.compressed = f.RSV&codec.RSV1 != 0
	}
	payload := f.Payload
	if len(s.message) > 0 || !f.Last() {
		s.message = append(s.message, payload...)
		payload = s.message
	}
	if !f.Last() {
		return nil
	}
	s.message = s.message[:0]
	return s.arrive(f.Message, s.compressed, payload, j)
}

// arrive processes a decoded message.
func (s *Stream) arrive(op codec.Opcode, compressed bool, p []byte, j Judge) error {
	if !compressed && s.Next < s.Sent && op == s.Script.Opcode && bytes.Equal(p, s.Payload(s.Next)) {
		j.Matched(1)
		s.Next++
		return nil
	}
	return j.Message(op, compressed, p)
}

// closed answers the server's Close frame, and returns it as an error.
func (s *Stream) closed(payload []byte) error {
	code, reason, err := codec.ParseClose(payload)
	if err != nil {
		return err
	}
	s.close(payload)
	return &Closed{Code: code, Reason: string(reason)}
}
