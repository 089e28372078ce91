package websocket

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
)

// Receiving: transport → receive → session.Receiver → nextMessage → the caller.

// busyGap is the longest pause between received bytes for which a connection counts as
// busy.
const busyGap = 100 * time.Millisecond

// receive reads at least one byte from the transport: into the message if that is large
// and not complete, and otherwise into the decoder. It first sends delayed replies,
// because the peer may be waiting for them. While a frame is arriving, the timer of
// FlushDelay sends them instead.
//
// NOTE: nearly all connections block here most of the time. The stack of this call is a
// large part of the memory of a connection.
func (c *Conn) receive() error {
	if !c.in.Decoder.Arriving() {
		c.out.flushDelayed()
	}
	if c.in.parks && c.in.slow && c.in.Idle() {
		c.in.Decoder.Release()
		return errParked
	}
	return c.receiveInto(c.in.Room())
}

// receiveInto reads at least one byte into payload, or into the decoder if payload is nil.
func (c *Conn) receiveInto(payload []byte) error {
	c.in.wait.limitRest(!c.in.Decoder.Idle(), c.settings.MessageTimeout)
	for {
		if err := c.in.wait.arm(c); err != nil {
			return err
		}
		n, err := c.transport.Receive(&c.in.Decoder, payload)
		if n > 0 { // the next call returns err again
			if payload != nil {
				c.in.Took(n)
			}
			c.applyLimit()
			c.heard(instant.Now())
			return nil
		}
		if err != nil {
			if err := c.notReceived(err); err != nil {
				return err
			}
		}
	}
}

// heard records that bytes were received.
func (c *Conn) heard(now instant.Instant) {
	c.in.slow = now.Since(c.in.alive.Heard) > busyGap
	c.in.alive.Heard = now
	if c.in.parks && !c.in.slow { // else it is parked after the message
		c.in.wait.alive = instant.Earlier(c.in.wait.alive, now.After(parkTime))
	}
}

// notReceived handles the error of a read from the transport. It returns nil if reading
// continues.
func (c *Conn) notReceived(err error) error {
	if c.life.Closed() || !errors.Is(err, os.ErrDeadlineExceeded) {
		return c.endReading(abnormal(err))
	}
	now := instant.Now()
	switch c.in.wait.expired(now) {
	case recallLimit:
		return errRecalled
	case closingLimit:
		return c.endReading(errCloseTimeout)
	case contextLimit:
		return c.in.wait.ctxErr()
	case messageLimit:
		return c.giveUp(StatusPolicyViolation, "message took too long")
	case aliveLimit:
		return c.checkAlive(now)
	}
	return nil
}

// control answers a control frame (RFC 6455 §5.5). If the frame ends the connection,
// control returns the cause.
func (c *Conn) control(op Opcode, payload []byte) error {
	if c.settings.Hooks.Control != nil {
		c.callHook(func() { c.settings.Hooks.Control(c, op, payload) })
	}
	if op == codec.OpClose {
		return c.peerCloses(payload)
	}
	if op == codec.OpPong && c.out.answered(payload) {
		return nil
	}
	if rate := c.settings.MaxControlFrames; rate > 0 && !c.in.budget.Spend(c.in.alive.Heard, rate) {
		err := &CloseError{Code: StatusPolicyViolation, Reason: "too many control frames", Err: ErrControlFlood}
		return c.endWithClose(err, StatusPolicyViolation, err.Reason)
	}
	if op == codec.OpPing {
		c.out.sendControl(offhand, codec.OpPong, payload)
	}
	return nil
}

// peerCloses answers the peer's Close frame and ends the connection.
func (c *Conn) peerCloses(payload []byte) error {
	code, reason, err := codec.ParseClose(payload)
	if err != nil {
		return c.violation(err) // not reached: the decoder refuses such frames
	}
	// "the endpoint typically echos the status code" RFC 6455 §5.5.1
	return c.endWithClose(&CloseError{Code: code, Reason: string(reason)}, code, "")
}

// violation sends the Close frame for the rule that the peer violated, and ends the
// connection (RFC 6455 §7.1.7). It is the only place where a Violation becomes a
// CloseError.
func (c *Conn) violation(err error) error {
	v := err.(codec.Violation)
	return c.endWithClose(&CloseError{Code: v.StatusCode(), Reason: v.Rule(), Err: fmt.Errorf("websocket: %w", v)}, v.StatusCode(), v.Rule())
}

// giveUp ends the connection because the peer exceeded a time limit.
func (c *Conn) giveUp(code StatusCode, reason string) error {
	err := &CloseError{Code: code, Reason: reason, Err: fmt.Errorf("websocket: %s: %w", reason, ErrTimeout)}
	return c.endWithClose(err, code, reason)
}

var errCloseTimeout = &CloseError{
	Code: StatusAbnormalClosure,
	Err:  fmt.Errorf("websocket: waiting for the peer's Close frame: %w", ErrTimeout),
}
