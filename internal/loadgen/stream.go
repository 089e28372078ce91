package loadgen

import (
	"bytes"
	"fmt"

	"github.com/zerowire/websocket/codec"
)

// Judge is told what comes on a Stream, besides control frames.
type Judge interface {
	// Matched is called when n messages, the first of which is s.Next, have come as the
	// script says. s.Next is moved behind them afterwards.
	Matched(n int)

	// Message is called with every other message. If it counts as the answer to s.Next,
	// it increments that. p is valid until Message returns. Its error ends Feed.
	Message(op codec.Opcode, compressed bool, p []byte) error
}

// Stream is one connection, without its I/O: what is sent of a script, and what has come
// back.
//
//	… came back | Next: in flight | Sent: not yet sent …
//
// The messages are those of the script in turn, from any of them on, and again from the
// first if their number is a power of two. A server that echoes each message in one
// frame sends what Script.Back holds, byte for byte. So a whole read is compared at once
// and only then divided into messages. What does not match, be it a Ping, a fragment or a
// fault, is decoded, from the beginning of the message that it is in to the next
// message's.
//
// Call Init, then Begin. A Stream must not be used concurrently.
type Stream struct {
	Script *Script
	Next   int64 // the message that has to come back next
	Sent   int64 // how many were handed over to be sent, by the caller

	base, mask int
	at         int // bytes of message Next that have come and matched
	plain      bool

	wrote      int64 // messages that were written to the socket
	wroteBytes int   // and bytes of the next one
	control    []byte
	closing    bool // a Close frame was sent

	decoder    codec.Decoder
	decoding   bool
	compressed bool   // the message that is coming is
	message    []byte // its fragments that have come
}

// Closed is the error of a Stream on which the server has sent a Close frame.
type Closed struct {
	Code   codec.StatusCode
	Reason string
}

// Error says that the server has closed, and why.
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

// InitPlain prepares s for plain TCP: everything has to come as the script says.
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

// Await has n messages of the script come without being sent.
func (s *Stream) Await(n int) { s.Sent, s.wrote = s.Sent+int64(n), s.wrote+int64(n) }

// Place returns which message of the script message m is.
func (s *Stream) Place(m int64) int { return (s.base + int(m)) & s.mask }

// Payload returns the payload of message m.
func (s *Stream) Payload(m int64) []byte { return s.Script.Payload(s.Place(m)) }

// InFlight returns how many messages have not come back.
func (s *Stream) InFlight() int { return int(s.Sent - s.Next) }

// Feed takes the next bytes from the server. After an error nothing more may be fed. It
// is a [*Closed] after a Close frame.
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

// match takes from p what is as the script says, and returns how much that was. If it
// was not all, message Next did not match.
func (s *Stream) match(p []byte, j Judge) (matched int) {
	whole := true // compare as much as there is with all that is in flight
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

// advance counts the messages that end at or before to, a place in Back. first is the
// one that is next.
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

// decode goes over to decoding, with the bytes of message Next that have matched.
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

// frames takes the frames that have come, and goes back to comparing when the last one
// ended a message.
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

// arrive takes a message that was decoded.
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
