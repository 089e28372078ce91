package reconnect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zerowire/websocket"
)

// Client keeps one connection to a server. Set its fields before the first call of a method,
// and do not change them afterwards. [Client.Run] may be called once.
type Client struct {
	// Dial opens a connection, usually with [websocket.Dial]. It is called for every
	// attempt, so that it can fetch a new token or choose another server. It must
	// return when ctx ends. Required.
	Dial func(ctx context.Context) (*websocket.Conn, error)

	// Subscribe is called first on every new connection, to restore the state that the
	// server lost with the previous one, such as a login or subscriptions. It may read from
	// c and write to c. It must not call [Client.Write], which queues until Subscribe has
	// returned. An error ends the connection and counts as a failed attempt. May be nil.
	Subscribe func(ctx context.Context, c *websocket.Conn) error

	// Serve reads from every connection, after Subscribe, until the connection ends. If it
	// returns an error, Run dials again. If it returns nil, Run ends. For the event form,
	// call c.Serve. Serve must return when c is closed. Required.
	Serve func(ctx context.Context, c *websocket.Conn) error

	// Changed is called with every change of state, on the goroutine of Run. It should
	// return soon, because Run waits for it. May be nil.
	Changed func(Change)

	// GiveUp reports whether an error of Dial, Subscribe or Serve is permanent, so that Run
	// ends instead of trying again. Default: [Permanent].
	GiveUp func(err error) bool

	// BaseDelay is the maximum delay after the first failure. Default: 500 ms.
	BaseDelay time.Duration

	// MaxDelay is the maximum delay, unless a server asks for more. Default: 30 s.
	MaxDelay time.Duration

	// MaxPending limits the bytes of messages that are queued while there is no
	// connection. A single message may be larger. A negative value means no limit.
	// Default: 1 MiB.
	MaxPending int

	// Overflow selects what [Client.Write] does when the queue is full: Block waits for
	// room, DropOldest drops the messages that have been queued longest, and DropNewest
	// returns [websocket.ErrOverflow]. With Disconnect, Run returns an error. Default:
	// Block.
	Overflow websocket.Overflow

	queue queue
}

// Defaults of the fields.
const (
	defaultBaseDelay  = 500 * time.Millisecond
	defaultMaxDelay   = 30 * time.Second
	defaultMaxPending = 1 << 20
)

// Run keeps the Client connected. It ends when ctx ends, when Serve returns nil, or after a
// permanent error, and returns ctx.Err(), nil or that error. When ctx ends, Run performs the
// closing handshake with StatusNormalClosure, limited by the CloseTimeout of
// [websocket.Options]. When Run has returned, all goroutines of the Client have ended, queued
// messages are dropped, and [Client.Write] returns an error that wraps [ErrEnded].
func (c *Client) Run(ctx context.Context) error {
	if err := c.begin(); err != nil {
		return err
	}
	err := c.run(ctx)
	c.queue.end(err)
	c.tell(Change{State: Ended, Err: err})
	return err
}

// begin checks the fields, and that Run has not been called before.
func (c *Client) begin() error {
	switch {
	case c.Dial == nil:
		return errors.New("reconnect: run: Client.Dial is nil: set it to a function that calls websocket.Dial")
	case c.Serve == nil:
		return errors.New("reconnect: run: Client.Serve is nil: set it to a function that reads from the connection")
	case c.Overflow > websocket.DropNewest:
		return fmt.Errorf("reconnect: run: Client.Overflow is %d: set it to Block, DropOldest or DropNewest", c.Overflow)
	case !c.queue.begin():
		return errors.New("reconnect: run: Client.Run was called before: make a new Client")
	}
	return nil
}

func (c *Client) run(ctx context.Context) error {
	b := c.newBackoff()
	for {
		c.tell(Change{State: Connecting, Failures: b.failures})
		lasted, err := c.attempt(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			return nil
		case c.givesUp(err):
			return fmt.Errorf("reconnect: giving up: %w", err)
		}
		delay := b.next(err, lasted)
		c.tell(Change{State: Waiting, Err: err, Delay: delay, Failures: b.failures})
		if err := sleep(ctx, delay); err != nil {
			return err
		}
	}
}

// attempt opens one connection and serves it. It returns the running time of Serve, and the
// error that ended the attempt.
func (c *Client) attempt(ctx context.Context) (lasted time.Duration, err error) {
	conn, err := c.Dial(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.CloseNow()
	stop := closeWith(ctx, conn)
	defer stop()
	defer conn.Close(websocket.StatusNormalClosure, "") // returns immediately if the connection has ended
	if c.Subscribe != nil {
		if err := c.Subscribe(ctx, conn); err != nil {
			return 0, err
		}
	}
	c.tell(Change{State: Connected})
	return c.serve(ctx, conn)
}

// serve calls Serve. Meanwhile it sends the queued messages.
func (c *Client) serve(ctx context.Context, conn *websocket.Conn) (lasted time.Duration, err error) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		c.queue.attach(conn)
	}()
	opened := time.Now()
	err = c.Serve(ctx, conn)
	lasted = time.Since(opened)
	if err == nil {
		<-sent
	}
	conn.Close(websocket.StatusNormalClosure, "") // also ends the sending
	<-sent
	c.queue.detach()
	return lasted, err
}

// closeWith closes conn when ctx ends. stop prevents that, or waits until conn is closed.
func closeWith(ctx context.Context, conn *websocket.Conn) (stop func()) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		conn.Close(websocket.StatusNormalClosure, "")
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// givesUp reports whether Run ends because of err.
func (c *Client) givesUp(err error) bool {
	if c.GiveUp != nil {
		return c.GiveUp(err)
	}
	return Permanent(err)
}

func (c *Client) tell(change Change) {
	if c.Changed != nil {
		c.Changed(change)
	}
}

// sleep waits for d. If ctx ends first, it returns the error of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
