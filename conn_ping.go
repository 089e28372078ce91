package websocket

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/internal/session"
)

// Ping sends a Ping, waits for the matching Pong, and returns the round-trip time (RFC
// 6455 §5.5.2). The time runs from passing the Ping to the operating system to reading
// the Pong.
//
// A read handles the Pong before the next message. If the application does not read,
// the library reads after a second. If ctx ends first, Ping returns ctx.Err(), and the
// connection stays usable. If the connection ends, Ping returns [ErrClosed] or the
// error of the send. Ping may be called concurrently.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	answer := make(chan time.Duration, 1)
	if err := c.out.sendPing(ctx, answer); err != nil {
		return 0, err
	}
	select {
	case rtt, ok := <-answer:
		if !ok {
			return 0, ErrClosed
		}
		return rtt, nil
	case <-ctx.Done():
		c.out.forgetPing(answer)
		return 0, ctx.Err()
	}
}

// WriteControl sends a Ping with an application-defined payload, or an unsolicited Pong
// (RFC 6455 §5.5.2, §5.5.3). payload has at most 125 bytes, and is not retained.
// WriteControl does not wait for an answer; Hooks.Control receives it. The frame is
// sent before waiting messages. At most 16 KiB of Pongs wait; beyond that only the last
// one is sent.
//
// The error is [ErrControlType] for another op, a [codec.Violation] for a longer
// payload, ctx.Err() if ctx has ended, or one of [Conn.Write].
func (c *Conn) WriteControl(ctx context.Context, op Opcode, payload []byte) error {
	if op != codec.OpPing && op != codec.OpPong {
		return ErrControlType
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.out.sendControl(ctx, op, payload)
}

// RTT returns the round-trip time of the Ping that was answered last, including the
// Pings of the keepalive. It returns 0 if none was answered yet.
func (c *Conn) RTT() time.Duration {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.rare == nil {
		return 0
	}
	return c.out.rare.last
}

// pings holds the Pings that wait for their Pongs. The payload of a Ping is its number,
// in eight bytes. sending.mu guards all fields.
type pings struct {
	last    time.Duration
	number  uint64                 // of the last Ping
	sent    instant.Instant        // when it was sent; Never if it was answered
	waiting map[uint64]waitingPing // nil until the first call of Ping
}

// waitingPing is a Ping whose Pong a call of [Conn.Ping] waits for.
type waitingPing struct {
	sent   instant.Instant
	answer chan<- time.Duration
}

// sendPing sends a Ping. If answer is not nil, it receives the round-trip time, and is
// closed when the connection ends.
func (w *sending) sendPing(ctx context.Context, answer chan<- time.Duration) error {
	w.mu.Lock()
	defer w.unlock()
	p := &w.need().pings
	p.number++
	p.sent = instant.Now()
	var payload [8]byte
	binary.BigEndian.PutUint64(payload[:], p.number)
	if err := w.refused(w.AppendControl(codec.OpPing, payload[:])); err != nil {
		return err
	}
	if answer != nil {
		if p.waiting == nil {
			p.waiting = map[uint64]waitingPing{}
		}
		p.waiting[p.number] = waitingPing{p.sent, answer}
	}
	number := p.number
	err := w.dispatchControl(ctx)
	if err != nil && w.Err() == nil { // err is that of ctx
		delete(p.waiting, number)
	}
	return err
}

// forgetPing removes the Ping that answer belongs to.
func (w *sending) forgetPing(answer chan<- time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for number, ping := range w.rare.waiting {
		if ping.answer == answer {
			delete(w.rare.waiting, number)
		}
	}
}

// answered handles the payload of a Pong, and reports whether it is the first answer to
// a Ping of this endpoint. Other Pongs are legal and are ignored (RFC 6455 §5.5.3).
func (w *sending) answered(payload []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rare == nil || len(payload) != 8 {
		return false
	}
	p := &w.rare.pings
	number := binary.BigEndian.Uint64(payload)
	ping, waits := p.waiting[number]
	switch {
	case waits:
		delete(p.waiting, number)
	case number == p.number && p.sent != instant.Never:
		ping.sent = p.sent
	default:
		return false
	}
	if number == p.number {
		p.sent = instant.Never
	}
	p.last = instant.Now().Since(ping.sent)
	if waits {
		ping.answer <- p.last
	}
	return true
}

// end makes all waiting calls of Ping return, because no Pong will be received.
func (p *pings) end() {
	for _, ping := range p.waiting {
		close(ping.answer)
	}
	p.waiting = nil
}

// checkAlive checks the liveness of the peer when its deadline has passed, and sets the
// next one. Received bytes do not move the deadline, so that most calls come too early.
func (c *Conn) checkAlive(now instant.Instant) error {
	a, limits := &c.in.alive, c.settings.limits
	c.noteProgress(now)
	switch a.Check(now, limits) {
	case session.TooIdle:
		return c.giveUp(codec.StatusGoingAway, "idle for too long")
	case session.PeerLost:
		return c.giveUp(StatusPolicyViolation, "ping was not answered")
	case session.SendPing:
		c.out.sendPing(offhand, nil)
	}
	// A Pong does not move the deadline, and the next Ping may be due before it.
	c.in.wait.alive = instant.Earlier(a.Due(limits), now.After(limits.PingInterval))
	switch {
	case !c.mayPark():
	case c.quiet(now):
		return errParked
	default:
		// A connection inside a message cannot be parked, even if it has been quiet.
		park := max(a.Heard.After(parkTime), now.After(parkTime/2))
		c.in.wait.alive = instant.Earlier(c.in.wait.alive, park)
	}
	return nil
}

// noteProgress passes activity of the sending half to the keepalive: messages sent, and
// bytes that the peer took of a send that has blocked.
func (c *Conn) noteProgress(now instant.Instant) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.rare != nil {
		c.in.alive.Message = max(c.in.alive.Message, c.out.rare.message)
	}
	if s := c.out.stall; s != nil {
		if s.Sending() {
			s.Check(now, c.out.progress(), c.settings.WriteTimeout)
		}
		c.in.alive.Took(s.Life())
	}
}
