package websocket_test

import (
	"bytes"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestPromise06FragmentsCostNoMemory sends a message of 1,000,000 fragments of one byte: it
// costs what its payload needs, which is the buffers that it has grown through, of 1 MiB,
// a quarter of that, a sixteenth …, and less than as much again for the test itself.
func TestPromise06FragmentsCostNoMemory(t *testing.T) {
	const n = 1_000_000
	const limit = 3 << 20
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			inBubble(t, role, nil, func(tc *testConn) {
				var thousand []byte
				for range 1000 {
					thousand = append(thousand, tc.wire(wstest.Continuation("x").More())...)
				}
				got := allocated(func() {
					go func() {
						tc.peer.Write(tc.wire(wstest.Text("").More()))
						for range n / 1000 {
							tc.peer.Write(thousand)
						}
						tc.peer.Write(tc.wire(wstest.Continuation("")))
					}()
					_, p, err := tc.Read(background)
					if err != nil || len(p) != n || bytes.Count(p, []byte("x")) != n {
						tc.t.Fatalf("Read() = %d bytes, %v; want %d", len(p), err, n)
					}
				})
				if got > limit {
					tc.t.Errorf("a message of %d bytes in as many fragments allocated %d bytes, want at most %d", n, got, limit)
				}
			})
		})
	}
}

// TestPromise06EmptyFragmentsCostNoMemory sends fragments that have no byte at all.
func TestPromise06EmptyFragmentsCostNoMemory(t *testing.T) {
	const n = 300_000
	const limit = 1 << 20
	inBubble(t, websocket.RoleServer, nil, func(tc *testConn) {
		var thousand []byte
		for range 1000 {
			thousand = append(thousand, tc.wire(wstest.Continuation("").More())...)
		}
		got := allocated(func() {
			go func() {
				tc.peer.Write(tc.wire(wstest.Text("").More()))
				for range n / 1000 {
					tc.peer.Write(thousand)
				}
				tc.peer.Write(tc.wire(wstest.Continuation("end")))
			}()
			tc.wantMessage("the message comes in the end", wstest.Text("end"))
		})
		if got > limit {
			tc.t.Errorf("%d empty fragments allocated %d bytes, want at most %d", n, got, limit)
		}
	})
}

// TestPromise01ClaimIsAnsweredBeforePayload sends headers that promise more than comes.
func TestPromise01ClaimIsAnsweredBeforePayload(t *testing.T) {
	const limit = 256 << 10
	for _, tt := range []struct {
		name  string
		frame wstest.Frame
		opts  websocket.Options
		fails bool
	}{
		{"2^63-1 bytes", wstest.Frame{Fin: true, Opcode: codec.OpBinary, Lie: 1<<63 - 1}, websocket.Options{}, true},
		{"2^63-1 bytes of a fragment", wstest.Frame{Opcode: codec.OpText, Lie: 1<<63 - 1}, websocket.Options{}, true},
		{"a byte above the limit", wstest.Frame{Fin: true, Opcode: codec.OpBinary, Lie: 1<<20 + 1}, websocket.Options{}, true},
		{"all that the limit allows", wstest.Frame{Fin: true, Opcode: codec.OpBinary, Lie: 1 << 20}, websocket.Options{}, false},
		{"2^63-1 bytes, compressed", wstest.Frame{Fin: true, Opcode: codec.OpBinary, RSV: codec.RSV1, Lie: 1<<63 - 1}, *compressedOptions(0), true},
		{"2^63-1 bytes, without a limit", wstest.Frame{Fin: true, Opcode: codec.OpBinary, Lie: 1<<63 - 1}, websocket.Options{MaxMessage: -1}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
				agreed := ""
				if tt.opts.Compression != nil {
					agreed = withTakeover
				}
				inBubbleAfter(t, role, websocket.Handshake{Extensions: agreed}, &tt.opts, func(tc *testConn) {
					wire := tc.wire(tt.frame)
					var read *call
					got := allocated(func() {
						read = tc.beginRead(background)
						tc.sendBytes(wire)
						read.returned()
					})
					if got > limit {
						tc.t.Errorf("the header allocated %d bytes, want at most %d", got, limit)
					}
					if !tt.fails {
						tc.wantIdle("the connection waits for the payload")
						return
					}
					tc.wantFrame("the answer comes before any payload", wstest.Close(1009, codec.ErrMessageTooBig.Rule()))
					tc.peer.Close()
					if err := read.wait(); !isViolation(err, codec.ErrMessageTooBig) {
						tc.t.Errorf("Read() = %v, want ErrMessageTooBig", err)
					}
				})
			}
		})
	}
}

// TestPromise04LimitPassesAndNoMore counts over all fragments.
func TestPromise04LimitPassesAndNoMore(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frames []wstest.Frame
		passes bool
	}{
		{"at the limit", []wstest.Frame{wstest.Binary(make([]byte, 10))}, true},
		{"above it", []wstest.Frame{wstest.Binary(make([]byte, 11))}, false},
		{"fragments at the limit", []wstest.Frame{wstest.Text("12345").More(), wstest.Ping("not counted"), wstest.Continuation("67890")}, true},
		{"fragments above it", []wstest.Frame{wstest.Text("12345").More(), wstest.Continuation("678901")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, form := range []func(*websocket.Conn) ([]byte, error){
				func(c *websocket.Conn) ([]byte, error) { _, p, err := c.Read(background); return p, err },
				func(c *websocket.Conn) ([]byte, error) { return readStream(c, background) },
			} {
				inBubble(t, websocket.RoleServer, &websocket.Options{MaxMessage: 10}, func(tc *testConn) {
					tc.send(tt.frames...)
					tc.peer.CloseWrite()
					p, err := form(tc.Conn)
					if passed := err == nil && len(p) == 10; passed != tt.passes || !passed && !isViolation(err, codec.ErrMessageTooBig) {
						tc.t.Errorf("reading gave %d bytes, %v; want the limit kept: %t", len(p), err, tt.passes)
					}
				})
			}
		})
	}
}
