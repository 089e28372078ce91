package load

import (
	"bytes"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// stream checks the bytes that a server sends on one connection.
//
// A server that echoes each message in one frame sends what script.back holds,
// byte for byte, so a whole read is compared at once and only then divided into
// messages. What does not match, be it a Ping, a fragment or a fault, is decoded,
// from the beginning of the message that it is in to the next message's.
type stream struct {
	window
	at int // bytes of message next that have come and matched

	decoder  codec.Decoder
	decoding bool
	message  []byte // fragments that have come
	control  []byte // frames that answer, to be sent between two messages
}

func newStream(number int, s *script, depth int) stream {
	return stream{
		window:  newWindow(number, s, depth),
		decoder: codec.Decoder{Role: codec.Client, MaxMessage: uint64(s.size.max) + 64<<10},
	}
}

// feed takes the next bytes, which came at t.now. After an error, the server's
// Close frame included, nothing more may be fed.
func (s *stream) feed(p []byte, t *tally) error {
	s.heard = t.now
	for len(p) > 0 {
		if !s.decoding {
			if p = p[s.match(p, t):]; len(p) == 0 {
				return nil
			}
			s.decode()
		}
		n := copy(s.decoder.Space(len(p)), p)
		s.decoder.Commit(n)
		p = p[n:]
		if err := s.frames(t); err != nil {
			return err
		}
	}
	return nil
}

// match takes from p what is as expected, and returns how much that was. If it
// was not all, the message that is next did not match.
func (s *stream) match(p []byte, t *tally) (matched int) {
	whole := true // compare as much as there is with all that is in flight
	for matched < len(p) && s.next < s.sent {
		first := s.place(s.next)
		last := first + 1
		if whole {
			last = min(first+s.inFlight(), s.script.count)
		}
		from := s.script.backAt[first] + s.at
		n := min(len(p)-matched, s.script.backAt[last]-from)
		if !bytes.Equal(p[matched:matched+n], s.script.back[from:from+n]) {
			if !whole {
				return matched
			}
			whole = false
			continue
		}
		matched += n
		s.advance(first, from+n, t)
	}
	return matched
}

// advance counts the messages that end at or before to, a place in script.back;
// first is the one that is next.
func (s *stream) advance(first, to int, t *tally) {
	i := first
	for i < s.script.count && s.script.backAt[i+1] <= to {
		since, begin, payload := *s.slot(s.next), i, 0
		for i < s.script.count && s.script.backAt[i+1] <= to && *s.slot(s.next) == since {
			payload += s.script.backAt[i+1] - s.script.payloadAt[i]
			s.next++
			i++
		}
		t.arrived(t.now-since, i-begin, payload)
	}
	s.at = to - s.script.backAt[i]
}

// decode goes over to decoding, with the bytes of the message that is next that
// have matched.
func (s *stream) decode() {
	s.decoding = true
	if s.at == 0 {
		return
	}
	begin := s.script.backAt[s.place(s.next)]
	seen := s.script.back[begin : begin+s.at]
	s.decoder.Commit(copy(s.decoder.Space(len(seen)), seen))
	s.at = 0
}

// frames takes the frames that have come, and goes back to comparing when the last
// one ended a message.
func (s *stream) frames(t *tally) error {
	for {
		f, err := s.decoder.Next()
		if err == codec.ErrShort {
			break
		}
		if err != nil {
			return err
		}
		switch f.Opcode {
		case codec.OpPing:
			s.control = codec.AppendFrame(s.control, codec.Header{Fin: true, Opcode: codec.OpPong, Masked: true}, f.Payload)
		case codec.OpPong:
		case codec.OpClose:
			return s.closed(f.Payload)
		default:
			s.message = append(s.message, f.Payload...)
			if f.End && f.Fin {
				s.arrive(f.Message, s.message, t)
				s.message = s.message[:0]
			}
		}
	}
	if s.decoder.Idle() {
		s.decoder.Release()
		s.decoding = false
	}
	return nil
}

// closed answers the server's Close frame, and returns it as an error.
func (s *stream) closed(payload []byte) error {
	code, reason, err := codec.ParseClose(payload)
	if err != nil {
		return err
	}
	s.control = codec.AppendFrame(s.control, codec.Header{Fin: true, Opcode: codec.OpClose, Masked: true}, payload)
	return &websocket.CloseError{Code: code, Reason: string(reason)}
}
