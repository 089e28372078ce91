package natsbroker

import (
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	sendWindow = 512                    // maximum number of unconfirmed messages
	ackTimeout = 2 * time.Second        // limit of the wait for a confirmation
	retryWait  = 100 * time.Millisecond // delay before unconfirmed messages are sent again
)

// sendStream publishes the queued messages to the stream. It sends a window of messages at
// once, and the next window when all of them are confirmed. It repeats unconfirmed messages
// until they are confirmed, with the same message ID: the stream stores each ID once. So a
// message may be stored after later ones of its window. The envelope contains the number of
// messages that may arrive later, and the receivers restore the order.
func (b *Broker) sendStream(js jetstream.JetStream) {
	up := b.nc.StatusChanged(nats.CONNECTED)
	defer b.nc.RemoveStatusListener(up)
	for {
		batch, ok := b.out.take()
		if !ok {
			return
		}
		for len(batch) > 0 {
			window := batch[:min(len(batch), sendWindow)]
			batch = batch[len(window):]
			for window = b.sendWindow(js, window); len(window) > 0; window = b.sendWindow(js, window) {
				select {
				case <-b.ctx.Done():
					return
				case <-up:
				case <-time.After(retryWait):
				}
			}
		}
	}
}

// sendWindow sends messages and returns, in the same slice, those that the stream
// has not confirmed.
func (b *Broker) sendWindow(js jetstream.JetStream, window []outgoing) (left []outgoing) {
	acks := make([]jetstream.PubAckFuture, len(window))
	for i, m := range window {
		behind := m.sequence - window[0].sequence
		envelope{message, b.id, m.sequence, uint16(behind)}.put(m.data)
		acks[i] = b.sendOne(js, m)
	}
	left = window[:0]
	var last outgoing // the last message that was stored
	missing := false  // a message before last was not stored
	for i, m := range window {
		switch err := b.acked(m.subject, acks[i]); {
		case err == nil:
			last = m
			b.out.release(len(m.data))
		case errors.Is(err, ErrRefused):
			missing = true
			b.opts.Lost(1, err)
			b.out.release(len(m.data))
		default:
			left = append(left, m)
		}
	}
	if missing && last.data != nil && len(left) == 0 {
		b.settle(js, last)
	}
	return left
}

// settle lets the receivers stop waiting for messages that are missing before last, which
// was stored. If it fails, they wait for holdTime.
func (b *Broker) settle(js jetstream.JetStream, last outgoing) {
	m := outgoing{last.subject, last.sequence, make([]byte, envelopeSize)}
	envelope{settled, b.id, m.sequence, 0}.put(m.data)
	b.acked(m.subject, b.sendOne(js, m))
}

// noRetry disables the retries of the NATS client, because sendStream repeats messages.
var noRetry = jetstream.WithRetryAttempts(0)

func (b *Broker) sendOne(js jetstream.JetStream, m outgoing) jetstream.PubAckFuture {
	msg := nats.NewMsg(m.subject)
	msg.Data = m.data
	id := hex.EncodeToString(m.data[:9]) + "-" + strconv.FormatUint(m.sequence, 10) // kind, publisher, sequence
	msg.Header[jetstream.MsgIDHeader] = []string{id}
	msg.Header[jetstream.ExpectedStreamHeader] = []string{b.opts.Stream.Name}
	ack, err := js.PublishMsgAsync(msg, noRetry)
	if err != nil {
		return failed{err}
	}
	return ack
}

// failed is a jetstream.PubAckFuture for a message that could not be sent.
type failed struct{ error }

func (failed) Ok() <-chan *jetstream.PubAck { return nil }
func (failed) Msg() *nats.Msg               { return nil }
func (f failed) Err() <-chan error {
	err := make(chan error, 1)
	err <- f.error
	return err
}

// acked waits for the stream's answer. The error wraps ErrRefused if a repetition would fail,
// too.
func (b *Broker) acked(subject string, ack jetstream.PubAckFuture) error {
	for {
		if err := b.refusals.take(subject); err != nil {
			return refused(err)
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-b.refusals.added:
		case <-ack.Ok():
			return nil
		case err := <-ack.Err():
			if errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrConnectionClosed) ||
				errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum) {
				return refused(err)
			}
			return err
		}
	}
}
