package trace

import (
	"regexp"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

var opens = regexp.MustCompile(`(?im)^upgrade:.*\bwebsocket\b`)

// Opens reports whether a head is meant to be that of an opening handshake.
func Opens(head []byte) bool { return opens.Match(head) }

// head is the head of a request or response while it is read.
type head struct {
	buf      []byte
	request  codec.Request
	response codec.Response
}

// opening is what the heads of an opening handshake have said.
type opening struct {
	asked    bool // the request was read
	key      [24]byte
	offered  []string // sub-protocols
	deflate  bool     // permessage-deflate is among the extensions offered
	extended bool     // extensions were offered

	answered bool // the response was read
	refused  bool // it was another than 101
	agreed   bool // permessage-deflate was agreed on
	params   DeflateParams
}

// readHead takes the head that the stream begins with from p, and returns the
// frames behind it.
func (s *stream) readHead(now time.Time, p []byte) (rest []byte) {
	h := s.head
	had := len(h.buf)
	h.buf = append(h.buf, p[:min(len(p), codec.MaxHeadBytes-had)]...)
	parse, judge := h.request.Parse, s.readRequest
	if s.from == codec.Server {
		parse, judge = h.response.Parse, s.readResponse
	}
	n, err := parse(h.buf)
	if err == codec.ErrShort {
		return nil
	}
	if err != nil {
		s.refuse(now, s.base, err)
		return nil
	}
	e := s.event()
	e.Time, e.Kind, e.Head = now, Handshake, h.buf[:n]
	s.sink(e)
	s.base += int64(n)
	if err := judge(); err != nil {
		before := s.ended
		s.refuse(now, e.Offset, err)
		s.ended = before || s.strict
	}
	return p[n-had:]
}

// refuse reports why the opening handshake fails with the head at an offset.
func (s *stream) refuse(now time.Time, offset int64, err error) {
	s.frame = s.event()
	s.frame.Offset = offset
	s.fail(now, err)
}

// readRequest notes what the request offers, and judges it. A request that asks for
// something else than WebSocket breaks no rule; no frames follow it.
func (s *stream) readRequest() error {
	r, o := &s.head.request, &s.opening
	s.head = nil
	o.asked = true
	copy(o.key[:], r.Key())
	for name := range r.Subprotocols() {
		o.offered = append(o.offered, string(name))
	}
	for extension := range r.Extensions() {
		_, ok := parseDeflate(string(extension))
		o.extended, o.deflate = true, o.deflate || ok
	}
	if !r.IsUpgrade() {
		s.ended = true
		return nil
	}
	if o.deflate && !s.waits {
		s.compressed(DeflateParams{}) // the answer is not known. What was compressed without takeover can be read with it, too
	}
	return r.Check()
}

// readResponse notes what the response agrees on, and judges it. A server may refuse
// without breaking a rule; no frames follow then.
func (s *stream) readResponse() error {
	r, o := &s.head.response, &s.opening
	status := r.Status()
	if status/100 == 1 && status != 101 {
		s.head = new(head) // the next one is the answer, perhaps
		return nil
	}
	s.head = nil
	o.answered = true
	if status != 101 {
		o.refused, s.ended = true, true
		return nil
	}
	for extension := range r.Extensions() {
		if p, ok := parseDeflate(string(extension)); ok {
			o.agreed, o.params = true, p
			s.compressed(p)
		}
	}
	if !o.asked {
		return nil
	}
	return r.Check(o.key, o.offered, o.extended)
}

// parseDeflate reads an extension with its parameters (RFC 6455 §9.1) if it is
// permessage-deflate. It does not judge the parameters: the ends do.
func parseDeflate(extension string) (p DeflateParams, ok bool) {
	name, params, _ := strings.Cut(extension, ";")
	for param := range strings.SplitSeq(params, ";") {
		switch strings.ToLower(strings.TrimSpace(param)) {
		case "server_no_context_takeover":
			p.NoTakeover[codec.Server] = true
		case "client_no_context_takeover":
			p.NoTakeover[codec.Client] = true
		}
	}
	return p, strings.EqualFold(strings.TrimSpace(name), deflate.Name)
}
