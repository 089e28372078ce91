package natsbroker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// JetStream: all messages go into one stream, and each node reads all of it.
//
//	Publish → out → sendStream → stream → follow → order → hub
//
// A node stores its position in the stream. After any interruption it requests the messages
// after that position.

const (
	requestTimeout = 5 * time.Second // for answers of the JetStream API
	pullHeartbeat  = 2 * time.Second // after two without an answer, the consumer is lost
	pullExpiry     = 30 * time.Second
	consumerLife   = time.Minute // the server removes a consumer that is unused for this time

	leastAhead, mostAhead = 32, 1024 // messages
)

// follower reads the stream for one Broker, on one goroutine.
type follower struct {
	*Broker
	js    jetstream.JetStream
	order *order
	place place
	up    bool // the state that was reported to the hub
}

// place is the position up to which the stream was read.
type place struct {
	known    bool
	created  time.Time // creation time of the stream: a new stream counts from 1
	sequence uint64    // of the last message that was read; 0 if none of this stream was read
	stored   time.Time // when that message was stored
}

func (b *Broker) startStream() error {
	js, err := jetstream.New(b.nc,
		jetstream.WithPublishAsyncMaxPending(sendWindow+1),
		jetstream.WithPublishAsyncTimeout(ackTimeout),
		jetstream.WithDefaultTimeout(requestTimeout))
	if err != nil {
		return err
	}
	f := &follower{Broker: b, js: js, up: true}
	f.order = newOrder(b.id, func(topic string, message []byte) {
		if b.interest.match(topic) {
			b.receiver.Deliver(topic, message)
		}
	})
	b.sending.Go(func() { b.sendStream(js) })
	b.working.Go(f.run)
	return nil
}

// run reads the stream until the Broker is closed.
func (f *follower) run() {
	up := f.nc.StatusChanged(nats.CONNECTED)
	defer f.nc.RemoveStatusListener(up)
	for round := 1; ; round++ {
		err := f.follow()
		if f.ctx.Err() != nil {
			return
		}
		if f.up {
			round = 1
			f.report(false, err)
		}
		select {
		case <-f.ctx.Done():
			return
		case _, ok := <-up:
			if !ok {
				return // the connection is closed permanently
			}
		case <-time.After(backoff(round)):
		}
	}
}

func (f *follower) report(up bool, err error) {
	if f.up != up {
		f.up = up
		f.receiver.State(up, err)
	}
}

// follow delivers the messages after the place until an error occurs.
func (f *follower) follow() error {
	if !f.nc.IsConnected() {
		return errDown
	}
	ctx, cancel := context.WithCancelCause(f.ctx)
	defer cancel(nil)
	down := f.nc.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	defer f.nc.RemoveStatusListener(down)
	go func() {
		select {
		case <-down:
			cancel(errDown)
		case <-ctx.Done():
		}
	}()
	err := f.read(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (f *follower) read(ctx context.Context) error {
	stream, err := f.open(ctx)
	if err != nil {
		return fmt.Errorf("natsbroker: stream %q: %w", f.opts.Stream.Name, err)
	}
	consumer, err := f.consume(ctx, stream)
	if err != nil {
		return fmt.Errorf("natsbroker: read stream %q: %w", f.opts.Stream.Name, err)
	}
	name := consumer.CachedInfo().Name
	defer func() {
		if f.nc.IsConnected() {
			ctx, cancel := context.WithTimeout(context.Background(), closeTime)
			defer cancel()
			stream.DeleteConsumer(ctx, name) // otherwise the server removes it after consumerLife
		}
	}()
	messages, err := consumer.Messages(
		jetstream.PullMaxMessages(f.ahead()),
		jetstream.PullExpiry(pullExpiry),
		jetstream.PullHeartbeat(pullHeartbeat),
		jetstream.WithMessagesErrOnMissingHeartbeat(true))
	if err != nil {
		return err
	}
	defer messages.Stop()
	f.report(true, nil)
	return f.receive(ctx, messages)
}

// ahead returns the number of messages to request at a time, if each has the maximum size.
// NOTE: with only a few messages, the client sometimes does not request more before it misses
// heartbeats.
func (f *follower) ahead() int {
	most := f.opts.MaxUndelivered / int(max(1, f.maxPayload.Load()))
	return min(max(leastAhead, most), mostAhead)
}

// receive delivers messages in the order of the stream.
func (f *follower) receive(ctx context.Context, messages jetstream.MessagesContext) error {
	for number := uint64(1); ; number++ {
		msg, err := f.next(ctx, messages)
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Consumer != number {
			return errors.New("natsbroker: the server has skipped messages") // they will be requested again
		}
		f.passed(meta.Sequence.Stream)
		f.place.sequence, f.place.stored = meta.Sequence.Stream, meta.Timestamp
		if e, payload, ok := parseEnvelope(msg.Data()); ok {
			if topic, ok := f.subjects.topic(msg.Subject()); ok {
				f.order.receive(time.Now(), e, topic, payload)
			}
		}
	}
}

// next returns the next message. While messages are held for missing ones, it also delivers
// those that expire.
func (f *follower) next(ctx context.Context, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	for f.order.waiting() {
		brief, cancel := context.WithTimeout(ctx, holdTime/60)
		msg, err := messages.Next(jetstream.NextContext(brief))
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return msg, err
		}
		f.order.expire(time.Now())
	}
	return messages.Next(jetstream.NextContext(ctx))
}

// passed calls Lost if the message at sequence does not directly follow the place: the
// messages between have expired.
func (f *follower) passed(sequence uint64) {
	if skipped := sequence - f.place.sequence - 1; skipped > 0 && f.place.sequence > 0 && sequence > f.place.sequence {
		f.opts.Lost(skipped, ErrExpired)
	}
}
