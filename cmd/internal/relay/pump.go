package relay

import (
	"crypto/rand"
	"io"
	"net"
	"sync"
	"time"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// pump passes on what one end of a connection sends to the other, as it is. It
// follows the frames, so that it knows where a Close frame of its own may stand. One
// goroutine runs it; between reading and writing it keeps nothing, so that an end
// which takes its bytes slowly slows the other one down.
type pump struct {
	conn     *connection
	from     codec.Role // the end that sends
	src, dst net.Conn
	track    *recording.Track // nil without a recording

	scanner trace.Scanner
	astray  bool // a rule was broken: where frames end is not known any more
	failed  bool // dst takes nothing any more
	frames  int64
	bytes   int64
	closed  bool   // the Close frame has passed
	closing []byte // its payload

	// With a filter, messages are passed on, not bytes.
	op      codec.Opcode // of the message begun
	message []byte       // its payload
	control []byte       // that of the control frame begun
	sending sync.Mutex   // held while a frame is written, because the filter may send one too
	silent  bool         // no frame may be written any more; guarded by sending
}

// bufferSize is how much is read at once, in bytes.
const bufferSize = 32 << 10

// run passes everything on until src has ended, and then ends dst.
func (p *pump) run() {
	buf := make([]byte, bufferSize)
	for {
		n, err := p.src.Read(buf)
		if n > 0 {
			p.pass(buf[:n])
		}
		if err != nil {
			p.end(err)
			return
		}
	}
}

// pass sends b on. If dst fails, it is closed, which ends the other pump, and what
// src still sends leads nowhere.
func (p *pump) pass(b []byte) {
	p.observe(b)
	if !p.sifted() {
		p.write(b)
	}
}

// sifted reports whether a filter decides what is passed on.
func (p *pump) sifted() bool { return p.conn.proxy != nil && p.conn.proxy.filter != nil }

// write writes b to dst.
func (p *pump) write(b []byte) {
	if p.failed {
		return
	}
	if _, err := p.dst.Write(b); err != nil {
		p.lose(err)
	}
}

// lose gives dst up because of err, which ends the connection.
func (p *pump) lose(err error) {
	p.failed = true
	p.conn.ended(p.from.Peer(), false, err)
	p.dst.Close()
}

// observe follows, shows and records the frames in b.
func (p *pump) observe(b []byte) {
	now := time.Now()
	p.bytes += int64(len(b))
	if p.conn.session != nil {
		p.conn.session.Write(p.from, now, b)
	}
	for !p.astray {
		piece, rest, ok, err := p.scanner.Next(b)
		if err != nil {
			p.astray = true
			p.raw(now, p.scanner.Pending())
			break
		}
		if !ok {
			return
		}
		p.track.Piece(now, piece)
		if p.sifted() {
			p.sift(piece)
		}
		p.count(piece)
		b = rest
	}
	p.raw(now, b)
}

// raw records bytes that are not cut into frames. No filter can decide about them, so
// that they pass.
func (p *pump) raw(now time.Time, b []byte) {
	p.track.Raw(now, b)
	if p.sifted() {
		p.sending.Lock()
		defer p.sending.Unlock()
		p.silent = true
		p.write(b)
	}
}

// count takes note of a piece, and of the Close frame.
func (p *pump) count(piece trace.Piece) {
	closing := piece.Header.Opcode == codec.OpClose
	if closing {
		from := len(p.closing)
		p.closing = append(p.closing, piece.Payload...)
		codec.Mask(p.closing[from:], piece.Header.Key, int(piece.Pos&3))
	}
	if !piece.End {
		return
	}
	p.frames++
	if closing {
		p.closed = true
		p.conn.closeFrame(p.from)
	}
}

// end is called when src has ended with err. If its Close frame has passed, dst's
// sending direction ends likewise; else dst gets a Close frame with the reason, if a frame may stand there.
func (p *pump) end(err error) {
	now := time.Now()
	if p.conn.session != nil {
		p.conn.session.End(p.from, now)
	}
	p.track.End(now, err)
	limit, stopping := p.conn.ended(p.from, p.closed, err)
	p.sending.Lock()
	if !p.failed {
		if !p.closed && !p.astray && (p.scanner.Between() || p.sifted()) {
			p.dst.Write(p.closeFrame(stopping))
		}
		trace.CloseWrite(p.dst)
	}
	p.silent = true
	p.sending.Unlock()
	if stopping {
		// Bytes that nobody reads would make of our end a reset, which overtakes the Close
		// frame.
		p.src.SetReadDeadline(limit)
		io.Copy(io.Discard, p.src)
	}
}

// closeFrame is the Close frame for dst when src has sent none. A client that is gone
// has gone away; a server that is gone has given a gateway no valid answer.
func (p *pump) closeFrame(stopping bool) []byte {
	code, reason := codec.StatusGoingAway, "the client's connection was lost"
	switch {
	case stopping:
		reason = "the proxy goes away"
	case p.from == codec.Server:
		code, reason = codec.StatusBadGateway, "the server's connection was lost"
	}
	payload, err := codec.AppendClose(nil, code, reason)
	if err != nil {
		panic("relay: " + err.Error()) // these may be sent
	}
	return wholeFrame(p.from, codec.OpClose, payload)
}

// wholeFrame returns a frame as an end sends it.
func wholeFrame(from codec.Role, op codec.Opcode, payload []byte) []byte {
	h := codec.Header{Opcode: op, Fin: true, Masked: from == codec.Client}
	if h.Masked {
		rand.Read(h.Key[:])
	}
	return codec.AppendFrame(nil, h, payload)
}
