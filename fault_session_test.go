package websocket_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// A session has an opening handshake, messages whole, in fragments and compressed, a
// Ping, and the closing handshake. It is played again and again, with each fault at each
// byte of it in turn.

// sessionFaults are the ways in which a connection is at fault. Those that are mild lose
// nothing.
var sessionFaults = []struct {
	wstest.Fault
	mild bool
}{
	{wstest.Fault{Name: "reading fails", Err: errBroken}, false},
	{wstest.Fault{Name: "reading fails, with bytes", Err: errBroken, With: true}, false},
	{wstest.Fault{Name: "reading ends", Err: io.EOF}, false},
	{wstest.Fault{Name: "reading ends, with bytes", Err: io.EOF, With: true}, false},
	{wstest.Fault{Name: "a read times out", Err: os.ErrDeadlineExceeded, Once: true}, true},
	{wstest.Fault{Name: "a read times out, with bytes", Err: os.ErrDeadlineExceeded, With: true, Once: true}, true},
	{wstest.Fault{Name: "a read returns nothing", Once: true}, true},
	{wstest.Fault{Name: "a read takes long", Pause: 10 * time.Millisecond, Once: true}, true},

	{wstest.Fault{Name: "writing fails", Write: true, Err: errBroken}, false},
	{wstest.Fault{Name: "a write fails", Write: true, Err: errBroken, Once: true}, false},
	{wstest.Fault{Name: "a write is short", Write: true, Once: true}, false},
	{wstest.Fault{Name: "a write is short, and says so", Write: true, Err: io.ErrShortWrite, Once: true}, false},
	{wstest.Fault{Name: "a write times out", Write: true, Err: os.ErrDeadlineExceeded, Once: true}, false},
	{wstest.Fault{Name: "a write takes long", Write: true, Pause: 10 * time.Millisecond, Once: true}, true},
}

// The messages of the session, in order; the last is long enough to be compressed.
var sessionMessages = []string{"hello", "in fragments", strings.Repeat("compressed ", 10)}

// sessionOptions are those of both ends.
func sessionOptions() websocket.Options {
	return websocket.Options{Compression: &websocket.Compression{Takeover: true, Threshold: 50}, PingInterval: -1, Logger: quiet}
}

// sessionEnds are what is played with a faulty connection, whose other end is peer. Each
// returns when both ends have ended, and says how many bytes of the opening handshake
// come from the peer. report is told of every error.
var sessionEnds = map[string]struct {
	role websocket.Role
	play func(faulty, peer net.Conn, report func(call string, err error)) (head int)
}{
	"Server, events":   {websocket.RoleServer, playServer(forms["events"], apart)},
	"Server, at once":  {websocket.RoleServer, playServer(forms["events"], atOnce)},
	"Server, blocking": {websocket.RoleServer, playServer(forms["blocking"], apart)},
	"Server, streams":  {websocket.RoleServer, playServer(websocket.Blocking(echoStreams), atOnce)},
	"Server, Shutdown": {websocket.RoleServer, playShutdown(forms["events"])},
	"Upgrade":          {websocket.RoleServer, playUpgrade(forms["events"])},
	"Dial, events":     {websocket.RoleClient, playDial(forms["events"], apart)},
	"Dial, streams":    {websocket.RoleClient, playDial(websocket.Blocking(echoStreams), atOnce)},
}

// faultStride is from how many bytes one gets the fault: with the race detector, under
// which all takes ten times as long, not every one.
var faultStride = map[bool]int{false: 1, true: 13}[raceEnabled]

// TestSessionsWithAFault plays every session with every fault at every byte: each error
// is one that is documented, no byte leaves behind one that was lost, mild faults change
// nothing, and nothing is left behind.
func TestSessionsWithAFault(t *testing.T) {
	for name, end := range sessionEnds {
		for _, f := range sessionFaults {
			if name == "Upgrade" && f.With && f.Once {
				continue // no real connection does so, and Hijack of net/http would lose one that did
			}
			t.Run(name+", "+f.Name, func(t *testing.T) {
				if !pool.Poisoned { // else buffers are counted
					t.Parallel()
				}
				at, fired := 0, true
				for ; fired && !t.Failed(); at += faultStride {
					f.At = at
					synctest.Test(t, func(t *testing.T) {
						s := &faultySession{T: t, fault: f.Fault, role: end.role, mild: f.mild}
						fired = s.play(end.play)
					})
				}
				if at < 250 && !t.Failed() {
					t.Errorf("the session is over after %d bytes", at)
				}
			})
		}
	}
}

// faultySession is a session with one fault.
type faultySession struct {
	*testing.T
	fault wstest.Fault
	role  websocket.Role
	mild  bool

	mu     sync.Mutex
	failed error // what went wrong, if anything did
}

func (s *faultySession) complain(format string, args ...any) {
	s.Helper()
	s.Errorf("%s at byte %d: %s", s.fault.Name, s.fault.At, fmt.Sprintf(format, args...))
}

// report notes an error of the session.
func (s *faultySession) report(call string, err error) {
	if !isDocumented(err) {
		s.complain("%s = %v, which is not documented", call, err)
	}
	if e, ok := errors.AsType[*websocket.CloseError](err); err != nil && (!ok || e.Err != nil) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.failed = fmt.Errorf("%s: %w", call, err)
	}
}

// play plays the session and judges it. It returns false if the fault lies behind its
// end.
func (s *faultySession) play(play func(faulty, peer net.Conn, report func(string, error)) int) (fired bool) {
	lent := pool.Lent()
	ours, peer := pipe.New()
	faulty := wstest.NewFaultConn(ours, s.fault)
	head := play(faulty, peer, s.report)
	synctest.Wait()
	if got := pool.Lent(); got > lent {
		s.complain("%d buffers are lent, %d were before", got, lent)
	}
	wire := faulty.Written()
	if s.fault.Write && !s.mild && faulty.Fired() && len(wire) != s.fault.At {
		s.complain("%d bytes came out", len(wire))
	}
	sent, err := judgeSession(wire, s.role)
	if err != nil {
		s.complain("%q came out: %v", wire, err)
	}
	if !slices.Equal(sent, sessionMessages[:min(len(sent), len(sessionMessages))]) {
		s.complain("it echoed %q, want the first of %q", sent, sessionMessages)
	}
	// Until the opening handshake is done a timeout is its own.
	mild := s.mild && (s.fault.Err == nil || s.fault.At >= head)
	if mild && (s.failed != nil || len(sent) < len(sessionMessages)) {
		s.complain("it echoed %q, and %v; want all, and no error", sent, s.failed)
	}
	return faulty.Fired()
}

// judgeSession returns the messages in what came out of an end, and an error if that is not
// an opening handshake and legal frames, the last of which may be cut.
func judgeSession(wire []byte, role websocket.Role) (messages []string, err error) {
	head, wire, opened := bytes.Cut(wire, []byte("\r\n\r\n"))
	if !opened || role == websocket.RoleServer && !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		return nil, nil
	}
	d := codec.Decoder{Role: role.Peer(), RSV: codec.RSV1}
	d.Commit(copy(d.Space(len(wire)), wire))
	defer d.Reset()
	var inflater wstest.Inflater
	for {
		f, err := d.Next()
		switch {
		case err == codec.ErrShort:
			return messages, nil
		case err != nil:
			return messages, err
		case f.Opcode == codec.OpClose && d.Buffered() > 0:
			return messages, errors.New("bytes behind the Close frame")
		case f.Opcode == codec.OpClose:
			return messages, nil
		case f.Opcode == codec.OpPong && string(f.Payload) != "ping":
			return messages, fmt.Errorf("a Pong with %q", f.Payload)
		case f.Opcode.IsControl():
			continue
		}
		p := f.Payload
		if f.RSV != 0 {
			if p, err = inflater.Message(p); err != nil {
				return messages, err
			}
		}
		messages = append(messages, string(p))
	}
}
