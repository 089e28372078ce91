package websocket_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestPromise03SessionsDoNotDependOnCuts cuts sessions at every place: the application
// receives the same, and so does the peer.
func TestPromise03SessionsDoNotDependOnCuts(t *testing.T) {
	for name, frames := range map[string][]wstest.Frame{
		"messages":       {wstest.Text("κό"), wstest.Ping("x"), wstest.Binary([]byte{0xFF}), wstest.Close(1000, "bye")},
		"fragments":      {wstest.Text("κ").More(), wstest.Ping("x"), wstest.Continuation("ό"), wstest.Pong(""), wstest.CloseBody("")},
		"bad text":       {wstest.Text("a"), wstest.Text("b\xF4\x90c"), wstest.Text("not heard")},
		"bad close":      {wstest.Text("a"), wstest.Close(1006, ""), wstest.Text("not heard")},
		"interleaved":    {wstest.Text("a").More(), wstest.Text("b"), wstest.Text("not heard")},
		"a limit":        {wstest.Text("12345678").More(), wstest.Continuation("901"), wstest.Text("not heard")},
		"a reserved bit": {wstest.Text("a"), wstest.Text("b").WithRSV(codec.RSV2), wstest.Text("not heard")},
	} {
		for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
			for form, read := range readForms {
				t.Run(fmt.Sprintf("%s, %v, %s", name, role, form), func(t *testing.T) {
					whole := ""
					for cut := 0; ; cut++ {
						more := true
						inBubble(t, role, &websocket.Options{MaxMessage: 10}, func(tc *testConn) {
							wire := tc.wire(frames...)
							got := ""
							reading := begin(func() error {
								return read(tc.Conn, func(op websocket.Opcode, p []byte) { got += fmt.Sprintf("%v %q; ", op, p) })
							})
							tc.sendBytes(wire[:cut])
							synctest.Wait()
							tc.peer.Write(wire[cut:])
							tc.peer.CloseWrite()
							err := reading.wait()
							tc.CloseNow()
							sent, _ := io.ReadAll(tc.peer)
							if role == websocket.RoleClient {
								sent = unmasked(sent)
							}
							got += fmt.Sprintf("%v; sent % x", err, sent)
							if cut == 0 {
								whole = got
							}
							if got != whole {
								t.Errorf("cut at %d of %d:\n%s\nwhole:\n%s", cut, len(wire), got, whole)
							}
							more = cut < len(wire)
						})
						if !more {
							break
						}
					}
				})
			}
		}
	}
}

// unmasked returns the frames of b as if they had not been masked.
func unmasked(b []byte) (plain []byte) {
	for r := bytes.NewReader(b); r.Len() > 0; {
		f, _, err := wstest.ReadFrame(r)
		if err != nil {
			return append(plain, err.Error()...)
		}
		plain = f.Append(plain)
	}
	return plain
}

// TestPromise04DefaultLimitIsOneMiB: with zero Options a message of exactly 1 MiB passes,
// and one of a byte more ends the connection with 1009: whole, in fragments, compressed.
func TestPromise04DefaultLimitIsOneMiB(t *testing.T) {
	const limit = 1 << 20
	plain := func(n int) (frames []wstest.Frame) { return []wstest.Frame{wstest.Binary(make([]byte, n))} }
	fragments := func(n int) (frames []wstest.Frame) {
		frames = append(frames, wstest.Binary(nil).More())
		for n > 0 {
			piece := min(n, 60_000)
			n -= piece
			frames = append(frames, wstest.Continuation(string(make([]byte, piece))).More())
		}
		return append(frames, wstest.Continuation(""))
	}
	compressed := func(n int) []wstest.Frame { return wstest.CompressedFrames(codec.OpBinary, wstest.Bomb(n), 100) }
	for name, frames := range map[string]func(n int) []wstest.Frame{"whole": plain, "in fragments": fragments, "compressed": compressed} {
		for n, passes := range map[int]bool{limit: true, limit + 1: false} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, n), func(t *testing.T) {
				inEveryFormAfter(t, websocket.Handshake{Extensions: withTakeover}, compressedOptions(0), func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
					sizes := []int{}
					reading := begin(func() error {
						return read(func(_ websocket.Opcode, p []byte) { sizes = append(sizes, len(p)) })
					})
					go tc.peer.Write(append(tc.wire(frames(n)...), tc.wire(wstest.Close(1000, ""))...))
					want := wstest.Close(1009, codec.ErrMessageTooBig.Rule())
					if passes {
						want = wstest.Close(1000, "")
					}
					tc.wantFrame("the limit is kept", want)
					tc.peer.Close()
					reading.wait()
					if got, want := fmt.Sprint(sizes), map[bool]string{true: fmt.Sprint([]int{n}), false: "[]"}[passes]; got != want {
						tc.t.Errorf("messages of %v bytes were received, want %v", got, want)
					}
				})
			})
		}
	}
}

// TestPromise04MessagesAreWholeAndInOrder sends messages of all sizes, in all ways, over
// a transport that cuts them anywhere, and receives them in all ways: none is cut short,
// merged with another, or out of order.
func TestPromise04MessagesAreWholeAndInOrder(t *testing.T) {
	for _, agreed := range []string{"", withTakeover, withoutTakeover} {
		for _, from := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
			t.Run(fmt.Sprintf("from a %v, %q", from, agreed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					near, far := pipe.New()
					opts := compressedOptions(0)
					sent := make(chan struct{})
					defer func() { <-sent }()
					sender := testkit.NewConn(near, from, websocket.Handshake{Extensions: agreed}, opts)
					receiver := testkit.NewConn(wstest.Chop(far, 1, 4000, 13, 65_536, 126), from.Peer(), websocket.Handshake{Extensions: agreed}, opts)
					defer sender.CloseNow()
					defer receiver.CloseNow()
					r := rand.New(rand.NewPCG(4, uint64(from)))
					var want [][]byte
					for i := range 200 {
						n := []int{0, 1, 125, 126, 127, codec.MaxWhole - 1, codec.MaxWhole, codec.MaxWhole + 1, 65_535, 65_536}[i%10]
						if i%3 == 0 {
							n = r.IntN(200_000)
						}
						p := append([]byte(fmt.Sprint(i, " ")), bytes.Repeat([]byte("position 1,2,3; "), n/16+1)[:n]...)
						for at := r.IntN(40); at < len(p); at += 1 + r.IntN(40) {
							p[at] = byte('a' + r.IntN(26))
						}
						want = append(want, p)
					}
					go func() {
						defer close(sent)
						for i, p := range want {
							if err := sendSomehow(sender, i%6, p); err != nil {
								t.Errorf("message %d is not sent: %v", i, err)
								return
							}
						}
						sender.Flush(background)
					}()
					for i, p := range want {
						got, err := readSomehow(receiver, i%3)
						if err != nil || !bytes.Equal(got, p) {
							t.Fatalf("message %d is %.30q… of %d bytes, %v\nwant %.30q… of %d", i, got, len(got), err, p, len(p))
						}
					}
					<-sent // before the sender is closed
				})
			})
		}
	}
}

// sendSomehow sends p in one of six ways.
func sendSomehow(c *websocket.Conn, way int, p []byte) error {
	const op = websocket.OpBinary
	switch way {
	case 0:
		return c.Write(background, op, p)
	case 1:
		return c.WriteUncompressed(background, op, p)
	case 2:
		return c.Queue(background, op, p)
	case 3:
		m, err := websocket.Prepare(op, p)
		if err != nil {
			return err
		}
		return c.WritePrepared(background, m)
	case 4:
		m, err := websocket.Prepare(op, p)
		if err != nil {
			return err
		}
		for n := 0; n == 0 && err == nil; {
			if n, err = c.TryWritePrepared(m); n == 0 {
				c.Flush(background)
			}
		}
		return err
	}
	w, err := c.Writer(background, op)
	if err != nil {
		return err
	}
	for piece := range wstest.Pieces(p, 1, 10_000, 30_000) {
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	return w.Close()
}

// readSomehow reads a message in one of three ways.
func readSomehow(c *websocket.Conn, way int) (p []byte, err error) {
	switch way {
	case 0:
		_, p, err = c.Read(background)
	case 1:
		_, p, err = c.ReadAppend(background, nil)
	default:
		p, err = readStream(c, background)
	}
	return p, err
}

// TestPromise08TextIsRefusedAtOnce sends text byte by byte in frames that are not complete:
// it is refused with 1007 at the first byte that no valid text can go on from, and not
// before.
func TestPromise08TextIsRefusedAtOnce(t *testing.T) {
	for _, text := range []string{
		"\x80", "a\xBF", "\xC0\x80", "\xC1\xBF", "é\xFE", "\xFF", "\xC3\x28", "\xE0\x9F\xBF", "\xE2\x82a", "\xED\xA0\x80", "\xED\xBF\xBF",
		"\xEF\xBF\xBF\x80", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98a", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "κόσμε\xED\xA0\x80edited",
	} {
		fatal := 0 // the first byte that is impossible
		for fatal < len(text) && isBeginOfText(text[:fatal+1]) {
			fatal++
		}
		for _, fragment := range []int{100, 1} { // of one frame that claims more, and of frames of one byte
			t.Run(fmt.Sprintf("%q in frames of %d", text, fragment), func(t *testing.T) {
				inEveryForm(t, nil, func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
					reading := begin(func() error { return read(func(websocket.Opcode, []byte) { tc.t.Error("a message was delivered") }) })
					wire, header := tc.wire(wstest.Frame{Opcode: codec.OpText, Payload: []byte(text), Lie: int64(fragment)}), 0
					if fragment == 1 {
						wire = tc.wire(wstest.Text("").More())
						for i := range len(text) {
							wire = append(wire, tc.wire(wstest.Continuation(text[i:i+1]).More())...)
						}
						header = len(tc.wire(wstest.Text("").More()))
					} else {
						header = len(wire) - len(text)
					}
					size := (len(wire) - header) / len(text)
					tc.sendBytes(wire[:header])
					for i := range fatal {
						tc.sendBytes(wire[header+i*size : header+(i+1)*size])
						tc.wantIdle(fmt.Sprintf("text may go on behind %q", text[:i+1]))
					}
					tc.sendBytes(wire[header+fatal*size : header+(fatal+1)*size])
					tc.wantFrame("nothing can follow", wstest.Close(1007, codec.ErrText.Rule()))
					tc.peer.Close()
					if err := reading.wait(); !isViolation(err, codec.ErrText) {
						tc.t.Errorf("reading ended with %v, want ErrText", err)
					}
				})
			})
		}
	}
}

// isBeginOfText reports whether some valid text begins with s.
func isBeginOfText(s string) bool {
	rest := []string{"", "\x80", "\xA0", "\x80\x80", "\x90\x80", "\xA0\x80", "\x80\x80\x80", "\x90\x80\x80"}
	for _, r := range rest {
		if utf8.ValidString(s + r) {
			return true
		}
	}
	return false
}

// TestPromise08CloseReasons: a reason that is not UTF-8 ends the connection with 1007.
func TestPromise08CloseReasons(t *testing.T) {
	for _, reason := range []string{"\x80", "bye\xFF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "cut \xE2\x82"} {
		inEveryForm(t, nil, func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
			reading := begin(func() error { return read(func(websocket.Opcode, []byte) {}) })
			tc.send(wstest.Close(1000, reason))
			tc.wantFrame("the reason is judged", wstest.Close(1007, codec.ErrCloseReason.Rule()))
			tc.peer.Close()
			if err := reading.wait(); !isViolation(err, codec.ErrCloseReason) {
				tc.t.Errorf("reading ended with %v, want ErrCloseReason", err)
			}
		})
	}
}
