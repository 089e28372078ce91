package wstest

import (
	"io"
	"net"
	"slices"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// faults makes the naive peer wrong in one way. The zero value is correct.
type faults struct {
	ignoreRules   bool // treats illegal frames as legal ones
	ignoreText    bool // does not check UTF-8
	textPerFrame  bool // checks UTF-8 when a frame is complete
	textPerText   bool // checks UTF-8 when a message is complete
	textEager     bool // refuses a fragment that ends inside a code point
	failCode      codec.StatusCode
	failEmpty     bool // fails with an empty Close frame
	failSilent    bool // fails by dropping TCP, without a Close frame
	failAndLose   bool // fails without what it had to echo before
	echoAfterFail bool
	echoAfterBye  bool
	closeFirst    bool // closes when it should echo
	closeNever    bool // does not answer a Close frame
	closeCode     codec.StatusCode
	keepTCP       bool // does not drop TCP
	noPong        bool
	pongsReversed bool // holds pongs until the other side closes or has sent ten
	lastPongOnly  bool
	event         func(Frame) []Frame // what becomes of an echo or pong
	wrongMask     bool
	raw           []byte // sent before the first echo
}

// naivePeer is an echo peer in straight-line code, written for this test alone.
type naivePeer struct {
	conn    net.Conn
	role    codec.Role
	f       faults
	buf     []byte
	opcode  codec.Opcode // of the message in progress
	message []byte
	inside  bool
	checked int // bytes of message known to be UTF-8
	pongs   []Frame
	held    []Frame // echoes not yet written, so that failAndLose can lose them
	over    bool
}

func serveNaive(conn net.Conn, role codec.Role, f faults) {
	defer conn.Close()
	p := &naivePeer{conn: conn, role: role, f: f}
	chunk := make([]byte, 64<<10)
	for !p.over {
		n, err := conn.Read(chunk)
		if err != nil {
			return
		}
		p.buf = append(p.buf, chunk[:n]...)
		for !p.over && p.next() {
		}
		p.flush()
	}
	if f.echoAfterFail || f.echoAfterBye {
		p.send(Text("after the end"))
	}
	if !f.keepTCP {
		if role == codec.Server {
			conn.(interface{ CloseWrite() error }).CloseWrite()
		}
	}
	io.Copy(io.Discard, conn)
}

// next takes one frame from buf and reports whether there was one.
func (p *naivePeer) next() bool {
	h, n, err := codec.ParseHeader(p.buf)
	if err == codec.ErrShort {
		return false
	}
	if err != nil || p.illegal(h) && !p.f.ignoreRules {
		p.fail(codec.StatusProtocolError)
		return true
	}
	have := min(uint64(len(p.buf)-n), h.Length)
	whole := have == h.Length
	isText := !h.Opcode.IsControl() && (h.Opcode == codec.OpText || p.inside && p.opcode == codec.OpText)
	if !whole && (have > 4096 || !isText) {
		return false
	}
	payload := slices.Clone(p.buf[n : uint64(n)+have])
	codec.Mask(payload, h.Key, 0)
	if isText && !p.textOK(payload, whole, whole && h.Fin) {
		p.fail(codec.StatusInvalidPayload)
		return true
	}
	if !whole {
		return false
	}
	p.buf = p.buf[uint64(n)+h.Length:]
	switch {
	case h.Opcode == codec.OpClose:
		p.closed(payload)
	case h.Opcode == codec.OpPing:
		p.pong(payload)
	case h.Opcode.IsControl():
	default:
		if h.Opcode != codec.OpContinuation {
			p.opcode = h.Opcode
		}
		p.inside = !h.Fin
		p.message = append(p.message, payload...)
		if h.Fin {
			p.echo(Frame{Fin: true, Opcode: p.opcode, Payload: p.message})
			p.message, p.checked = nil, 0
		}
	}
	return true
}

func (p *naivePeer) illegal(h codec.Header) bool {
	switch {
	case h.Masked != (p.role == codec.Server), h.RSV != 0, h.Opcode.IsReserved():
		return true
	case h.Opcode.IsControl():
		return !h.Fin || h.Length > 125
	}
	return (h.Opcode == codec.OpContinuation) != p.inside
}

// textOK checks the message so far with payload behind it.
func (p *naivePeer) textOK(payload []byte, whole, last bool) bool {
	if p.f.ignoreText || p.f.textPerFrame && !whole || p.f.textPerText && !last {
		return true
	}
	rest := append(slices.Clone(p.message[p.checked:]), payload...)
	for len(rest) > 0 {
		if !utf8.FullRune(rest) {
			return !last && !p.f.textEager
		}
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		rest = rest[n:]
		if whole {
			p.checked += n
		}
	}
	return true
}

func (p *naivePeer) closed(payload []byte) {
	if p.f.closeNever {
		return
	}
	answer := CloseBody(string(payload))
	code, ok := answer.code()
	switch {
	case len(payload) == 1, ok && !code.Sendable():
		p.fail(codec.StatusProtocolError)
		return
	case ok && !utf8.Valid(payload[2:]):
		p.fail(codec.StatusInvalidPayload)
		return
	}
	p.flush()
	p.over = true
	if p.f.closeCode != 0 {
		answer = Close(p.f.closeCode, "")
	}
	p.send(answer)
}

func (p *naivePeer) fail(code codec.StatusCode) {
	p.over = true
	if p.f.failCode != 0 {
		code = p.f.failCode
	}
	if !p.f.failAndLose {
		p.flush()
	}
	p.held, p.pongs = nil, nil
	switch {
	case p.f.failEmpty:
		p.send(CloseBody(""))
	case !p.f.failSilent:
		p.send(Close(code, ""))
	}
}

func (p *naivePeer) echo(f Frame) {
	if p.f.closeFirst {
		p.over = true
		p.send(Close(codec.StatusNormalClosure, ""))
		return
	}
	p.held = append(p.held, f)
}

func (p *naivePeer) pong(payload []byte) {
	pong := Frame{Fin: true, Opcode: codec.OpPong, Payload: payload}
	switch {
	case p.f.noPong:
	case p.f.pongsReversed, p.f.lastPongOnly:
		p.pongs = slices.Insert(p.pongs, 0, pong)
		if len(p.pongs) == 10 {
			if p.f.lastPongOnly {
				p.pongs = p.pongs[:1]
			}
			p.held, p.pongs = append(p.held, p.pongs...), nil
		}
	default:
		p.held = append(p.held, pong)
	}
}

func (p *naivePeer) flush() {
	for _, f := range p.held {
		p.conn.Write(p.f.raw)
		frames := []Frame{f}
		if p.f.event != nil {
			frames = p.f.event(f)
		}
		for _, f := range frames {
			p.send(f)
		}
	}
	p.held = nil
}

func (p *naivePeer) send(f Frame) {
	if (p.role == codec.Client) != p.f.wrongMask {
		p.conn.Write(f.AppendMasked(nil, RFCKey))
		return
	}
	p.conn.Write(f.Append(nil))
}
