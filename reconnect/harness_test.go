package reconnect_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/reconnect"
)

var background = context.Background()

// testClient is a Client under test in a synctest bubble, and the servers it meets. Its
// Dial fails with the errors in refusals, and then connects to a new server each time.
type testClient struct {
	*reconnect.Client
	t        *testing.T
	servers  chan *websocket.Conn // the servers' ends, in order
	received chan string          // what Serve has read

	mu       sync.Mutex
	refusals []error
	dialled  []time.Time
	changes  []reconnect.Change

	cancel context.CancelFunc
	done   chan struct{} // Run has returned
	err    error         // what Run returned
}

// inBubble runs f in a bubble, with a Client that set has changed, and which runs.
func inBubble(t *testing.T, set func(*testClient), f func(*testClient)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tc := newTestClient(t)
		if set != nil {
			set(tc)
		}
		tc.run()
		f(tc)
	})
}

func newTestClient(t *testing.T) *testClient {
	tc := &testClient{t: t, servers: make(chan *websocket.Conn, 1000), received: make(chan string, 1000), done: make(chan struct{})}
	tc.Client = &reconnect.Client{
		Dial: tc.dial,
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				tc.received <- string(m.Payload)
			}
			return nil
		},
		Changed: func(change reconnect.Change) {
			tc.mu.Lock()
			defer tc.mu.Unlock()
			tc.changes = append(tc.changes, change)
		},
	}
	return tc
}

// run starts Run. It is ended when the test ends.
func (tc *testClient) run() {
	ctx, cancel := context.WithCancel(background)
	tc.cancel = cancel
	go func() {
		defer close(tc.done)
		tc.err = tc.Run(ctx)
	}()
	tc.t.Cleanup(func() {
		cancel()
		<-tc.done
		for len(tc.servers) > 0 {
			(<-tc.servers).CloseNow()
		}
	})
	synctest.Wait()
}

func (tc *testClient) dial(context.Context) (*websocket.Conn, error) {
	tc.mu.Lock()
	defer tc.mu.Unlock()
	tc.dialled = append(tc.dialled, time.Now())
	if len(tc.refusals) > 0 {
		err := tc.refusals[0]
		tc.refusals = tc.refusals[1:]
		return nil, err
	}
	client, server := websocket.Pipe(nil)
	tc.servers <- server
	return client, nil
}

// server returns the next server that the client connects to.
func (tc *testClient) server() *websocket.Conn {
	server := <-tc.servers
	tc.t.Cleanup(func() { server.CloseNow() })
	synctest.Wait()
	return server
}

// wantMessages checks that a server receives these messages, in this order.
func (tc *testClient) wantMessages(sentence string, server *websocket.Conn, want ...string) {
	tc.t.Helper()
	for _, w := range want {
		if _, p, err := server.Read(background); err != nil || string(p) != w {
			tc.t.Fatalf("%s: Read() = %q, %v; want %q", sentence, p, err, w)
		}
	}
}

// write writes a message that has to be accepted at once.
func (tc *testClient) write(message string) {
	tc.t.Helper()
	if err := tc.Write(background, websocket.OpText, []byte(message)); err != nil {
		tc.t.Fatalf("Write(%q) = %v", message, err)
	}
}

// want checks that err is target, nil included.
func (tc *testClient) want(sentence string, err, target error) {
	tc.t.Helper()
	if !errors.Is(err, target) {
		tc.t.Fatalf("%s:\n got error %v\nwant error %v", sentence, err, target)
	}
}

// states returns the states so far.
func (tc *testClient) states() []reconnect.State {
	synctest.Wait()
	tc.mu.Lock()
	defer tc.mu.Unlock()
	var states []reconnect.State
	for _, c := range tc.changes {
		states = append(states, c.State)
	}
	return states
}

// wantStates checks the states so far.
func (tc *testClient) wantStates(want ...reconnect.State) {
	tc.t.Helper()
	if got := tc.states(); !slices.Equal(got, want) {
		tc.t.Fatalf("states %v, want %v", got, want)
	}
}

// waits returns the changes to Waiting so far.
func (tc *testClient) waits() []reconnect.Change {
	synctest.Wait()
	tc.mu.Lock()
	defer tc.mu.Unlock()
	var waits []reconnect.Change
	for _, c := range tc.changes {
		if c.State == reconnect.Waiting {
			waits = append(waits, c)
		}
	}
	return waits
}

// attempts returns how often the client has dialled.
func (tc *testClient) attempts() int {
	synctest.Wait()
	tc.mu.Lock()
	defer tc.mu.Unlock()
	return len(tc.dialled)
}
