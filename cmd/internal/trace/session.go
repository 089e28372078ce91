package trace

import (
	"cmp"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Session decodes both directions of a connection: what the two heads of the
// opening handshake agree on decides how frames are read. It is safe for
// concurrent use, and never calls its sink twice at once.
type Session struct {
	sink   func(Event)
	limit  int
	strict bool

	mu      sync.Mutex
	streams [2]stream // by the end that sends
	opening opening
}

// NewSession returns a Session that calls sink with what passes. With handshake, both
// directions begin with the head of the opening handshake; without, behind it. An Event
// has at most limit bytes of a payload; 0 means 64 KiB.
func NewSession(handshake bool, limit int, sink func(Event)) *Session {
	s := &Session{sink: sink, limit: cmp.Or(limit, defaultLimit)}
	for i := range s.streams {
		from := codec.Role(i)
		s.streams[from] = stream{Session: s, from: from, scanner: Scanner{Sequence: codec.Sequence{Role: from.Peer()}, Lenient: true}}
		if handshake {
			s.streams[from].head, s.streams[from].waits = new(head), from == codec.Client
		}
	}
	return s
}

// Deflate says that permessage-deflate was agreed on, for a Session without the
// opening handshake. It has to be called before the first Write.
func (s *Session) Deflate(p DeflateParams) {
	for from := range s.streams {
		s.streams[from].compressed(p)
	}
}

// Strict has the first Violation end the decoding of its direction. It has to be
// called before the first Write.
func (s *Session) Strict() {
	s.strict = true
	for from := range s.streams {
		s.streams[from].scanner.Lenient = false
	}
}

// MissRequest says that the first bytes of the client are behind its head, which is
// not known. It has to be called before the first Write.
func (s *Session) MissRequest() { s.streams[codec.Client].head = nil }

// MissServer says that nothing comes from the server, so that the client's frames do not
// wait for its head. It has to be called before the first Write.
func (s *Session) MissServer() { s.streams[codec.Client].waits = false }

// Write decodes p, the next bytes that an end has sent, which came at the time now.
// p is neither changed nor retained.
func (s *Session) Write(from codec.Role, now time.Time, p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[from].write(now, p)
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
	s.streams[from].end(now)
}

// Lose says why what follows from an end is not known, and reports it as a Cut.
func (s *Session) Lose(from codec.Role, now time.Time, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[from].lose(now, why)
}

// Conn returns a client's connection that behaves as nc, and calls sink with everything
// that passes over it: the heads of the opening handshake, then the frames of both
// directions. What is sent is reported before it leaves, so that no answer comes before
// its question. sink is never called twice at once, and holds up the connection while it
// runs.
func Conn(nc net.Conn, sink func(Event)) net.Conn { return &conn{nc, NewSession(true, 0, sink)} }

type conn struct {
	net.Conn
	session *Session
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.session.Write(codec.Server, time.Now(), p[:n])
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	c.session.Write(codec.Client, time.Now(), p)
	return c.Conn.Write(p)
}

// CloseWrite ends the sending direction, if the connection can.
func (c *conn) CloseWrite() error { return CloseWrite(c.Conn) }

// CloseWrite ends the sending direction of a connection, if that can.
func CloseWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
