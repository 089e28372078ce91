package natsbroker

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub"
)

// closeTime limits the time that Close waits for published messages to be sent.
const closeTime = 5 * time.Second

// Broker is a hub.Broker on NATS. All methods may be called concurrently.
type Broker struct {
	opts     Options
	subjects subjects
	id       uint64 // the publisher in its envelopes
	nc       *nats.Conn
	link     link
	interest interest
	out      *queue[outgoing]
	in       *queue[incoming] // core NATS only

	publishing sync.Mutex // held from numbering a message to adding it to out
	sequence   uint64

	maxPayload atomic.Int64 // of the server; 0 before the first connection
	refusals   refusals

	receiver hub.Receiver
	attached atomic.Bool
	closed   atomic.Bool
	ctx      context.Context // ends with the Broker
	cancel   context.CancelFunc
	sending  sync.WaitGroup
	working  sync.WaitGroup // everything else
}

var _ hub.Broker = (*Broker)(nil)

// outgoing is a message that waits to be sent. data is room for the envelope, followed by
// the message.
type outgoing struct {
	subject  string
	sequence uint64
	data     []byte
}

// Connect connects to a NATS server. url is the URL of one server, or a list of several,
// separated by commas. An empty url means "nats://127.0.0.1:4222". opts may be nil. The caller
// must close the Broker, or pass it to a hub, which closes it.
func Connect(url string, opts *Options) (*Broker, error) {
	if opts == nil {
		opts = &Options{}
	}
	o, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	var id [8]byte
	rand.Read(id[:])
	b := &Broker{
		opts:     o,
		subjects: subjects{prefix: o.Prefix + "."},
		id:       binary.BigEndian.Uint64(id[:]),
		out:      newQueue[outgoing](o.MaxUnsent),
		in:       newQueue[incoming](o.MaxUndelivered),
	}
	b.interest.init()
	b.refusals.init()
	b.ctx, b.cancel = context.WithCancel(context.Background())
	if b.nc, err = b.connect(url); err != nil {
		b.cancel()
		return nil, fmt.Errorf("natsbroker: connect to %q: %w", url, err)
	}
	return b, nil
}

// Attach starts the delivery of messages to r. It returns an error if it was called before.
func (b *Broker) Attach(r hub.Receiver) error {
	if b.closed.Load() {
		return ErrClosed
	}
	if b.attached.Swap(true) {
		return errors.New("natsbroker: Attach was called twice")
	}
	b.receiver = r
	if b.opts.Stream != nil {
		return b.startStream()
	}
	b.startCore()
	return nil
}

// Subscribe requests the messages of a pattern. It does not wait for the server: the
// subscription takes effect after a round trip. The error is [ErrTopic] or [ErrClosed].
func (b *Broker) Subscribe(pattern string) error {
	return b.setInterest(pattern, true)
}

// Unsubscribe ends a subscription. Its errors are those of [Broker.Subscribe].
func (b *Broker) Unsubscribe(pattern string) error {
	return b.setInterest(pattern, false)
}

func (b *Broker) setInterest(pattern string, wanted bool) error {
	if b.closed.Load() {
		return ErrClosed
	}
	if _, err := b.subjects.filter(pattern); err != nil {
		return err
	}
	b.interest.set(pattern, wanted)
	return nil
}

// Publish queues a message for the other nodes. It never waits. message is not retained. The
// error is [ErrFull], [ErrTooLarge], [ErrTopic] or [ErrClosed]; then the message will not be
// sent.
func (b *Broker) Publish(topic string, message []byte) error {
	subject, err := b.subjects.subject(topic)
	if err != nil {
		return err
	}
	most := b.maxPayload.Load() - envelopeSize - headerRoom
	if b.maxPayload.Load() > 0 && int64(len(message)) > most {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(message), most)
	}
	data := make([]byte, envelopeSize, envelopeSize+len(message))
	data = append(data, message...)

	b.publishing.Lock()
	defer b.publishing.Unlock()
	if b.closed.Load() {
		return ErrClosed
	}
	if !b.out.put(outgoing{subject, b.sequence + 1, data}, len(data)) {
		return ErrFull
	}
	b.sequence++
	return nil
}

// Close sends the messages that wait, then closes the Broker and its connection. It waits at
// most five seconds, and does not wait while the link is down. The error contains the number
// of messages that were not sent. After Close has returned, the Receiver is not called. Close
// must not be called from a method of the Receiver.
//
// If the server does not read and the connection is full, Close can take longer: two writes
// of the NATS client, each limited by nats.FlusherTimeout (five seconds by default).
func (b *Broker) Close() error {
	b.publishing.Lock()
	closed := b.closed.Swap(true)
	b.publishing.Unlock()
	if closed {
		return ErrClosed
	}
	b.out.end()
	if b.nc.IsConnected() {
		patience := time.AfterFunc(closeTime, b.cancel)
		b.sending.Wait()
		if patience.Stop() && b.nc.IsConnected() {
			b.nc.FlushTimeout(closeTime)
		}
	}
	b.cancel()
	b.nc.Close()
	b.in.end()
	b.sending.Wait()
	b.working.Wait()
	if unsent := b.out.len(); unsent > 0 {
		return fmt.Errorf("natsbroker: closed with %d messages not sent", unsent)
	}
	return nil
}
