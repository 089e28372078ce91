package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// fill writes to the peer, who does not read, until somebody is stuck in sending,
// and returns what was written before it and the call that is stuck.
func (tc *testConn) fill() (written []wstest.Frame, stuck *call) {
	for i := range 100 {
		f := wstest.Binary(bytes.Repeat([]byte{byte(i)}, 10_000))
		written = append(written, f)
		stuck = begin(func() error { return tc.Write(background, websocket.OpBinary, f.Payload) })
		if tc.Pending() > 0 || !stuck.returned() {
			return written, stuck
		}
	}
	tc.t.Fatal("the peer's buffer does not fill up")
	return nil, nil
}

func TestWriteSendsOneFrame(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		for _, size := range []int{0, 1, 125, 126, 65_535, 65_536, 200_000} {
			want := wstest.Binary(wstest.BinaryPayload(size))
			write := begin(func() error { return tc.Write(background, websocket.OpBinary, want.Payload) })
			tc.wantFrame(fmt.Sprintf("%d bytes are one frame", size), want)
			tc.want("Write", write.wait(), nil)
			if !bytes.Equal(want.Payload, wstest.BinaryPayload(size)) {
				tc.t.Fatalf("Write changed its argument of %d bytes", size)
			}
		}
		for op := range websocket.Opcode(20) {
			if op != websocket.OpText && op != websocket.OpBinary {
				tc.want(fmt.Sprintf("opcode %d is no message", op), tc.Write(background, op, nil), websocket.ErrMessageType)
				tc.want(fmt.Sprintf("nor is it for Queue, opcode %d", op), tc.Queue(background, op, nil), websocket.ErrMessageType)
			}
		}
		tc.wantIdle("and is not sent")
	})
}

func TestConcurrentWritersKeepMessagesWhole(t *testing.T) {
	const writers, each = 20, 20
	inBothRoles(t, nil, func(tc *testConn) {
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := range each {
					p := bytes.Repeat([]byte{byte(w), byte(i)}, 1+w*i*10)
					if err := tc.Write(background, websocket.OpBinary, p); err != nil {
						tc.t.Errorf("Write: %v", err)
					}
				}
			})
		}
		var next [writers]int
		for range writers * each {
			f, _, err := wstest.ReadFrame(tc.peer)
			if err != nil {
				tc.t.Fatal(err)
			}
			w := f.Payload[0]
			if want := bytes.Repeat([]byte{w, byte(next[w])}, 1+int(w)*next[w]*10); !bytes.Equal(f.Payload, want) {
				tc.t.Fatalf("writer %d sent %v as its message %d, of %d bytes", w, f, next[w], len(want))
			}
			next[w]++
		}
		group.Wait()
		tc.wantIdle("nothing else is sent")
	})
}

func TestControlFramesOvertakeData(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		written, stuck := tc.fill()
		tc.want("another message waits", tc.Write(background, websocket.OpText, []byte("behind")), nil)
		read := tc.beginRead(background)
		tc.send(wstest.Ping("1"), wstest.Ping("2"), wstest.Ping("3"))
		ping := begin(func() error {
			_, err := tc.Ping(background)
			return err
		})
		for _, f := range written {
			tc.wantFrame("what is being sent stays whole", f)
		}
		for _, payload := range []string{"1", "2", "3"} {
			tc.wantFrame("then come the Pongs", wstest.Pong(payload))
		}
		answer, err := tc.frame()
		if err != nil || answer.Opcode != wstest.Ping("").Opcode {
			tc.t.Fatalf("then our own Ping: got %v, %v", answer, err)
		}
		tc.wantFrame("and the message behind them", wstest.Text("behind"))
		tc.want("who was stuck", stuck.wait(), nil)
		tc.send(wstest.Pong(string(answer.Payload)), wstest.Text("x"))
		tc.want("Ping is answered", ping.wait(), nil)
		tc.want("reading goes on", read.wait(), nil)
	})
}

func TestQueueAndFlush(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		for _, s := range []string{"one", "two"} {
			tc.want("Queue", tc.Queue(background, websocket.OpText, []byte(s)), nil)
		}
		tc.wantIdle("what is queued waits")
		if tc.Pending() < len("onetwo") {
			tc.t.Errorf("Pending() = %d, want at least %d", tc.Pending(), len("onetwo"))
		}
		tc.want("Flush", tc.Flush(background), nil)
		tc.wantFrame("Flush sends it", wstest.Text("one"))
		tc.wantFrame("in order", wstest.Text("two"))
		if tc.Pending() != 0 {
			tc.t.Errorf("Pending() = %d after Flush, want 0", tc.Pending())
		}
		tc.want("Queue", tc.Queue(background, websocket.OpText, []byte("three")), nil)
		tc.want("Write", tc.Write(background, websocket.OpText, []byte("four")), nil)
		tc.wantFrame("a Write takes it along", wstest.Text("three"))
		tc.wantFrame("in front of itself", wstest.Text("four"))
		tc.want("Flush with nothing to do", tc.Flush(background), nil)
		tc.want("Queue", tc.Queue(background, websocket.OpText, []byte("five")), nil)
		read := tc.beginRead(background)
		tc.wantFrame("so does waiting for the peer, who may wait for it", wstest.Text("five"))
		large := wstest.Binary(make([]byte, 64<<10))
		queue := begin(func() error { return tc.Queue(background, websocket.OpBinary, large.Payload) })
		tc.wantFrame("much is not left waiting", large)
		tc.want("Queue", queue.wait(), nil)
		closing := begin(func() error { return tc.Close(websocket.StatusNormalClosure, "") })
		tc.wantFrame("Close", wstest.Close(1000, ""))
		tc.want("Queue after Close", tc.Queue(background, websocket.OpText, nil), websocket.ErrClosed)
		tc.send(wstest.Close(1000, ""))
		tc.peer.CloseWrite()
		tc.want("Close", closing.wait(), nil)
		read.wait()
		tc.want("Flush after the end", tc.Flush(background), websocket.ErrClosed)
	})
}

func TestFlushWaitsForThePeer(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		written, stuck := tc.fill()
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		tc.want("Flush ends with its context", tc.Flush(ctx), context.DeadlineExceeded)
		flush := begin(func() error { return tc.Flush(background) })
		if flush.returned() {
			tc.t.Fatalf("Flush returned %v while the peer had not caught up", flush.err)
		}
		for _, f := range written {
			tc.wantFrame("nothing is lost", f)
		}
		tc.want("Flush returns when the peer has caught up", flush.wait(), nil)
		tc.want("as does the write", stuck.wait(), nil)
	})
}

func TestWriteContext(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		written, stuck := tc.fill()
		var queued []wstest.Frame
		for tc.Pending() < 64<<10 { // MaxPending
			f := wstest.Binary(bytes.Repeat([]byte{0xEE}, 20_000))
			tc.want("a message may wait", tc.Write(background, websocket.OpBinary, f.Payload), nil)
			queued = append(queued, f)
		}
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		start := time.Now()
		tc.want("one too many ends with its context", tc.Write(ctx, websocket.OpText, []byte("lost")), context.DeadlineExceeded)
		tc.took("at its deadline", start, time.Second)
		ctx, cancel = context.WithCancel(background)
		waiting := begin(func() error { return tc.Write(ctx, websocket.OpText, []byte("lost")) })
		patient := begin(func() error { return tc.Write(background, websocket.OpText, []byte("patient")) })
		cancel()
		tc.want("or when it is cancelled", waiting.wait(), context.Canceled)
		if patient.returned() {
			tc.t.Fatalf("another writer's context ended this one: %v", patient.err)
		}
		for _, f := range append(written, queued...) {
			tc.wantFrame("the connection is whole", f)
		}
		tc.wantFrame("and lost nothing that was taken", wstest.Text("patient"))
		tc.want("the patient one", patient.wait(), nil)
		tc.want("and the stuck one", stuck.wait(), nil)
		tc.wantIdle("what was given up never comes")
	})
}

func TestWriteTimeoutCuts(t *testing.T) {
	inBothRoles(t, &websocket.Options{WriteTimeout: 3 * time.Second, PingInterval: -1}, func(tc *testConn) {
		start := time.Now()
		_, stuck := tc.fill()
		waiting := begin(func() error { return tc.Flush(background) })
		read := tc.beginRead(background)
		tc.want("the write fails", stuck.wait(), websocket.ErrTimeout)
		tc.took("after WriteTimeout", start, 3*time.Second)
		if ne, ok := errors.AsType[net.Error](stuck.err); !ok || !ne.Timeout() {
			tc.t.Errorf("the error %v is no timeout in the sense of net.Error", stuck.err)
		}
		tc.want("so does whoever waits", waiting.wait(), websocket.ErrTimeout)
		tc.want("and the read, for the same reason", read.wait(), websocket.ErrTimeout)
		tc.want("the next write repeats it", tc.Write(background, websocket.OpText, nil), websocket.ErrTimeout)
		if got := websocket.CloseStatus(read.err); got != websocket.StatusAbnormalClosure {
			tc.t.Errorf("CloseStatus(%v) = %d, want 1006: no Close frame was sent", read.err, got)
		}
	})
}

func TestPrepared(t *testing.T) {
	for _, size := range []int{0, 5, 126, 20_000, 70_000} {
		p := wstest.TextPayload(size)
		m, err := websocket.Prepare(websocket.OpText, p)
		if err != nil {
			t.Fatal(err)
		}
		clear(p) // it was copied
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				want := wstest.Text(string(wstest.TextPayload(size)))
				for range 3 {
					write := begin(func() error { return tc.WritePrepared(background, m) })
					tc.wantFrame("a prepared message arrives", want)
					tc.want("WritePrepared", write.wait(), nil)
				}
				tc.CloseNow()
				tc.want("but not after the end", tc.WritePrepared(background, m), websocket.ErrClosed)
			})
		})
	}
	if _, err := websocket.Prepare(websocket.Opcode(8), nil); err != websocket.ErrMessageType {
		t.Errorf("Prepare(8) = %v, want ErrMessageType", err)
	}
}

// TestMaskingKeysAreFresh draws 8192 keys: two may be equal by chance (one time
// in 128), four must not be, and each bit is set about as often as not.
func TestMaskingKeysAreFresh(t *testing.T) {
	const n = 8192
	inBubble(t, websocket.RoleClient, nil, func(tc *testConn) {
		seen := map[[4]byte]int{}
		var bits [32]int
		for range n {
			tc.want("Write", tc.Write(background, websocket.OpText, nil), nil)
			var frame [6]byte
			if _, err := tc.peer.Read(frame[:]); err != nil {
				tc.t.Fatal(err)
			}
			key := [4]byte(frame[2:])
			seen[key]++
			for i := range bits {
				bits[i] += int(key[i/8]>>(i%8)) & 1
			}
		}
		if len(seen) < n-1 {
			tc.t.Errorf("%d frames had %d different masking keys", n, len(seen))
		}
		for i, set := range bits { // 10 standard deviations are 453
			if set < n/2-453 || set > n/2+453 {
				tc.t.Errorf("bit %d of the masking key is set %d times of %d", i, set, n)
			}
		}
	})
}

func TestPipe(t *testing.T) {
	client, server := websocket.Pipe(&websocket.Options{MaxMessage: 10})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(forms["events"]) }()
	if err := client.Write(background, websocket.OpText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if op, p, err := client.Read(background); op != websocket.OpText || string(p) != "hello" || err != nil {
		t.Errorf("Read() = %v, %q, %v; want the echo", op, p, err)
	}
	client.Write(background, websocket.OpText, []byte(strings.Repeat("x", 11)))
	if _, _, err := client.Read(background); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("Read() = %v, want a Close frame with 1009: the options are for both ends", err)
	}
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("Serve() = %v, want ErrMessageTooBig", err)
	}
	if err := client.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
}
