package websocket

import (
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// control reads the payload of the control frame with header h and calls its
// handler. After a Close frame it returns a *CloseError.
func (c *Conn) control(h codec.Header) error {
	p, err := c.in.br.Peek(int(h.Length))
	if err != nil {
		return lost(err)
	}
	codec.Mask(p, h.Key, 0)
	c.in.br.Discard(len(p))
	switch h.Opcode {
	case codec.OpPing:
		if c.in.ping == nil {
			return c.answerPing(p)
		}
		return c.in.ping(string(p))
	case codec.OpPong:
		if c.in.pong == nil {
			return nil
		}
		return c.in.pong(string(p))
	}
	code, reason, err := codec.ParseClose(p)
	if err != nil {
		return c.violated(err.(codec.Violation))
	}
	e := &CloseError{Code: int(code), Text: string(reason)}
	if err := c.CloseHandler()(e.Code, e.Text); err != nil {
		return err
	}
	return e
}

// answerPing is the default handler of Pings. It ignores timeouts and ErrCloseSent, because a
// missing Pong must not end reading.
func (c *Conn) answerPing(p []byte) error {
	err := c.WriteControl(PongMessage, p, time.Now().Add(controlWait))
	if err == ErrCloseSent || isTemporary(err) {
		return nil
	}
	return err
}

// answerClose is the default handler of Close frames. It does not report a failure to answer,
// because the read returns the peer's Close frame in any case.
func (c *Conn) answerClose(code int, _ string) error {
	c.WriteControl(CloseMessage, FormatCloseMessage(code, ""), time.Now().Add(controlWait))
	return nil
}

// SetPingHandler sets the function that is called with the payload of each Ping. The default,
// also for a nil h, sends a Pong with the same payload, and waits at most one second for that.
//
// Handlers are called on the reading goroutine, from NextReader, ReadMessage, ReadJSON and
// Read of a message's reader. An error of a handler ends reading, and the read returns it. Set
// handlers on the reading goroutine, or before it starts.
func (c *Conn) SetPingHandler(h func(appData string) error) { c.in.ping = h }

// PingHandler returns the handler of Pings. It never returns nil.
func (c *Conn) PingHandler() func(appData string) error {
	if c.in.ping != nil {
		return c.in.ping
	}
	return func(appData string) error { return c.answerPing([]byte(appData)) }
}

// SetPongHandler sets the function that is called with the payload of each Pong.
// The default, also for a nil h, does nothing. See [Conn.SetPingHandler].
func (c *Conn) SetPongHandler(h func(appData string) error) { c.in.pong = h }

// PongHandler returns the handler of Pongs. It never returns nil.
func (c *Conn) PongHandler() func(appData string) error {
	if c.in.pong != nil {
		return c.in.pong
	}
	return func(string) error { return nil }
}

// SetCloseHandler sets the function that is called with the status code and the reason of the
// peer's Close frame. The code is [CloseNoStatusReceived] if the frame has none. The default,
// also for a nil h, answers with a Close frame of the same code, and waits at most one second
// for that. After the handler has returned nil, the read returns a [*CloseError]. See
// [Conn.SetPingHandler].
func (c *Conn) SetCloseHandler(h func(code int, text string) error) { c.in.close = h }

// CloseHandler returns the handler of Close frames. It never returns nil.
func (c *Conn) CloseHandler() func(code int, text string) error {
	if c.in.close != nil {
		return c.in.close
	}
	return c.answerClose
}

// WriteControl sends a control frame of type [CloseMessage], [PingMessage] or [PongMessage].
// data has at most 125 bytes, and is not retained. WriteControl may be called concurrently. If
// a message is being written, the control frame is sent between two of its frames. After a
// Close frame, all writes fail with [ErrCloseSent].
//
// deadline limits the wait for a concurrent write and the write itself; the zero value means
// no limit. If it passes during the wait, the connection stays usable.
func (c *Conn) WriteControl(messageType int, data []byte, deadline time.Time) error {
	op := codec.Opcode(messageType)
	switch {
	case messageType != CloseMessage && messageType != PingMessage && messageType != PongMessage:
		return errMessageType
	case len(data) > codec.MaxControlPayload:
		return errControlFrame
	case !c.out.lock.acquire(deadline):
		return timeoutError{}
	}
	defer c.out.lock.release()
	b := pool.Get(codec.MaxHeaderSize + codec.MaxControlPayload)
	b.B = codec.AppendFrame(b.B, c.frameHeader(op, 0, true), data)
	err := c.sendLocked(op, deadline, b.B, nil)
	pool.Put(b)
	return err
}
