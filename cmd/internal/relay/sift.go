package relay

import (
	"errors"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// maxSifted is how long a message may be that a filter sees, in bytes.
const maxSifted = 64 << 20

var errSifted = errors.New("a message is too long for the filter")

// sift has the filter decide about the message that a piece ends, if it does. Control
// frames pass as they are.
func (p *pump) sift(piece trace.Piece) {
	h := piece.Header
	payload := &p.message
	if h.Opcode.IsControl() {
		payload = &p.control
	} else if h.Opcode.IsData() {
		p.op = h.Opcode
	}
	from := len(*payload)
	if from+len(piece.Payload) > maxSifted {
		p.sending.Lock()
		defer p.sending.Unlock()
		p.lose(errSifted)
		return
	}
	*payload = append(*payload, piece.Payload...)
	codec.Mask((*payload)[from:], h.Key, int(piece.Pos&3))
	switch {
	case !piece.End:
	case h.Opcode.IsControl():
		p.send(h.Opcode, p.control)
		p.control = p.control[:0]
	case h.Fin:
		p.decide()
		p.message = nil
	}
}

// decide asks the filter about the message, and does what it says.
func (p *pump) decide() {
	v, err := p.conn.proxy.filter.ask(p.conn.ctx, p.conn.number, p.from, p.op, p.message)
	switch op, payload, changed := v.message(); {
	case err != nil || v.Drop:
	case changed:
		p.send(op, payload)
	default:
		p.send(p.op, p.message)
	}
}

// send writes a frame to dst, unless a Close frame has been written there.
func (p *pump) send(op codec.Opcode, payload []byte) {
	b := wholeFrame(p.from, op, payload)
	p.sending.Lock()
	defer p.sending.Unlock()
	if !p.silent {
		p.silent = op == codec.OpClose
		p.write(b)
	}
}

// maxInjected is how many messages of the filter's may wait for an end that is slow to
// take them.
const maxInjected = 1024

// inject sends the filter's own messages to the ends until the connection has ended.
func (c *connection) inject() {
	for {
		select {
		case v := <-c.injected:
			op, payload, ok := v.message()
			switch {
			case !ok:
			case v.To == "client":
				c.pumps[codec.Server].send(op, payload)
			case v.To == "server":
				c.pumps[codec.Client].send(op, payload)
			}
		case <-c.ctx.Done():
			return
		}
	}
}
