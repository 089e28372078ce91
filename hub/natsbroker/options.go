package natsbroker

import (
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Options are the settings of a [Broker]. The zero value is valid. A field that is zero
// selects its default.
type Options struct {
	// Prefix is the beginning of the NATS subjects of all topics: topic "chat.room1" is
	// subject "zerowire.chat.room1". It consists of tokens separated by dots. Hubs with
	// different prefixes are separate. Default: "zerowire".
	Prefix string

	// NATS holds options of the connection: nats.UserInfo, nats.UserCredentials,
	// nats.Secure, nats.InProcessServer and so on. They are applied after the Broker's
	// own. Handlers are called in addition to the Broker's. The Broker itself sets
	// nats.NoEcho and nats.ReconnectBufSize. If no server can be reached, Connect
	// fails, unless nats.RetryOnFailedConnect is among the options: then the Broker
	// continues to try.
	NATS []nats.Option

	// Stream, if not nil, sends messages through a JetStream stream, so that after an
	// interruption a node receives the messages that it missed. Default: nil, core NATS, at
	// most once.
	Stream *Stream

	// MaxUnsent limits the bytes of messages that wait to be sent, mostly while the
	// link is down. Beyond it Publish returns [ErrFull]. Default: 8 MiB.
	MaxUnsent int

	// MaxUndelivered limits the bytes of messages from NATS that wait for the hub.
	// Beyond it newer messages are dropped, and Lost is called. With a Stream it limits the
	// messages that are requested at a time, at least 32, and no message is dropped.
	// Default: 64 MiB.
	MaxUndelivered int

	// Lost is called when at least n messages were lost. why is [ErrSlowConsumer],
	// [ErrExpired], or an error that wraps [ErrRefused]. Lost must not block, and may
	// be called concurrently. Messages that are lost while the link is down are not
	// counted: Receiver.State reports the interruption. Default: a warning to Logger.
	Lost func(n uint64, why error)

	// Logger receives errors that no call can return. Default: slog.Default().
	Logger *slog.Logger
}

// Stream describes the JetStream stream that carries the messages. The first Broker
// creates it. An existing stream is used unchanged, and must include all subjects below
// Options.Prefix.
type Stream struct {
	// Name is the name of the stream. Default: Options.Prefix, with '_' for each dot.
	Name string

	// MaxAge is the time for which a message is retained. After a longer interruption, a
	// node has missed messages. Default: 10 minutes.
	MaxAge time.Duration

	// MaxBytes limits the retained bytes. The oldest messages are removed first.
	// Default: 256 MiB.
	MaxBytes int64

	// Replicas is the number of servers of the cluster that store the stream. With 3
	// the stream survives the loss of one server. Default: 1.
	Replicas int

	// Memory keeps the stream in the servers' memory instead of in files.
	Memory bool
}

// Errors of a Broker's methods, and reasons that are passed to Options.Lost.
var (
	// ErrClosed reports a call of a method of a Broker that was closed.
	ErrClosed = errors.New("natsbroker: the broker is closed")

	// ErrFull reports that Options.MaxUnsent bytes wait to be sent: the link is down or
	// too slow. Publish again later.
	ErrFull = errors.New("natsbroker: too much waits to be sent")

	// ErrTooLarge reports that a message is larger than the server accepts
	// (max_payload, 1 MiB by default).
	ErrTooLarge = errors.New("natsbroker: the message is too large for the NATS server")

	// ErrSlowConsumer reports that messages arrived faster than this node processed
	// them, and exceeded Options.MaxUndelivered.
	ErrSlowConsumer = errors.New("natsbroker: messages came faster than the hub took them")

	// ErrExpired reports that the Stream no longer retained messages when this node
	// read them.
	ErrExpired = errors.New("natsbroker: the stream no longer held the messages")

	// ErrRefused reports that the server refused a message, because of its permissions
	// or the configuration of the stream. It is wrapped with the server's error.
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
