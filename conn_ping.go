package websocket

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Ping sends a Ping and waits for its Pong (RFC 6455 §5.5.2). It returns the
// round-trip time: from handing the Ping to the system to reading the Pong. The
// Pong is met on the way to the next message: if nobody reads, the library does after a
// second. If ctx ends first, Ping returns ctx.Err() and the connection is as
// before; if the connection ends, ErrClosed.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	answer := make(chan time.Duration, 1)
	id, err := c.rtt.begin(answer)
	if err != nil {
		return 0, err
	}
	defer c.rtt.forget(id)
	if err := c.ping(ctx, id); err != nil {
		return 0, err
	}
	select {
	case rtt, ok := <-answer:
		if !ok {
			return 0, ErrClosed
		}
		return rtt, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// RTT returns the last round-trip time that a Ping has measured, the
// connection's own keepalive included; 0 if there was none yet.
func (c *Conn) RTT() time.Duration { return time.Duration(c.rtt.last.Load()) }

// pings are the Pings that wait for their Pongs. Their payload is a number of
// eight bytes.
type pings struct {
	last atomic.Int64 // ns

	mu      sync.Mutex
	number  uint64                 // of the last Ping
	sent    instant                // when it was; never if it was answered
	waiting map[uint64]waitingPing // nil until somebody waits
	closed  bool
}

// waitingPing is a Ping whose sender waits.
type waitingPing struct {
	sent   instant
	answer chan<- time.Duration
}

// begin numbers a Ping whose round-trip time goes to answer, if that is not nil.
// When the connection ends answer is closed.
func (p *pings) begin(answer chan<- time.Duration) (id uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, ErrClosed
	}
	p.number++
	p.sent = now()
	if answer != nil {
		if p.waiting == nil {
			p.waiting = map[uint64]waitingPing{}
		}
		p.waiting[p.number] = waitingPing{p.sent, answer}
	}
	return p.number, nil
}

func (p *pings) forget(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
}

// answered takes the payload of a Pong, and reports whether it is the first to
// answer a Ping of ours. Another one is legal and means nothing (RFC 6455
// §5.5.3).
func (p *pings) answered(payload []byte) bool {
	if len(payload) != 8 {
		return false
	}
	id := binary.BigEndian.Uint64(payload)
	p.mu.Lock()
	defer p.mu.Unlock()
	ping, waits := p.waiting[id]
	switch {
	case waits:
		delete(p.waiting, id)
	case id == p.number && p.sent != never:
		ping.sent = p.sent
	default:
		return false
	}
	if id == p.number {
		p.sent = never
	}
	rtt := now().since(ping.sent)
	p.last.Store(int64(rtt))
	if waits {
		ping.answer <- rtt
	}
	return true
}

// close tells everyone who waits that no Pong will come.
func (p *pings) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, ping := range p.waiting {
		close(ping.answer)
	}
	p.waiting = nil
}

// ping sends the Ping with the number id.
func (c *Conn) ping(ctx context.Context, id uint64) error {
	var payload [8]byte
	binary.BigEndian.PutUint64(payload[:], id)
	return c.sendControl(ctx, codec.OpPing, payload[:])
}

// alive is what is known of the peer's being there.
type alive struct {
	heard   instant // when the last bytes came
	pinged  instant // when the keepalive's Ping was sent that nothing has answered
	message instant // when the last message came
	second  instant // the second in which control frames are counted
	control int     // their number
}

// due returns when to look at the peer again.
func (a *alive) due(set *settings) instant {
	next := a.heard.after(set.PingInterval)
	switch {
	case a.unanswered() && set.PongTimeout > 0:
		next = a.pinged.after(set.PongTimeout)
	case a.unanswered():
		next = a.pinged.after(set.PingInterval)
	}
	return earlier(next, a.message.after(set.IdleTimeout))
}

// unanswered reports whether nothing has come since the keepalive's last Ping.
func (a *alive) unanswered() bool { return a.pinged > a.heard }

// checkAlive looks after a peer from which nothing has come for a while. The
// deadline that leads here is not moved with every byte that comes, so most often
// it was too early.
func (c *Conn) checkAlive(now instant) error {
	a := &c.in.alive
	if c.settings.IdleTimeout > 0 {
		c.out.mu.Lock()
		a.message = max(a.message, c.out.message)
		c.out.mu.Unlock()
		if now.since(a.message) >= c.settings.IdleTimeout {
			return c.giveUp(codec.StatusGoingAway, "idle for too long")
		}
	}
	switch {
	case !now.over(a.due(c.settings)):
	case a.unanswered() && c.settings.PongTimeout > 0:
		return c.giveUp(StatusPolicyViolation, "ping was not answered")
	default:
		a.pinged = now
		if id, err := c.rtt.begin(nil); err == nil {
			c.ping(offhand, id)
		}
	}
	c.in.wait.alive = a.due(c.settings)
	if c.parkable(now) {
		return errParked
	}
	if c.in.parks {
		// Inside a message it cannot be parked, however long nothing has come.
		park := max(a.heard.after(parkTime), now.after(parkTime/2))
		c.in.wait.alive = earlier(c.in.wait.alive, park)
	}
	return nil
}

// countControl bounds the control frames that the peer sends in a second. The
// time is that of the read that brought them.
func (c *Conn) countControl() error {
	a := &c.in.alive
	if c.settings.MaxControlFrames == 0 {
		return nil
	}
	if a.heard.since(a.second) >= time.Second {
		a.second, a.control = a.heard, 0
	}
	a.control++
	if a.control <= c.settings.MaxControlFrames {
		return nil
	}
	return c.endWith(&givenUp{ErrControlFlood, StatusPolicyViolation}, StatusPolicyViolation, "too many control frames")
}
