package websocket

import (
	"fmt"

	"github.com/zerowire/websocket/codec"
)

// control answers a control frame (RFC 6455 §5.5). It returns what ended the
// connection if that was a Close frame.
func (c *Conn) control(f codec.Frame) error {
	switch f.Opcode {
	case codec.OpClose:
		return c.closed(f.Payload)
	case codec.OpPing:
		c.out.batch.Store(c.in.decoder.Ready())
		c.pong(f.Payload)
	}
	return nil
}

// pong answers a Ping. If nobody is writing it goes out like any reply. Else
// it overtakes what is pending, and only the last one is kept: "an endpoint MAY
// elect to send a Pong frame for only the most recently processed Ping frame"
// RFC 6455 §5.5.3. So a flood of pings costs no memory.
func (c *Conn) pong(p []byte) {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.writing {
		if w.append(codec.OpPong, p) == nil {
			c.leave()
		}
		return
	}
	h := codec.Header{Fin: true, Opcode: codec.OpPong, Length: uint64(len(p))}
	if w.check(&h) != nil {
		return
	}
	if w.control != nil {
		w.control.B = w.control.B[:0]
	}
	w.control = appendFrame(w.control, h, p)
}

// closed answers the peer's Close frame and ends the connection.
func (c *Conn) closed(payload []byte) error {
	code, reason, err := codec.ParseClose(payload)
	if err != nil {
		return c.fail(err) // the decoder lets no such frame through
	}
	c.in.err = &CloseError{Code: code, Reason: string(reason)}
	c.sendClose(code, "") // "the endpoint typically echos the status code" RFC 6455 §5.5.1
	c.linger()
	return c.in.err
}

// fail tells the peer which rule it broke and ends the connection (RFC 6455
// §7.1.7). It is the one place where a Violation becomes a Close frame.
func (c *Conn) fail(err error) error {
	v := err.(codec.Violation)
	c.in.err = fmt.Errorf("websocket: %w", v)
	c.sendClose(v.StatusCode(), v.Rule())
	c.linger()
	return c.in.err
}
