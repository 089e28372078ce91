package wstest

import (
	"encoding/binary"
	"net"
	"slices"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Options say how to play a case. The zero value plays it as the table lists it.
type Options struct {
	Mode Mode

	// Patience is the upper bound for each reaction of the peer, 1 s in
	// Autobahn. A correct peer never uses it up, so it is generous: zero means
	// a minute, for machines under load. Echoes have the case's own limit if that is
	// longer.
	Patience time.Duration

	// Messages is how many messages [PlayDeflate] sends. Zero means as many as
	// Autobahn, 1000.
	Messages int

	// Pause is what has to elapse between the parts of a case that must not be
	// answered yet, 1 s in Autobahn. Zero means 100 ms.
	Pause time.Duration
}

// Mode is the way in which the suite cuts its bytes.
type Mode uint8

// The modes. The bytes of the case are the same in all three.
const (
	Whole      Mode = iota // as the table says
	ByteByByte             // every byte its own write; large steps in odd pieces
	Trailing               // a text, a ping and garbage in the write that ends the case
)

// String returns the mode's name as a subtest carries it.
func (m Mode) String() string { return [...]string{"whole", "byte by byte", "trailing"}[m] }

// Play plays c on an upgraded connection to an echo peer and judges it. peer is
// the role of the peer under test: the suite masks its frames if that is a
// server. Play takes over conn and closes it before it returns.
//
// Play works in a testing/synctest bubble. Concurrent calls on distinct
// connections are safe.
func Play(conn net.Conn, peer codec.Role, c *Case, opt Options) Report {
	opt = opt.resolve()
	p := &player{
		conn: conn, peer: peer, c: c, opt: opt, script: c.Script(),
		limit: max(opt.Patience, c.Limit),
		enc:   encoder{masked: peer == codec.Server},
		obs:   observe(conn, peer, nil),
	}
	p.play()
	p.finish()
	return judge(c, p.script, p.result)
}

// resolve fills in the defaults.
func (o Options) resolve() Options {
	if o.Patience == 0 {
		o.Patience = time.Minute
	}
	if o.Pause == 0 {
		o.Pause = 100 * time.Millisecond
	}
	if o.Messages == 0 {
		o.Messages = DeflateMessages
	}
	return o
}

// player is one case in progress.
type player struct {
	conn   net.Conn
	peer   codec.Role
	c      *Case
	script Script
	opt    Options
	limit  time.Duration // for an echo, and for the peer to take what it is sent
	enc    encoder
	obs    *observer
	result result

	broken bool // writing has failed: the peer does not take more
	closed bool // the suite has sent a Close frame that counts as one
}

// result is what judge judges.
type result struct {
	seen
	role      codec.Role // of the peer
	suiteLed  bool       // the suite closed before it had seen the peer close
	gaveUp    bool       // the peer had to fail the connection and did not
	dropped   bool       // the suite had to drop TCP
	clean     bool       // both Close frames, and TCP ended by the server
	tooEarly  bool       // the peer failed during a Pause
	tooLate   bool       // the peer had not failed at a Deadline
	unwritten bool       // the peer did not take all of the case
}

// play goes through the steps and has the connection closed by whoever should.
func (p *player) play() {
	p.steps()
	if p.c.Closing.By == Suite {
		if !p.closed {
			p.obs.await(p.limit, has(len(p.script.Want)))
			p.close(codec.StatusNormalClosure)
		}
		return
	}
	if !p.obs.await(p.opt.Patience, seen.failed) {
		p.result.gaveUp = true
		p.close(codec.StatusGoingAway)
	}
}

// steps ends early when the peer has closed: nobody would read the rest.
func (p *player) steps() {
	for i, s := range p.script.Steps {
		if p.broken || i > 0 && p.obs.now().failed() {
			return
		}
		last := i == len(p.script.Steps)-1
		switch s := s.(type) {
		case Send:
			p.send(s, last)
		case Part:
			p.write(p.trail(p.enc.part(nil, s), last), OneWrite)
		case Await:
			p.obs.await(p.limit, has(int(s)))
		case Pause:
			p.result.tooEarly = p.obs.await(p.opt.Pause, seen.failed)
		case Deadline:
			p.result.tooLate = !p.obs.await(p.opt.Patience, seen.failed)
		}
	}
}

func (p *player) send(s Send, last bool) {
	if p.c.Closing.By == Suite && hasClose(s.Frames) {
		p.lead()
	}
	if s.Cut == FrameByFrame && p.opt.Mode != ByteByByte {
		for i, f := range s.Frames {
			p.write(p.trail(p.enc.frame(nil, f), last && i == len(s.Frames)-1), OneWrite)
		}
		return
	}
	p.write(p.trail(p.enc.frames(nil, s.Frames), last), s.Cut)
}

// trailing is what the Trailing mode adds: frames that must not be answered any
// more, and then bytes that are no frame.
var trailing = []Frame{Text("trailing"), Ping("trailing")}

// trail adds to the bytes of the last step if they end the conversation.
func (p *player) trail(b []byte, last bool) []byte {
	if p.opt.Mode != Trailing || !last || p.c.Closing.By == Suite && !p.closed {
		return b
	}
	b = p.enc.frames(b, trailing)
	return append(b, slices.Repeat([]byte{0xFF}, 16)...)
}

// lead notes that the suite begins to close, unless the peer already has.
func (p *player) lead() {
	p.result.suiteLed = !p.obs.now().failed()
	p.closed = true
}

// close sends the suite's own Close frame, if the peer has not closed yet.
func (p *player) close(code codec.StatusCode) {
	if p.obs.now().failed() {
		return
	}
	p.lead()
	p.write(p.trail(p.enc.frame(nil, Close(code, "")), true), OneWrite)
}

// finish completes the closing handshake from either side and ends the
// connection: the server has to drop TCP, and the suite waits for it.
func (p *player) finish() {
	ended := func(s seen) bool { return s.ended }
	p.result.role = p.peer
	switch answered := p.obs.await(p.opt.Patience, seen.failed); {
	case !answered:
		p.result.dropped = true
	case p.peer == codec.Client:
		p.answer()
		if half, ok := p.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			p.obs.await(p.opt.Patience, ended) // for frames that should not come
		}
	default:
		p.answer()
		p.result.dropped = !p.obs.await(p.opt.Patience, ended)
	}
	p.result.seen = p.obs.now()
	p.result.unwritten = p.broken
	p.result.clean = p.closed && p.result.close != nil && !p.result.dropped
	p.conn.Close()
	<-p.obs.done
}

// answer echoes the peer's Close frame if it was the first.
func (p *player) answer() {
	if s := p.obs.now(); s.close != nil && !s.ended && !p.closed {
		p.closed = true
		p.write(p.enc.frame(nil, CloseBody(string(s.close.Payload))), OneWrite)
	}
}

// write sends b in pieces of cut bytes. A peer that does not take b
// within the limit counts as one that has gone.
func (p *player) write(b []byte, cut int) {
	sizes := []int{cut}
	if cut <= 0 {
		sizes[0] = max(len(b), 1)
	}
	if p.opt.Mode == ByteByByte {
		sizes = bytewise(len(b))
	}
	p.conn.SetWriteDeadline(time.Now().Add(p.limit))
	for piece := range Pieces(b, sizes...) {
		if p.broken {
			return
		}
		if _, err := p.conn.Write(piece); err != nil {
			p.broken = true
		}
	}
}

// bytewise returns the sizes for n bytes: one by one, unless that would be
// thousands of writes; then primes, so that cuts fall everywhere.
func bytewise(n int) []int {
	if n <= 1024 {
		return []int{1}
	}
	return []int{1, 1, 1, 7, 61, 509, 4093, 65521}
}

// code returns the status code of a Close frame; ok is false if it has none.
func (f Frame) code() (code codec.StatusCode, ok bool) {
	if len(f.Payload) < 2 {
		return 0, false
	}
	return codec.StatusCode(binary.BigEndian.Uint16(f.Payload)), true
}
