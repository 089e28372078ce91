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

// The settings of the connection, unless Options.NATS sets others.
const (
	pingInterval = 5 * time.Second // the link is lost after three without an answer
	writeTimeout = 5 * time.Second // limit of a write to the server
	backoffLeast = 100 * time.Millisecond
	backoffMost  = 10 * time.Second
)

// headerRoom is the number of bytes of the server's max_payload that are reserved for the
// headers of a message in a stream.
const headerRoom = 256

// errDown is the reason for a lost link if the client reports none.
var errDown = errors.New("natsbroker: the connection to the NATS server was lost")

// link holds the state of the connection, and reports every change to a watcher, in order.
type link struct {
	mu        sync.Mutex
	connected bool
	err       error // reason if not connected
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

// watch calls watcher for every later change, and immediately if there is no connection.
// watcher must not block.
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
	b.link.mu.Lock() // the handlers may be running already
	defer b.link.mu.Unlock()
	b.link.connected = nc.IsConnected()
	b.link.err = nats.ErrNoServers
	b.maxPayload.Store(nc.MaxPayload())
	return nc, nil
}

// defaults sets options before the caller's options are applied.
func defaults(o *nats.Options) error {
	o.Name = "zerowire"
	o.MaxReconnect = -1
	o.CustomReconnectDelayCB = backoff
	o.IgnoreAuthErrorAbort = true // a server that is being reconfigured may refuse the client for a while
	o.PingInterval = pingInterval
	o.FlusherTimeout = writeTimeout
	return nil
}

// backoff returns the delay after the given number of rounds in which no server was
// reachable. It doubles each time, and is random, so that not all nodes reconnect at once.
func backoff(round int) time.Duration {
	most := backoffMost
	if round < 8 {
		most = min(backoffLeast<<round, most)
	}
	return most/2 + rand.N(most/2)
}

// handle sets options after the caller's options, and calls the caller's handlers.
func (b *Broker) handle(o *nats.Options) error {
	o.NoEcho = true
	o.ReconnectBufSize = -1 // messages for a lost link wait in Broker.out instead
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

// linkClosed is called when the Broker has closed the connection, or when the NATS client
// has stopped to reconnect: for a permanent reason, or because the caller's options limit the
// attempts.
func (b *Broker) linkClosed(nc *nats.Conn) {
	if b.closed.Load() {
		return
	}
	err := cmp.Or(nc.LastError(), errDown)
	b.opts.Logger.Error("natsbroker: the connection is closed for good", "err", err)
	b.link.set(false, err)
}

var publishTo = regexp.MustCompile(`(?i)publish to "([^"]+)"`)

// asyncError handles errors that the server or the client reports asynchronously.
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
		b.refusals.add(forbidden[1], err) // for sendStream
	}
}

// refused wraps an error of the server or the client with ErrRefused.
func refused(err error) error { return fmt.Errorf("%w: %w", ErrRefused, err) }
