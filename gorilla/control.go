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

// answerPing is the default handler of Pings. That the answer comes too late, or
// after our Close frame, does not matter to the one who reads.
func (c *Conn) answerPing(p []byte) error {
	err := c.WriteControl(PongMessage, p, time.Now().Add(controlWait))
	if err == ErrCloseSent || isTemporary(err) {
		return nil
	}
	return err
}

// answerClose is the default handler of Close frames. The one who reads gets the
// peer's Close frame in any case, so that a failure to answer is not reported.
func (c *Conn) answerClose(code int, _ string) error {
	c.WriteControl(CloseMessage, FormatCloseMessage(code, ""), time.Now().Add(controlWait))
	return nil
}

// SetPingHandler sets the function that is called with the payload of each Ping.
// The default, for a nil h, sends a Pong with the same payload and waits up to a
// second for that.
//
// Handlers are called by the goroutine that reads: from NextReader, ReadMessage,
// ReadJSON and Read of a message's reader. An error that one returns ends reading,
// and is what the read returns. Set handlers from the goroutine that reads, or
// before it begins.
func (c *Conn) SetPingHandler(h func(appData string) error) { c.in.ping = h }

// PingHandler returns the handler of Pings, which is never nil.
func (c *Conn) PingHandler() func(appData string) error {
	if c.in.ping != nil {
		return c.in.ping
	}
	return func(appData string) error { return c.answerPing([]byte(appData)) }
}

// SetPongHandler sets the function that is called with the payload of each Pong.
// The default, for a nil h, does nothing. See [Conn.SetPingHandler].
func (c *Conn) SetPongHandler(h func(appData string) error) { c.in.pong = h }

// PongHandler returns the handler of Pongs, which is never nil.
func (c *Conn) PongHandler() func(appData string) error {
	if c.in.pong != nil {
		return c.in.pong
	}
	return func(string) error { return nil }
}

// SetCloseHandler sets the function that is called with the status code and the
// reason of the peer's Close frame; the code is [CloseNoStatusReceived] if the frame
// has none. The default, for a nil h, answers with a Close frame of the same code
// and waits up to a second for that. When the handler has returned nil, the read
// returns a *[CloseError]. See [Conn.SetPingHandler].
func (c *Conn) SetCloseHandler(h func(code int, text string) error) { c.in.close = h }

// CloseHandler returns the handler of Close frames, which is never nil.
func (c *Conn) CloseHandler() func(code int, text string) error {
	if c.in.close != nil {
		return c.in.close
	}
	return c.answerClose
}

// WriteControl sends a control frame: of type [CloseMessage], [PingMessage] or
// [PongMessage], with at most 125 bytes. It may be called at any time, also while
// a message is being written: the frame goes between two of its frames. After a
// Close frame all writes fail with [ErrCloseSent].
//
// The deadline is for waiting until a concurrent write has ended and for the write
// itself; the zero value means none. If it passes while waiting, the connection
// stays usable. data is not retained.
func (c *Conn) WriteControl(messageType int, data []byte, deadline time.Time) error {
	op := codec.Opcode(messageType)
	switch {
	case messageType != CloseMessage && messageType != PingMessage && messageType != PongMessage:
		return errMessageType
	case len(data) > codec.MaxControlPayload:
		return errControlFrame
	case !c.out.acquire(deadline):
		return timeoutError{}
	}
	defer c.out.release()
	b := pool.Get(codec.MaxHeaderSize + codec.MaxControlPayload)
	b.B = codec.AppendFrame(b.B, c.frameHeader(op, 0, true), data)
	err := c.sendLocked(op, deadline, b.B, nil)
	pool.Put(b)
	return err
}

// acquire takes the right to write a frame. It returns false if deadline, which
// may be zero, passes before that.
func (o *output) acquire(deadline time.Time) bool {
	if deadline.IsZero() {
		o.lock <- struct{}{}
		return true
	}
	left := time.Until(deadline)
	if left < 0 {
		return false
	}
	select {
	case o.lock <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case o.lock <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (o *output) release() { <-o.lock }
