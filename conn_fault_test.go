package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// errBroken is what the network reports in these tests.
var errBroken = errors.New("broken pipe of a test")

// brokenPipe fails one of its operations.
type brokenPipe struct {
	*pipe.Conn
	fault fault

	mu    sync.Mutex
	left  int // operations of the kind until the one that fails
	fired bool
}

// fault is a way in which an operation fails.
type fault struct {
	name string
	op   string // "read", "write" or "close"
	err  error
	part bool // a part was done before
}

var faults = []fault{
	{"read error", "read", errBroken, false},
	{"end of the stream", "read", io.EOF, false},
	{"bytes and a read error", "read", errBroken, true},
	{"timeout of a read", "read", os.ErrDeadlineExceeded, false},
	{"write error", "write", errBroken, false},
	{"timeout of a write", "write", os.ErrDeadlineExceeded, false},
	{"short write", "write", io.ErrShortWrite, true},
	{"short write without an error", "write", nil, true},
}

// TestHalfCloseFails has a server whose peer has violated the protocol fail to close its
// half alone.
func TestHalfCloseFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := pipe.New()
		nc := &brokenPipe{Conn: ours, fault: fault{"error of half-closing", "close", errBroken, false}, left: 1}
		tc := newTestConn(t, testkit.NewConn(nc, websocket.RoleServer, websocket.Handshake{}, nil), websocket.RoleServer, theirs)
		read := tc.beginRead(background)
		tc.send(wstest.Reserved(3, ""))
		tc.wantClose("the peer gets its Close frame", websocket.StatusProtocolError)
		tc.want("Read reports the violation", read.wait(), codec.ErrReservedOpcode)
		if !nc.fired {
			t.Error("the half was not closed")
		}
	})
}

// fails counts an operation.
func (c *brokenPipe) fails(op string) bool {
	if op != c.fault.op {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left--
	c.fired = c.fired || c.left == 0
	return c.left == 0
}

func (c *brokenPipe) Read(p []byte) (n int, err error) {
	if !c.fails("read") {
		return c.Conn.Read(p)
	}
	if c.fault.part {
		n, _ = c.Conn.Read(p)
	}
	return n, c.fault.err
}

func (c *brokenPipe) Write(p []byte) (n int, err error) {
	if !c.fails("write") {
		return c.Conn.Write(p)
	}
	if c.fault.part {
		n, _ = c.Conn.Write(p[:len(p)/2])
	}
	return n, c.fault.err
}

func (c *brokenPipe) CloseWrite() error {
	if c.fails("close") {
		return c.fault.err
	}
	return c.Conn.CloseWrite()
}

// isDocumented reports whether err is one that the package promises, at whichever call:
// this is the list. What else there is the network has reported, and is in the error.
func isDocumented(err error) bool {
	for _, known := range []error{
		nil,
		websocket.ErrClosed, websocket.ErrTimeout, websocket.ErrOverflow,
		context.Canceled, context.DeadlineExceeded,
		io.ErrUnexpectedEOF, // there was no Close frame
		io.ErrShortWrite,    // the network's Write is at fault

		// The network's own, in these tests.
		errBroken, io.EOF, io.ErrClosedPipe, os.ErrDeadlineExceeded,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	e, closed := errors.AsType[*websocket.CloseError](err)
	closed = closed && e.Err == nil // else it is about the cause
	_, broken := errors.AsType[codec.Violation](err)
	_, refused := errors.AsType[*websocket.HandshakeError](err)
	return closed || broken || refused
}

// wholeAPI uses a Conn whose peer echoes, in every way, and reports each error.
func wholeAPI(c *websocket.Conn, report func(call string, err error)) {
	ctx, cancel := context.WithTimeout(background, time.Minute)
	defer cancel()
	large := wstest.BinaryPayload(100_000)
	read := func(want []byte) {
		_, p, err := c.Read(ctx)
		if err == nil && !bytes.Equal(p, want) {
			err = fmt.Errorf("%d bytes that are not the %d expected", len(p), len(want))
		}
		report("Read", err)
	}
	report("Write", c.Write(ctx, websocket.OpText, []byte("small")))
	read([]byte("small"))
	report("Write", c.Write(ctx, websocket.OpBinary, large))
	read(large)
	report("Queue", c.Queue(ctx, websocket.OpText, []byte("one")))
	report("Queue", c.Queue(ctx, websocket.OpText, []byte("two")))
	report("Flush", c.Flush(ctx))
	read([]byte("one"))
	_, p, err := c.ReadAppend(ctx, nil)
	if err == nil && string(p) != "two" {
		err = fmt.Errorf("ReadAppend() = %q", p)
	}
	report("ReadAppend", err)
	s, err := c.Writer(ctx, websocket.OpBinary)
	report("Writer", err)
	if err == nil {
		_, err = s.Write(large)
		report("Writer.Write", err)
		report("Writer.Close", s.Close())
	}
	p, err = readStream(c, ctx)
	if err == nil && !bytes.Equal(p, large) {
		err = fmt.Errorf("a stream of %d bytes that are not the %d expected", len(p), len(large))
	}
	report("Reader", err)
	m, _ := websocket.Prepare(websocket.OpText, []byte("prepared"))
	report("WritePrepared", c.WritePrepared(ctx, m))
	read([]byte("prepared"))
	n, err := c.TryWritePrepared(m, m)
	report("TryWritePrepared", err)
	report("WriteUncompressed", c.WriteUncompressed(ctx, websocket.OpText, []byte("last")))
	for msg, err := range c.Messages(ctx) {
		if n--; err == nil && n >= 0 && string(msg.Payload) != "prepared" || err == nil && n < 0 && string(msg.Payload) != "last" {
			err = fmt.Errorf("Messages gives %q", msg.Payload)
		}
		report("Read by Messages", err)
		if n < 0 {
			break
		}
	}
	_, err = c.Ping(ctx) // nobody reads, but the library after a second
	report("Ping", err)
	report("Close", c.Close(websocket.StatusNormalClosure, ""))
	_, _, err = c.Read(ctx)
	report("Read", err)
	report("CloseNow", c.CloseNow())
	report("Write after CloseNow", c.Write(ctx, websocket.OpText, nil))
}

// TestPromise30EveryIOFailureIsClassed fails the first, second, third … operation of a connection in
// each way, until none is left to fail. Whatever fails, every call returns, with
// an error that the documentation names, and nothing is left behind: no
// goroutine (the bubble would tell) and no buffer (with the tag poison).
func TestPromise30EveryIOFailureIsClassed(t *testing.T) {
	for _, f := range faults {
		for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
			t.Run(f.name+", "+role.String(), func(t *testing.T) {
				fired := true
				n := 1
				for ; fired; n++ {
					synctest.Test(t, func(t *testing.T) { fired = playFault(t, f, n, role) })
				}
				if n == 2 {
					t.Error("no operation could fail")
				}
			})
		}
	}
}

func playFault(t *testing.T, f fault, n int, role websocket.Role) (fired bool) {
	lent := pool.Lent()
	ours, theirs := pipe.New()
	nc := &brokenPipe{Conn: ours, fault: f, left: n}
	c := testkit.NewConn(nc, role, websocket.Handshake{}, nil)
	peer := testkit.NewConn(theirs, role.Peer(), websocket.Handshake{}, nil)
	served := begin(func() error { return peer.Serve(forms["events"]) })
	start := time.Now()
	failed := false
	wholeAPI(c, func(call string, err error) {
		failed = failed || err != nil
		if !isDocumented(err) {
			t.Errorf("operation %d fails: %s = %v, which is not documented", n, call, err)
		}
		if strings.HasPrefix(call, "Read") && err != nil && websocket.CloseStatus(err) == 0 {
			t.Errorf("operation %d fails: CloseStatus(%v) = 0", n, err)
		}
	})
	c.CloseNow()
	if err := served.wait(); !isDocumented(err) {
		t.Errorf("operation %d fails: the peer's Serve() = %v, which is not documented", n, err)
	}
	if d := time.Since(start); d > 3*time.Minute {
		t.Errorf("operation %d fails: all of it took %v", n, d)
	}
	time.Sleep(time.Minute) // timers run out
	synctest.Wait()
	if got := pool.Lent(); got > lent { // fewer, if an earlier test's connection has ended meanwhile
		t.Errorf("operation %d fails: %d buffers are lent, %d were before", n, got, lent)
	}
	return nc.fired
}
