package websocket

import (
	"log/slog"
	"time"

	"github.com/zerowire/websocket/internal/session"
)

// Options are the settings of connections. The zero value is safe and works. A
// field that is zero means its default; a negative one switches the limit off.
// Options are copied when they are handed over and never changed.
type Options struct {
	// Subprotocols are those that this endpoint speaks, in order of preference
	// (RFC 6455 §1.9). A server answers with the first that the client offers
	// too, or without one.
	Subprotocols []string

	// Origins are the origins of browser pages, beyond those of the server's own
	// host, that may connect: "https://app.example.com", "https://*.example.com",
	// "null" and "file://" for pages without a host, "app://id" for those of an
	// application, or "*" for every one. An entry that can match nothing is an error of
	// the first use of the Options. Requests without an Origin, which no browser makes,
	// always may. Without this check any page on the web could speak to the server with
	// its visitors' cookies (RFC 6455 §10.2).
	Origins []string

	// OriginFunc decides instead of Origins and of the rule for the server's own host,
	// which must not be set: it reports whether a page of origin may connect to host. It
	// is not called for requests without an Origin. May be nil.
	OriginFunc func(origin, host string) bool

	// MaxHeadBytes is how many bytes the head of an opening handshake may have: of the
	// request to a Server with a listener of its own, and of the response to Dial. Behind
	// net/http, its limits apply instead. Default 64 KiB; negative stands for the
	// default.
	MaxHeadBytes int

	// MaxHeadFields is how many header lines that head may have. Default 256; negative
	// stands for the default.
	MaxHeadFields int

	// MaxMessage is the largest message to receive, in bytes over all its frames,
	// inflated; a larger one ends the connection with StatusMessageTooBig. Default 1 MiB.
	MaxMessage int64

	// HandshakeTimeout is how long the opening handshake may take from the
	// accepted connection to its answer. Default 10 s.
	HandshakeTimeout time.Duration

	// MessageTimeout is how long a message may take from its first byte to its
	// last one. A slower one ends the connection with StatusPolicyViolation.
	// Default 60 s.
	MessageTimeout time.Duration

	// IdleTimeout is how long a connection may be without a message in either
	// direction before it is closed with StatusGoingAway. Default none.
	IdleTimeout time.Duration

	// PingInterval is how long nothing may come from the peer before it is sent a
	// Ping, to see whether it is still there and to keep proxies from forgetting
	// the connection. Default 30 s.
	PingInterval time.Duration

	// PongTimeout is how long after that Ping the peer may be silent, and take nothing of
	// what is being sent, before the connection is given up. Default 30 s.
	PongTimeout time.Duration

	// MaxControlFrames is how many Ping and Pong frames the peer may send in a
	// second, on average: ten times as many may come at once. More end the connection with
	// StatusPolicyViolation. Default 100.
	MaxControlFrames int

	// MaxPending is how many bytes may wait to be sent because the peer takes them
	// too slowly. Default 64 KiB. A single message may be larger.
	MaxPending int

	// Overflow says what a write does that finds MaxPending exceeded. Default Block.
	Overflow Overflow

	// WriteTimeout is how long the peer may take nothing of what is being sent; then the
	// connection is closed. It begins anew with every byte that the peer takes. Default
	// 10 s.
	WriteTimeout time.Duration

	// CloseTimeout is how long to wait for the peer's Close frame after ours.
	// Default 5 s.
	CloseTimeout time.Duration

	// FlushDelay is how long a message written while further received messages wait may
	// be held back, so that one system call sends many. It leaves sooner when
	// those are used up or 96 KiB are held. Default 500 µs; negative sends every
	// message at once.
	FlushDelay time.Duration

	// Compression has messages compressed where the peer agrees to it
	// (permessage-deflate, RFC 7692). Default nil: they are not.
	Compression *Compression

	// FragmentSize is the size in bytes of the fragments that Conn.Writer sends a longer
	// message in. Default 16 KiB.
	FragmentSize int

	// Hooks are told what happens, for logs and counters.
	Hooks Hooks

	// Logger gets what no caller can be told: panics in handlers. Default
	// slog.Default().
	Logger *slog.Logger
}

// settings are Options with the defaults filled in. Zero means no limit here.
type settings struct {
	Options
	limits session.Limits
	ended  func(*Conn) // called when a connection has ended, behind Hooks.Closed; may be nil
}

func (o Options) resolve() *settings {
	def(&o.MaxMessage, 1<<20)
	def(&o.HandshakeTimeout, 10*time.Second)
	def(&o.MessageTimeout, 60*time.Second)
	def(&o.IdleTimeout, 0)
	def(&o.PingInterval, 30*time.Second)
	def(&o.PongTimeout, 30*time.Second)
	def(&o.MaxControlFrames, 100)
	def(&o.MaxPending, 64<<10)
	def(&o.WriteTimeout, 10*time.Second)
	def(&o.CloseTimeout, 5*time.Second)
	def(&o.FlushDelay, 500*time.Microsecond)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.FragmentSize <= 0 {
		o.FragmentSize = 16 << 10
	}
	limits := session.Limits{PingInterval: o.PingInterval, PongTimeout: o.PongTimeout, IdleTimeout: o.IdleTimeout}
	return &settings{Options: o, limits: limits}
}

// def replaces zero by the default and negative by zero.
func def[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
	*field = max(*field, 0)
}
