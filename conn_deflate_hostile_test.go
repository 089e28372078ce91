package websocket_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// What a peer may do to a connection that compresses, in both roles and in every
// form of reading.

// readForms deliver each message, until the connection ends with the error.
var readForms = map[string]func(c *websocket.Conn, deliver func(websocket.Opcode, []byte)) error{
	"Read": func(c *websocket.Conn, deliver func(websocket.Opcode, []byte)) error {
		for {
			op, p, err := c.Read(background)
			if err != nil {
				return err
			}
			deliver(op, p)
		}
	},
	"Reader": func(c *websocket.Conn, deliver func(websocket.Opcode, []byte)) error {
		for {
			op, r, err := c.Reader(background)
			if err != nil {
				return err
			}
			p, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			deliver(op, p)
		}
	},
	"events": func(c *websocket.Conn, deliver func(websocket.Opcode, []byte)) error {
		return c.Serve(websocket.MessageFunc(func(_ *websocket.Conn, op websocket.Opcode, p []byte) { deliver(op, p) }))
	},
}

// compressedOptions are those of a connection that compresses if that was agreed on.
func compressedOptions(limit int64) *websocket.Options {
	return &websocket.Options{MaxMessage: limit, Compression: &websocket.Compression{}}
}

const (
	withTakeover    = "permessage-deflate"
	withoutTakeover = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// inEveryForm runs f in both roles with each form of reading.
func inEveryForm(t *testing.T, opts *websocket.Options, f func(tc *testConn, read func(deliver func(websocket.Opcode, []byte)) error)) {
	t.Helper()
	inEveryFormAfter(t, websocket.Handshake{}, opts, f)
}

// inEveryFormAfter is inEveryForm with Conns of which h was agreed on.
func inEveryFormAfter(t *testing.T, h websocket.Handshake, opts *websocket.Options, f func(tc *testConn, read func(deliver func(websocket.Opcode, []byte)) error)) {
	t.Helper()
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		for form, read := range readForms {
			t.Run(role.String()+"/"+form, func(t *testing.T) {
				inBubbleAfter(t, role, h, opts, func(tc *testConn) {
					f(tc, func(deliver func(websocket.Opcode, []byte)) error { return read(tc.Conn, deliver) })
				})
			})
		}
	}
}

// TestDeflateVectors sends every vector as it is, in fragments, and if it is short in
// fragments of a byte: the messages before an offence arrive, it is answered with the right
// status, and nothing behind it is heard.
func TestDeflateVectors(t *testing.T) {
	for _, v := range wstest.DeflateVectors {
		agreed := withTakeover
		if v.NoTakeover {
			agreed = withoutTakeover
		}
		sizes := []int{1 << 20, 5, 1}
		if len(v.Frames[0].Payload) > 5000 {
			sizes = []int{1 << 20, 1021}
		}
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%d", v.Name, size), func(t *testing.T) {
				t.Parallel()
				inEveryFormAfter(t, websocket.Handshake{Extensions: agreed}, compressedOptions(0), func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
					tc.playVector(v, v.Split(size), read)
				})
			})
		}
	}
}

func (tc *testConn) playVector(v wstest.DeflateVector, frames []wstest.Frame, read func(func(websocket.Opcode, []byte)) error) {
	tc.t.Helper()
	var got []wstest.Event
	reading := begin(func() error {
		return read(func(op websocket.Opcode, p []byte) {
			got = append(got, wstest.Event{Opcode: op, Payload: bytes.Clone(p)})
		})
	})
	tc.send(append(frames, wstest.Text("behind"))...)
	synctest.Wait()

	var want []wstest.Event
	for _, e := range v.Want {
		if e.Opcode == codec.OpPing {
			tc.wantFrame("the Ping is answered", wstest.Pong(string(e.Payload)))
			continue
		}
		want = append(want, e)
	}
	if v.Code == 0 {
		want = append(want, wstest.Event{Opcode: websocket.OpText, Payload: []byte("behind")})
		tc.wantIdle("the connection goes on")
	} else {
		tc.wantClose("the peer is told what is wrong", v.Code)
	}
	if !slices.EqualFunc(got, want, wstest.Event.Equal) {
		tc.t.Errorf("received %v, want %v", got, want)
	}
	tc.peer.Close()
	if err := reading.wait(); v.Code != 0 && websocket.CloseStatus(err) != v.Code {
		tc.t.Errorf("reading ended with %v, want one whose CloseStatus is %d", err, v.Code)
	}
}

// TestPromise04LimitOfCompressedMessages: a message of the limit passes, and one of a byte more does not,
// however it is compressed and cut.
func TestPromise04LimitOfCompressedMessages(t *testing.T) {
	const limit = 10_000
	random := wstest.PDF.Message(3, limit+1)
	stored := func(p []byte) []byte { // blocks of a byte: an eighth more than the limit allows for headers
		var b []byte
		for piece := range wstest.Pieces(p, 60) {
			b = append(b, 0, byte(len(piece)), 0, ^byte(len(piece)), 0xFF)
			b = append(b, piece...)
		}
		return append(b, 0)
	}
	for _, tt := range []struct {
		name    string
		payload []byte // of the message before it is compressed
		packed  []byte
		passes  bool
	}{
		{"zeros, at the limit", make([]byte, limit), wstest.Bomb(limit), true},
		{"zeros, a byte above it", nil, wstest.Bomb(limit + 1), false},
		{"incompressible, at the limit", random[:limit], new(wstest.Deflater).Message(random[:limit]), true},
		{"incompressible, a byte above it", nil, new(wstest.Deflater).Message(random), false},
		{"in many stored blocks, at the limit", random[:limit], stored(random[:limit]), true},
		{"in many stored blocks, a byte above it", nil, stored(random), false},
		{"empty blocks behind the limit", make([]byte, limit), slices.Concat(wstest.Bomb(limit), wstest.DeflateTail, wstest.EmptyBlocks(10), []byte{0}), true},
		{"a byte behind the limit and empty blocks", nil, slices.Concat(wstest.Bomb(limit), wstest.DeflateTail, wstest.EmptyBlocks(10), new(wstest.Deflater).Message([]byte("x"))), false},
	} {
		for _, size := range []int{0, 100} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, size), func(t *testing.T) {
				inEveryFormAfter(t, websocket.Handshake{Extensions: withTakeover}, compressedOptions(limit), func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
					var got []byte
					messages := 0
					reading := begin(func() error {
						return read(func(_ websocket.Opcode, p []byte) { got = bytes.Clone(p); messages++ })
					})
					tc.send(wstest.CompressedFrames(codec.OpBinary, tt.packed, size)...)
					synctest.Wait()
					if tt.passes {
						tc.wantIdle("the connection goes on")
					} else {
						tc.wantFrame("the limit is told", wstest.Close(1009, codec.ErrMessageTooBig.Rule()))
					}
					if tt.passes != (messages == 1) || tt.passes && !bytes.Equal(got, tt.payload) {
						tc.t.Errorf("%d messages, of %d bytes; want the message: %t", messages, len(got), tt.passes)
					}
					tc.peer.Close()
					if err := reading.wait(); !tt.passes && !isViolation(err, codec.ErrMessageTooBig) {
						tc.t.Errorf("reading ended with %v, want ErrMessageTooBig", err)
					}
				})
			})
		}
	}
}

// TestDeflateFailsFast: what is wrong with a compressed message is told when it is
// there, though the message goes on.
func TestDeflateFailsFast(t *testing.T) {
	flushed := func(text string) []byte { // a fragment that ends with the whole of a block
		return append(new(wstest.Deflater).Message([]byte(text)), wstest.DeflateTail...)
	}
	for _, tt := range []struct {
		name  string
		first []byte // payload of the first fragment
		fails bool
		want  codec.Violation
	}{
		{"valid text", flushed("Grüße"), false, 0},
		{"half a code point", flushed("Gr\xC3"), false, 0},
		{"a code point that cannot become valid", flushed("Gr\xF4\x90"), true, codec.ErrText},
		{"a byte that is never valid", flushed("Gr\xFF"), true, codec.ErrText},
		{"a block of type 3", []byte{6}, true, codec.ErrDeflate},
		{"a distance with nothing before it", wstest.MatchOnly(1), true, codec.ErrDeflate},
		{"more than the limit", wstest.Bomb(2000)[:40], true, codec.ErrMessageTooBig},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEveryFormAfter(t, websocket.Handshake{Extensions: withTakeover}, compressedOptions(1000), func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
				reading := begin(func() error { return read(func(websocket.Opcode, []byte) { tc.t.Error("a message was delivered") }) })
				tc.send(wstest.CompressedFrames(codec.OpText, tt.first, 0)[0].More())
				synctest.Wait()
				if tt.fails {
					tc.wantFrame("the peer is told at once", wstest.Close(tt.want.StatusCode(), tt.want.Rule()))
				} else {
					tc.wantIdle("nothing is wrong yet")
				}
				tc.peer.Close()
				if err := reading.wait(); tt.fails && !isViolation(err, tt.want) {
					tc.t.Errorf("reading ended with %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// TestPromise05BombCostsItsLimit sends 1 GiB of zeros in 1 MiB, in both roles and in every
// form of reading: it is refused with 1009 when its inflated bytes exceed the limit, and
// costs memory by that alone.
func TestPromise05BombCostsItsLimit(t *testing.T) {
	bomb := wstest.CompressedFrames(codec.OpBinary, wstest.Bomb(1<<30), 16<<10)
	for _, limit := range []int64{1000, 64 << 10, 1 << 20, 16 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) { wantRefusedCheaply(t, limit, bomb) })
	}
}

// TestDeflateWithoutEnd sends blocks without content in fragments without end: the
// size of what is compressed is limited, too.
func TestDeflateWithoutEnd(t *testing.T) {
	for name, blocks := range map[string][]byte{"stored": wstest.EmptyBlocks(30_000), "fixed": wstest.EmptyFixedBlocks(30_000)} {
		for _, limit := range []int64{1000, 100_000} {
			t.Run(fmt.Sprintf("%s/%d", name, limit), func(t *testing.T) {
				frames := wstest.CompressedFrames(codec.OpBinary, blocks, 16<<10)
				wantRefusedCheaply(t, limit, frames[:len(frames)-1])
			})
		}
	}
}

// wantRefusedCheaply sends frames to connections with the limit until the message
// is refused for its size, and checks what that has allocated.
func wantRefusedCheaply(t *testing.T, limit int64, frames []wstest.Frame) {
	inEveryFormAfter(t, websocket.Handshake{Extensions: withTakeover}, compressedOptions(limit), func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
		var wires [][]byte
		for _, f := range frames {
			wires = append(wires, tc.wire(f))
		}
		var reading *call
		var told wstest.Frame
		err := os.ErrDeadlineExceeded
		runtime.GC()
		runtime.GC() // sync.Pool keeps what it held for one more
		got := allocated(func() {
			reading = begin(func() error { return read(func(websocket.Opcode, []byte) { tc.t.Error("a message was delivered") }) })
			for _, wire := range wires {
				tc.sendBytes(wire)
				if told, err = tc.frame(); err == nil {
					break
				}
			}
		})
		if want := wstest.Close(1009, codec.ErrMessageTooBig.Rule()); err != nil || told.String() != want.String() {
			tc.t.Errorf("the answer is %v, %v; want %v", told, err, want)
		}
		// The buffers that the message has grown through are the limit, a quarter of it, a
		// sixteenth … Those of the test's pipe come to it, and the one that frames are read into.
		if most := uint64(limit + limit/3 + 704<<10); got > most {
			tc.t.Errorf("the message allocated %d bytes before it exceeded %d, want at most %d", got, limit, most)
		}
		tc.peer.Close()
		if err := reading.wait(); !isViolation(err, codec.ErrMessageTooBig) {
			tc.t.Errorf("reading ended with %v, want ErrMessageTooBig", err)
		}
	})
}

// TestDeflateStreamAfterItsEnd goes on reading behind the end of a connection that was
// reading a compressed message as a stream: the error is the same in every way.
func TestDeflateStreamAfterItsEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(tc *testConn, r io.Reader)
		is   func(error) bool
	}{
		{"the message is not DEFLATE", func(tc *testConn, r io.Reader) {
			tc.send(wstest.Frame{Fin: true, Payload: []byte{6}}) // a block of type 3
			tc.peer.CloseWrite()
			io.ReadAll(r)
		}, func(err error) bool { return isViolation(err, codec.ErrDeflate) }},
		{"CloseNow in the middle of it", func(tc *testConn, r io.Reader) { tc.CloseNow() }, isClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRolesAfter(t, websocket.Handshake{Extensions: withTakeover}, compressedOptions(0), func(tc *testConn) {
				begin := append(new(wstest.Deflater).Message([]byte("begin")), wstest.DeflateTail...)
				tc.send(wstest.CompressedFrames(codec.OpText, begin, 0)[0].More())
				_, r, err := tc.Reader(background)
				tc.want("the message begins", err, nil)
				_, err = io.ReadFull(r, make([]byte, len("begin")))
				tc.want("what there is of it can be read", err, nil)
				tt.end(tc, r)
				if _, err := r.Read(make([]byte, 1)); !tt.is(err) {
					tc.t.Errorf("Read of the stream: %v", err)
				}
				if _, _, err := tc.Reader(background); !tt.is(err) {
					tc.t.Errorf("Reader: %v", err)
				}
				if _, _, err := tc.Read(background); !tt.is(err) {
					tc.t.Errorf("Read: %v", err)
				}
			})
		})
	}
}
