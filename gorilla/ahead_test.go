package websocket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Small reads return the message, whatever the sizes of its frames and of the reads are.
func TestSmallReads(t *testing.T) {
	want := text(150_000)
	for _, size := range []int{100, 4096, 5000, 16 << 10, 100_000, 150_000} {
		for _, room := range []int{1, 500, 4096, 20_000} {
			t.Run(fmt.Sprintf("frames of %d, reads of %d", size, room), func(t *testing.T) {
				t.Parallel()
				roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
					go func() {
						h := codec.Header{Opcode: codec.OpText}
						for rest := want; len(rest) > 0; h.Opcode = codec.OpContinuation {
							part := rest[:min(len(rest), size)]
							rest = rest[len(part):]
							h.Fin = len(rest) == 0
							peer.send(t, h, string(part))
						}
						peer.send(t, final(codec.OpText), "next")
					}()
					_, r, err := c.NextReader()
					var got bytes.Buffer
					for p := make([]byte, room); err == nil; {
						var n int
						n, err = r.Read(p)
						got.Write(p[:n])
					}
					if err != io.EOF || !bytes.Equal(got.Bytes(), want) {
						t.Errorf("%d bytes, %v, want the message of %d bytes", got.Len(), err, len(want))
					}
					wantMessage(t, c, TextMessage, []byte("next"))
				})
			})
		}
	}
}

// The rest of a message is skipped, also if a part of it was read ahead.
func TestSkipAhead(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		go func() {
			for range 3 {
				peer.send(t, final(codec.OpBinary), string(make([]byte, 30_000)))
			}
			peer.send(t, final(codec.OpText), "last")
		}()
		for _, n := range []int{5000, 20_000, 29_999} {
			_, r, err := c.NextReader()
			for ; n > 0 && err == nil; n-- {
				_, err = io.ReadFull(r, make([]byte, 1))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		wantMessage(t, c, TextMessage, []byte("last"))
	})
}

// Bytes that were read before the connection ended are returned before the error.
func TestEndAfterAhead(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		frame := codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpBinary, Masked: peer.mask}, make([]byte, 30_000))
		peer.Write(frame[:20_000])
		peer.Close()
		_, r, err := c.NextReader()
		got := 0
		for err == nil {
			var n int
			n, err = r.Read(make([]byte, 100))
			got += n
		}
		header := len(frame) - 30_000
		if got != 20_000-header || !IsCloseError(err, CloseAbnormalClosure) {
			t.Errorf("%d bytes, %v, want %d bytes and status 1006", got, err, 20_000-header)
		}
	})
}

// countingConn counts the calls of Read and Write.
type countingConn struct {
	net.Conn
	reads, writes atomic.Int32
}

func (c *countingConn) Read(p []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(p)
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// counted returns a client whose connection counts calls, and its peer. What one call writes, a
// large read returns.
func counted(t *testing.T) (*Conn, *countingConn, *rawPeer) {
	t.Helper()
	ours, theirs := net.Pipe()
	nc := &countingConn{Conn: ours}
	c := newConn(nc, codec.Client, bufferSizes{}, nil)
	peer := &rawPeer{theirs, nil, false}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return c, nc, peer
}

// A long frame takes few reads from the network, even if the application's reads are small.
func TestSmallReadsAreFew(t *testing.T) {
	c, nc, peer := counted(t)
	go peer.Write(codec.AppendFrame(nil, final(codec.OpBinary), make([]byte, 16<<10)))
	_, r, err := c.NextReader()
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, 500))
	if n != 16<<10 || err != nil {
		t.Errorf("Copy = %d, %v", n, err)
	}
	if got := nc.reads.Load(); got != 2 {
		t.Errorf("%d reads from the network, want 2", got)
	}
}

// Frames that one call fills are sent with few writes to the network.
func TestFramesAreSentTogether(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(w io.Writer, echo io.Reader) (int64, error)
		want  int32 // writes, and one for Close
	}{
		{"a short Write", func(w io.Writer, _ io.Reader) (int64, error) { return length(w.Write(make([]byte, 4096))) }, 0},
		{"a Write of two frames", func(w io.Writer, _ io.Reader) (int64, error) { return length(w.Write(make([]byte, 8192))) }, 1},
		{"a long Write", func(w io.Writer, _ io.Reader) (int64, error) { return length(w.Write(make([]byte, 16<<10))) }, 1},
		{"WriteString", func(w io.Writer, _ io.Reader) (int64, error) {
			return length(io.WriteString(w, strings.Repeat("x", 16<<10)))
		}, 1},
		{"io.Copy of a received message", io.Copy, 1},
		{"io.Copy of a reader that might wait", func(w io.Writer, r io.Reader) (int64, error) { return io.Copy(w, struct{ io.Reader }{r}) }, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, nc, peer := counted(t)
			go io.Copy(io.Discard, peer)
			go peer.Write(codec.AppendFrame(nil, final(codec.OpBinary), make([]byte, 16<<10)))
			_, r, err := c.NextReader()
			if err != nil {
				t.Fatal(err)
			}
			w, err := c.NextWriter(BinaryMessage)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := tt.write(w, r); n < 4096 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			if got := nc.writes.Load(); got != tt.want {
				t.Errorf("%d writes to the network, want %d", got, tt.want)
			}
			if err := w.Close(); err != nil || nc.writes.Load() != tt.want+1 {
				t.Errorf("Close = %v, then %d writes, want one more", err, nc.writes.Load())
			}
		})
	}
}

func length(n int, err error) (int64, error) { return int64(n), err }

// A full frame is sent before the echo waits for the rest of a received message.
func TestEchoDoesNotHoldFrames(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		frame := codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpBinary, Masked: peer.mask}, make([]byte, 30_000))
		peer.Write(frame[:20_000])
		echoed := make(chan error)
		go func() {
			_, r, _ := c.NextReader()
			w, _ := c.NextWriter(BinaryMessage)
			_, err := io.Copy(w, r)
			echoed <- errors.Join(err, w.Close())
		}()
		got := 0
		for got < 16_000 {
			_, p := peer.frame(t)
			got += len(p)
		}
		peer.Write(frame[20_000:])
		for got < 30_000 {
			_, p := peer.frame(t)
			got += len(p)
		}
		if err := <-echoed; err != nil {
			t.Error(err)
		}
	})
}

// Queued frames that cannot be sent end the message.
func TestQueuedFramesFail(t *testing.T) {
	c, nc, _ := counted(t)
	w, err := c.NextWriter(BinaryMessage)
	if err != nil {
		t.Fatal(err)
	}
	nc.SetWriteDeadline(time.Unix(1, 0))
	c.SetWriteDeadline(time.Unix(1, 0))
	n, err := w.Write(make([]byte, 1<<20))
	if e, ok := errors.AsType[net.Error](err); n != 0 || !ok || !e.Timeout() {
		t.Errorf("Write = %d, %v, want a timeout", n, err)
	}
	if again := w.Close(); again != err {
		t.Errorf("Close = %v, want %v", again, err)
	}
	if _, again := c.NextWriter(BinaryMessage); again != err {
		t.Errorf("NextWriter = %v, want %v", again, err)
	}
}
