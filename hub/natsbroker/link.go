package natsbroker

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// What a Broker asks of its connection unless Options.NATS says otherwise.
const (
	pingInterval = 5 * time.Second // a server that is silent for three of them is gone
	writeTimeout = 5 * time.Second // for the server to take what is sent
	backoffLeast = 100 * time.Millisecond
	backoffMost  = 10 * time.Second
)

// headerRoom is what is kept of the server's max_payload for the headers of a
// message in a stream.
const headerRoom = 256

// errDown is the reason where the client gives none.
var errDown = errors.New("natsbroker: the connection to the NATS server was lost")

// link knows whether there is a connection, and tells a watcher of every change,
// in order.
type link struct {
	mu        sync.Mutex
	connected bool
	err       error // why not
	watcher   func(connected bool, err error)
}

func (l *link) set(connected bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := l.connected != connected
	l.connected, l.err = connected, err
	if changed && l.watcher != nil {
		l.watcher(connected, err)
	}
}

// watch calls watcher, which must not wait, with changes from now on, and at once
// if there is no connection.
func (l *link) watch(watcher func(connected bool, err error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watcher = watcher
	if !l.connected {
		watcher(false, l.err)
	}
}

func (b *Broker) connect(url string) (*nats.Conn, error) {
	opts := append([]nats.Option{defaults}, b.opts.NATS...)
	nc, err := nats.Connect(url, append(opts, b.handle)...)
	if err != nil {
		return nil, err
	}
	b.link.mu.Lock() // the handlers may be at work already
	defer b.link.mu.Unlock()
	b.link.connected = nc.IsConnected()
	b.link.err = nats.ErrNoServers
	b.maxPayload.Store(nc.MaxPayload())
	return nc, nil
}

// defaults are set before the user's options.
func defaults(o *nats.Options) error {
	o.Name = "zerowire"
	o.MaxReconnect = -1
	o.CustomReconnectDelayCB = backoff
	o.IgnoreAuthErrorAbort = true // a server that is being reconfigured may refuse us for a while
	o.PingInterval = pingInterval
	o.FlusherTimeout = writeTimeout
	return nil
}

// backoff is how long to wait when all servers were tried for the given time in
// vain: twice as long each time, and not all nodes at once.
func backoff(round int) time.Duration {
	most := backoffMost
	if round < 8 {
		most = min(backoffLeast<<round, most)
	}
	return most/2 + rand.N(most/2)
}

// handle is set after the user's options, whose handlers it calls.
func (b *Broker) handle(o *nats.Options) error {
	o.NoEcho = true
	o.ReconnectBufSize = -1 // what waits for the link waits in Broker.out
	users := *o
	o.ConnectedCB = func(nc *nats.Conn) {
		b.linkBack(nc)
		if users.ConnectedCB != nil {
			users.ConnectedCB(nc)
		}
	}
	o.ReconnectedCB = func(nc *nats.Conn) {
		b.linkBack(nc)
		if users.ReconnectedCB != nil {
			users.ReconnectedCB(nc)
		}
	}
	o.DisconnectedErrCB = func(nc *nats.Conn, err error) {
		b.link.set(false, cmp.Or(err, errDown))
		if users.DisconnectedErrCB != nil {
			users.DisconnectedErrCB(nc, err)
		}
	}
	o.ClosedCB = func(nc *nats.Conn) {
		b.linkClosed(nc)
		if users.ClosedCB != nil {
			users.ClosedCB(nc)
		}
	}
	o.AsyncErrorCB = func(nc *nats.Conn, sub *nats.Subscription, err error) {
		b.asyncError(err)
		if users.AsyncErrorCB != nil {
			users.AsyncErrorCB(nc, sub, err)
		}
	}
	return nil
}

func (b *Broker) linkBack(nc *nats.Conn) {
	b.maxPayload.Store(nc.MaxPayload())
	b.link.set(true, nil)
}

// linkClosed is called when we have closed the connection, or the client has
// given it up: for a reason that connecting again would not remove, or since the
// user's options limit its attempts.
func (b *Broker) linkClosed(nc *nats.Conn) {
	if b.closed.Load() {
		return
	}
	err := cmp.Or(nc.LastError(), errDown)
	b.opts.Logger.Error("natsbroker: the connection is closed for good", "err", err)
	b.link.set(false, err)
}

var publishTo = regexp.MustCompile(`(?i)publish to "([^"]+)"`)

// asyncError takes what the server or the client reports unasked.
func (b *Broker) asyncError(err error) {
	forbidden := publishTo.FindStringSubmatch(err.Error())
	switch {
	case b.closed.Load():
	case errors.Is(err, nats.ErrSlowConsumer):
		b.opts.Lost(1, ErrSlowConsumer)
	case !errors.Is(err, nats.ErrPermissionViolation) || forbidden == nil:
		b.opts.Logger.Warn("natsbroker: the NATS connection reports an error", "err", err)
	case b.opts.Stream == nil:
		b.opts.Lost(1, refused(err))
	default:
		b.refusals.add(forbidden[1], err) // sendStream will find it
	}
}

// refused makes ErrRefused of what the server or the client has said.
func refused(err error) error { return fmt.Errorf("%w: %w", ErrRefused, err) }
