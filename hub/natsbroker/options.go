package natsbroker

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Options say how a Broker works. The zero value is ready to use.
type Options struct {
	// Prefix is what the NATS subjects of all topics begin with: topic "chat.room1"
	// is subject "zerowire.chat.room1". Hubs with different prefixes do not meet.
	// It consists of tokens separated by dots. Default "zerowire".
	Prefix string

	// NATS are options of the connection, after the Broker's own: nats.UserInfo,
	// nats.UserCredentials, nats.Secure, nats.InProcessServer and so on. Handlers
	// are called too; nats.NoEcho and nats.ReconnectBufSize are the Broker's own.
	// Without nats.RetryOnFailedConnect a Connect that finds no server fails;
	// with it the Broker goes on trying.
	NATS []nats.Option

	// Stream makes messages go through a JetStream stream, so that a node gets
	// after an interruption what it has missed. Nil: core NATS, at most once.
	Stream *Stream

	// MaxUnsent is how many bytes of messages may wait to be sent, most of all
	// while there is no link; Publish returns ErrFull beyond it. Default 8 MiB.
	MaxUnsent int

	// MaxUndelivered is how many bytes of messages from NATS may wait for the hub.
	// Newer ones are dropped beyond it, and Lost is told. With a Stream it is how
	// much is asked for at a time, but for at least 32 messages, and nothing is
	// dropped. Default 64 MiB.
	MaxUndelivered int

	// Lost is told that at least n messages were lost, and why: ErrSlowConsumer,
	// ErrExpired, or ErrRefused. It must not wait, and may be called concurrently.
	// What is lost while the link is down is not counted: the hub is told of the
	// interruption.
	Lost func(n uint64, why error)

	// Logger gets what else goes wrong behind the caller's back. Default
	// slog.Default().
	Logger *slog.Logger
}

// Stream describes the JetStream stream that messages go through. The first
// Broker creates it; one that exists is used as it is, and has to hold all
// subjects below Options.Prefix.
type Stream struct {
	// Name of the stream. Default Options.Prefix, with '_' for each dot.
	Name string

	// MaxAge is how long a message is retained: the longest interruption after
	// which a node has missed nothing. Default 10 minutes.
	MaxAge time.Duration

	// MaxBytes is how much is retained; the oldest messages go first. Default
	// 256 MiB.
	MaxBytes int64

	// Replicas is on how many servers of the cluster the stream is kept: 3 survive
	// the loss of one. Default 1.
	Replicas int

	// Memory keeps the stream in the servers' memory instead of in files.
	Memory bool
}

// Errors of Publish, and reasons that Options.Lost is told.
var (
	// ErrClosed is returned by the methods of a Broker that was closed.
	ErrClosed = errors.New("natsbroker: the broker is closed")

	// ErrFull is returned by Publish when Options.MaxUnsent bytes wait to be sent:
	// the link is down or too slow. Publish again later.
	ErrFull = errors.New("natsbroker: too much waits to be sent")

	// ErrTooLarge is returned by Publish for a message that is larger than what the
	// server takes (max_payload, 1 MiB unless configured).
	ErrTooLarge = errors.New("natsbroker: the message is too large for the NATS server")

	// ErrSlowConsumer: this node was slower than what came, and
	// Options.MaxUndelivered is exceeded.
	ErrSlowConsumer = errors.New("natsbroker: messages came faster than the hub took them")

	// ErrExpired: the Stream no longer retained the messages when this node came to
	// read them.
	ErrExpired = errors.New("natsbroker: the stream no longer held the messages")

	// ErrRefused: the server does not take the message, for want of a permission
	// or for what the stream is configured to take. It is wrapped with the server's
	// own words.
	ErrRefused = errors.New("natsbroker: the NATS server refused the message")
)

// resolve returns o with the defaults filled in.
func (o Options) resolve() (Options, error) {
	def(&o.Prefix, "zerowire")
	def(&o.MaxUnsent, 8<<20)
	def(&o.MaxUndelivered, 64<<20)
	def(&o.Logger, slog.Default())
	if o.Lost == nil {
		o.Lost = func(n uint64, why error) { o.Logger.Warn("natsbroker: messages lost", "at least", n, "why", why) }
	}
	if o.Stream != nil {
		s := *o.Stream
		def(&s.Name, strings.ReplaceAll(o.Prefix, ".", "_"))
		def(&s.MaxAge, 10*time.Minute)
		def(&s.MaxBytes, 256<<20)
		def(&s.Replicas, 1)
		o.Stream = &s
	}
	if o.Prefix != escape(o.Prefix) || o.Prefix[0] == '$' {
		return o, errors.New(`natsbroker: Options.Prefix may not contain spaces, '*', '>' and '%', nor begin with '$'`)
	}
	if _, err := (subjects{}).subject(o.Prefix); err != nil {
		return o, errors.New("natsbroker: Options.Prefix has an empty token")
	}
	return o, nil
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
