package session

import (
	"time"

	"github.com/zerowire/websocket/internal/instant"
)

// Keepalive finds peers that have vanished, and connections that nobody uses.
type Keepalive struct {
	Heard   instant.Instant // when bytes were last received, or the peer was found alive by Took
	Message instant.Instant // when a message was last received
	pinged  instant.Instant // when the Ping was queued that nothing has answered
}

// Limits are the settings of a Keepalive. Zero switches a limit off.
type Limits struct {
	PingInterval time.Duration // nothing received for so long asks for a Ping
	PongTimeout  time.Duration // nothing received for so long behind the Ping ends the connection
	IdleTimeout  time.Duration // no message for so long ends the connection
}

// Verdict is what a Keepalive asks for.
type Verdict uint8

const (
	Wait     Verdict = iota // nothing, until Due
	SendPing                // a Ping; the Keepalive has noted it
	PeerLost                // the end: nothing answered the Ping
	TooIdle                 // the end: no message for too long
)

// Due returns when Check has to be called next. That may be too early, since it does
// not move with every byte.
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

// Took notes that the peer took bytes of a send that had been blocked. That is as good a
// sign of life as bytes received.
func (k *Keepalive) Took(at instant.Instant) { k.Heard = max(k.Heard, at) }

// Check returns what the time asks for.
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
