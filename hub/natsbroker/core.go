package natsbroker

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Core NATS: a subscription per pattern, at most once.
//
//	Publish → out → send → nats.go           nats.go → fill → in → deliver → hub
//
// Publish does not wait for the network, and nats.go's reader does not wait for the hub:
// messages wait in the queues out and in, which are bounded.

// incoming is a message from NATS, or a change of the link.
type incoming struct {
	msg       *nats.Msg
	connected bool
	err       error
}

// fillSize is the number of messages that may arrive before fill runs. It is more than
// nats.go can parse while another goroutine runs on fill's processor.
const fillSize = 1 << 16

func (b *Broker) startCore() {
	b.link.watch(func(connected bool, err error) {
		b.in.put(incoming{connected: connected, err: err}, 0)
	})
	came := make(chan *nats.Msg, fillSize)
	var dropped atomic.Uint64
	b.sending.Go(b.send)
	b.working.Go(func() { b.subscribe(came) })
	b.working.Go(func() { b.fill(came, &dropped) })
	b.working.Go(func() { b.deliver(&dropped) })
}

// subscribe keeps the NATS subscriptions equal to the patterns of the hub. All subscriptions
// share one channel, so that messages stay in the order of their arrival.
func (b *Broker) subscribe(came chan *nats.Msg) {
	subs := make(map[string]*nats.Subscription)
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-b.interest.ready:
		}
		for _, c := range b.interest.changes() {
			sub := subs[c.pattern]
			var err error
			switch {
			case c.wanted && sub == nil:
				filter, _ := b.subjects.filter(c.pattern) // Subscribe has checked it
				subs[c.pattern], err = b.nc.ChanSubscribe(filter, came)
			case !c.wanted && sub != nil:
				delete(subs, c.pattern)
				err = sub.Unsubscribe()
			}
			if err != nil && b.ctx.Err() == nil {
				b.opts.Logger.Error("natsbroker: subscribe", "pattern", c.pattern, "err", err)
			}
		}
	}
}

// fill moves arriving messages to the bounded queue.
func (b *Broker) fill(came chan *nats.Msg, dropped *atomic.Uint64) {
	for {
		select {
		case <-b.ctx.Done():
			return
		case msg := <-came:
			if !b.in.put(incoming{msg: msg}, msg.Size()) {
				dropped.Add(1)
			}
		}
	}
}

// deliver calls the Receiver.
func (b *Broker) deliver(dropped *atomic.Uint64) {
	order := newOrder(b.id, b.receiver.Deliver)
	for {
		batch, ok := b.in.take()
		if !ok {
			return
		}
		now := time.Now()
		for _, in := range batch {
			if b.ctx.Err() != nil {
				return
			}
			if in.msg == nil {
				b.receiver.State(in.connected, in.err)
				b.in.release(0)
				continue
			}
			if e, payload, ok := parseEnvelope(in.msg.Data); ok {
				if topic, ok := b.subjects.topic(in.msg.Subject); ok {
					order.receive(now, e, topic, payload)
				}
			}
			b.in.release(in.msg.Size())
		}
		if n := dropped.Swap(0); n > 0 {
			b.opts.Lost(n, ErrSlowConsumer)
		}
	}
}

// send publishes the queued messages. It waits while the link is down.
func (b *Broker) send() {
	up := b.nc.StatusChanged(nats.CONNECTED)
	defer b.nc.RemoveStatusListener(up)
	for {
		batch, ok := b.out.take()
		if !ok {
			return
		}
		for _, m := range batch {
			envelope{message, b.id, m.sequence, 0}.put(m.data)
			err := b.nc.Publish(m.subject, m.data)
			for errors.Is(err, nats.ErrReconnectBufExceeded) {
				select {
				case <-b.ctx.Done():
					return
				case <-up: // may be an old change: the loop checks again
				}
				err = b.nc.Publish(m.subject, m.data)
			}
			if err != nil && b.ctx.Err() != nil {
				return
			}
			if err != nil {
				b.opts.Lost(1, refused(err))
			}
			b.out.release(len(m.data))
		}
	}
}
