package websocket

import (
	"fmt"

	"github.com/zerowire/websocket/codec"
)

// control answers a control frame (RFC 6455 §5.5). It returns what ended the
// connection, if that did.
func (c *Conn) control(f codec.Frame) error {
	if f.Opcode == codec.OpClose {
		return c.closed(f.Payload)
	}
	if f.Opcode == codec.OpPong && c.rtt.answered(f.Payload) {
		return nil
	}
	if err := c.countControl(); err != nil || f.Opcode == codec.OpPong {
		return err
	}
	c.out.batch.Store(c.in.decoder.Ready())
	c.sendControl(offhand, codec.OpPong, f.Payload)
	return nil
}

// closed answers the peer's Close frame and ends the connection.
func (c *Conn) closed(payload []byte) error {
	code, reason, err := codec.ParseClose(payload)
	if err != nil {
		return c.fail(err) // the decoder lets no such frame through
	}
	// "the endpoint typically echos the status code" RFC 6455 §5.5.1
	return c.endWith(&CloseError{Code: code, Reason: string(reason)}, code, "")
}

// fail tells the peer which rule it broke and ends the connection (RFC 6455
// §7.1.7). It is the one place where a Violation becomes a Close frame.
func (c *Conn) fail(err error) error {
	v := err.(codec.Violation)
	return c.endWith(fmt.Errorf("websocket: %w", v), v.StatusCode(), v.Rule())
}
