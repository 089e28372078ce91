package session

import (
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Keepalive detects lost peers and idle connections.
type Keepalive struct {
	Heard   instant.Instant // when bytes were last received, or Took found the peer alive
	Message instant.Instant // when a message was last received or sent
	pinged  instant.Instant // when the last Ping was queued
}

// Limits are the settings of a Keepalive. Zero disables a limit.
type Limits struct {
	PingInterval time.Duration // time without a sign of life after which a Ping is sent
	PongTimeout  time.Duration // time without a sign of life after the Ping that ends the connection
	IdleTimeout  time.Duration // time without a message that ends the connection
}

// Verdict is the result of [Keepalive.Check].
type Verdict uint8

const (
	Wait     Verdict = iota // do nothing until Due
	SendPing                // send a Ping; the Keepalive has recorded it
	PeerLost                // end the connection: there was no sign of life after the Ping
	TooIdle                 // end the connection: there was no message for too long
)

// Due returns when Check has to be called next. It does not move with every received
// byte, so that a call may come too early, and have the result Wait.
func (k *Keepalive) Due(l Limits) instant.Instant {
	next := k.Heard.After(l.PingInterval)
	switch {
	case k.unanswered() && l.PongTimeout > 0:
		next = k.pinged.After(l.PongTimeout)
	case k.unanswered():
		next = k.pinged.After(l.PingInterval)
	}
	return instant.Earlier(next, k.Message.After(l.IdleTimeout))
}

// Took records that the peer took bytes of a send that had blocked, at the given time.
// That is a sign of life, as received bytes are.
func (k *Keepalive) Took(at instant.Instant) { k.Heard = max(k.Heard, at) }

// Check returns what to do at the time now.
func (k *Keepalive) Check(now instant.Instant, l Limits) Verdict {
	switch {
	case l.IdleTimeout > 0 && now.Since(k.Message) >= l.IdleTimeout:
		return TooIdle
	case !now.Reached(k.Due(l)):
		return Wait
	case k.unanswered() && l.PongTimeout > 0:
		return PeerLost
	}
	k.pinged = now
	return SendPing
}

// unanswered reports whether there was no sign of life since the last Ping.
func (k *Keepalive) unanswered() bool { return k.pinged > k.Heard }
