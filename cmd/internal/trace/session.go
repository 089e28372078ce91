package trace

import (
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Session decodes both directions of a connection: what the two heads of the
// opening handshake agree on decides how frames are read. It is safe for
// concurrent use, and never calls its sink twice at once.
type Session struct {
	mu      sync.Mutex
	streams [2]Stream // by the end that sends
	opening opening
}

// NewSession returns a Session that calls sink with what passes, as the end local
// sees it. With handshake, both directions begin with the head of the opening
// handshake; without, behind it. limit is that of a Stream.
func NewSession(local codec.Role, handshake bool, limit int, sink func(Event)) *Session {
	s := new(Session)
	for i := range s.streams {
		from := codec.Role(i)
		direction := Received
		if from == local {
			direction = Sent
		}
		s.streams[from] = Stream{
			Sink:      sink,
			Direction: direction,
			From:      from,
			Handshake: handshake,
			Limit:     limit,
			opening:   &s.opening,
			waits:     handshake && from == codec.Client,
		}
	}
	return s
}

// Deflate says that permessage-deflate was agreed on, for a Session without the
// opening handshake. It has to be called before the first Write.
func (s *Session) Deflate(p DeflateParams) {
	for from := range s.streams {
		s.streams[from].Deflate(p)
	}
}

// Strict has the first Violation end the decoding of its direction. It has to be
// called before the first Write.
func (s *Session) Strict() {
	for from := range s.streams {
		s.streams[from].Strict = true
	}
}

// MissRequest says that the first bytes of the client are behind its head, which is
// not known. It has to be called before the first Write.
func (s *Session) MissRequest() {
	s.streams[codec.Client].Handshake = false
}

// Write decodes p, the next bytes that an end has sent, which came at the time now.
// p is neither changed nor retained.
func (s *Session) Write(from codec.Role, now time.Time, p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[from].Write(now, p)
	if s.opening.answered {
		s.answered(now)
	}
}

// answered lets the client's frames be read, if any may come.
func (s *Session) answered(now time.Time) {
	client := &s.streams[codec.Client]
	if client.head != nil || !client.waits {
		return
	}
	if s.opening.refused {
		client.ended = true
	}
	client.proceed(now)
}

// End says that no more bytes come from an end.
func (s *Session) End(from codec.Role, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[from].End(now)
}

// Lose says why what follows from an end is not known, and reports it as a Cut.
func (s *Session) Lose(from codec.Role, now time.Time, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[from].Lose(now, why)
}
