package websocket

import (
	"log/slog"
	"time"

	"github.com/zerowire/websocket/internal/session"
)

// Options are the settings of connections. The zero value is valid and safe. A field
// that is zero selects its default. A negative value disables a limit, unless its field
// says otherwise. The first use of Options with a value that has no meaning returns
// [ErrOptions]. Functions that take Options copy them.
type Options struct {
	// Subprotocols lists the supported sub-protocols, in order of preference (RFC 6455
	// §1.9). A server selects the first one that the client also offers, or none.
	Subprotocols []string

	// Origins lists the origins of browser pages that may connect, in addition to pages
	// of the server's own host: "https://app.example.com", "https://*.example.com",
	// "null" and "file://" for pages without a host, "app://id" for pages of an
	// application, or "*" for all. The first use of the Options reports an invalid
	// entry as an error. Requests without an Origin, which browsers do not send, are
	// always allowed. Without this check any page on the web could connect with its
	// visitors' cookies (RFC 6455 §10.2).
	Origins []string

	// OriginFunc replaces Origins, which must then be nil, and the rule for the
	// server's own host. It reports whether a page of origin may connect to host. It is
	// not called for requests without an Origin. May be nil.
	OriginFunc func(origin, host string) bool

	// MaxHeadBytes limits the size, in bytes, of the head of an opening handshake: of
	// the request to a [Server] with its own listener, and of the response to [Dial].
	// Behind net/http the limits of http.Server apply instead. It raises that of
	// Server.HTTP if it is larger. Zero and negative values select the default, 64 KiB.
	MaxHeadBytes int

	// MaxHeadFields limits the number of header lines of that head. Zero and negative
	// values select the default, 256.
	MaxHeadFields int

	// MaxMessage limits the size of a received message, in bytes over all its frames,
	// after decompression. A larger message ends the connection with
	// StatusMessageTooBig (RFC 6455 §7.4.1). Default: 1 MiB.
	MaxMessage int64

	// HandshakeTimeout limits the opening handshake, from accepting the connection to
	// the response. Default: 10 s.
	HandshakeTimeout time.Duration

	// MessageTimeout limits the time from the first to the last byte of a received
	// message. A slower message ends the connection with StatusPolicyViolation.
	// Default: 60 s.
	MessageTimeout time.Duration

	// IdleTimeout limits the time without a message in either direction. When it is
	// exceeded, the connection is closed with StatusGoingAway. Default: no limit.
	IdleTimeout time.Duration

	// PingInterval is the time without received bytes after which a Ping is sent. It
	// detects dead peers, and prevents idle timeouts of proxies. Default: 30 s.
	PingInterval time.Duration

	// PongTimeout is how long, after that Ping, the peer may neither send nor take any
	// bytes. Then the connection is closed with StatusPolicyViolation. Default: 30 s.
	PongTimeout time.Duration

	// MaxControlFrames limits the Pings and Pongs of the peer per second, on average.
	// Bursts may be ten times as large. Pongs that answer a Ping do not count. If the
	// limit is exceeded, the connection ends with StatusPolicyViolation. Default: 100.
	MaxControlFrames int

	// MaxPending limits the bytes that wait to be sent because the peer takes them too
	// slowly. A single message may be larger. Default: 64 KiB.
	MaxPending int

	// Overflow selects what a write does when MaxPending is exceeded. Default: [Block].
	Overflow Overflow

	// WriteTimeout is how long the peer may take no bytes while a message is sent. Then
	// the connection is closed without a closing handshake. The time begins anew with
	// every byte that the peer takes. Default: 10 s.
	WriteTimeout time.Duration

	// CloseTimeout limits the time to wait for the peer's Close frame. Default: 5 s.
	CloseTimeout time.Duration

	// FlushDelay limits how long a message is delayed while further received messages
	// wait to be read, or while one of at most 32 KiB is arriving. So several replies
	// are sent with one system call. They are sent earlier when no received message
	// waits and none is arriving, or when 96 KiB are pending. A negative value sends
	// every message immediately. Default: 500 µs.
	FlushDelay time.Duration

	// Compression enables compression of messages if the peer agrees
	// (permessage-deflate, RFC 7692). Default: nil, no compression.
	Compression *Compression

	// FragmentSize is the size, in bytes, of the fragments that [Conn.Writer] sends.
	// Default: 16 KiB.
	FragmentSize int

	// Hooks are called for events of the connections, for logs and metrics.
	Hooks Hooks

	// Logger receives errors that no call can return, such as panics in handlers.
	// Default: slog.Default().
	Logger *slog.Logger
}

// settings are Options with the defaults filled in. Here zero means no limit.
type settings struct {
	Options
	limits session.Limits
	ended  func(*Conn) // called when a connection has ended, after Hooks.Closed; may be nil
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

// def replaces zero by the default value, and negative values by zero.
func def[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
	*field = max(*field, 0)
}
