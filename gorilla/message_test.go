package websocket

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket/codec"
)

var (
	plain       = settings{"uncompressed", &Upgrader{}, &Dialer{}}
	small       = settings{"small buffers", &Upgrader{ReadBufferSize: 1, WriteBufferSize: 100}, &Dialer{ReadBufferSize: 1, WriteBufferSize: 100}}
	compressing = settings{"compressed", &Upgrader{EnableCompression: true}, &Dialer{EnableCompression: true}}
	pooled      = settings{"own pool", &Upgrader{WriteBufferPool: &sync.Pool{}}, &Dialer{WriteBufferPool: &sync.Pool{}}}
)

type settings struct {
	name string
	u    *Upgrader
	d    *Dialer
}

// sizes are around all that sizes of headers and of buffers depend on.
var sizes = []int{0, 1, 9, 10, 11, 125, 126, 4081, 4082, 4083, 4096, 4097, 8193, 16384, 16385, 32768, 32769, 65535, 65536, 200_000, 1 << 20}

func TestMessages(t *testing.T) {
	ways := []struct {
		name  string
		write func(c *Conn, messageType int, p []byte) error
	}{
		{"WriteMessage", (*Conn).WriteMessage},
		{"NextWriter", func(c *Conn, messageType int, p []byte) error {
			w, err := c.NextWriter(messageType)
			if err != nil {
				return err
			}
			if _, err := w.Write(p); err != nil {
				return err
			}
			return w.Close()
		}},
		{"pieces", func(c *Conn, messageType int, p []byte) error {
			w, err := c.NextWriter(messageType)
			if err != nil {
				return err
			}
			for s := string(p); len(s) > 0; {
				n := min(len(s), 1000)
				if m, err := io.WriteString(w, s[:n]); m != n || err != nil {
					return errors.Join(err, io.ErrShortWrite)
				}
				s = s[n:]
			}
			return w.Close()
		}},
		{"ReadFrom", func(c *Conn, messageType int, p []byte) error {
			w, err := c.NextWriter(messageType)
			if err != nil {
				return err
			}
			if n, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(p)}); n != int64(len(p)) || err != nil {
				return errors.Join(err, io.ErrShortWrite)
			}
			return w.Close()
		}},
		{"prepared", func(c *Conn, messageType int, p []byte) error {
			pm, err := NewPreparedMessage(messageType, p)
			if err != nil {
				return err
			}
			return c.WritePreparedMessage(pm)
		}},
	}
	for _, s := range []settings{plain, small, compressing, pooled} {
		for _, way := range ways {
			t.Run(s.name+"/"+way.name, func(t *testing.T) {
				ends(t, s.u, s.d, func(t *testing.T, c, peer *Conn) {
					for _, size := range sizes {
						p := text(size)
						written := make(chan error, 1)
						go func() { written <- errors.Join(way.write(c, TextMessage, p), way.write(c, BinaryMessage, p)) }()
						wantMessage(t, peer, TextMessage, p)
						messageType, r, err := peer.NextReader()
						if messageType != BinaryMessage || err != nil {
							t.Fatalf("NextReader() = %d, %v", messageType, err)
						}
						got, err := io.ReadAll(r)
						if !bytes.Equal(got, p) || err != nil {
							t.Errorf("a reader gave %d bytes, %v, want %d", len(got), err, size)
						}
						if err := <-written; err != nil {
							t.Errorf("writing %d bytes: %v", size, err)
						}
					}
				})
			})
		}
	}
}

func TestFrameSizes(t *testing.T) {
	server, client := codec.Server, codec.Client
	const size = 100 // of the write buffer
	whole := func(c *Conn, p []byte) { c.WriteMessage(TextMessage, p) }
	once := func(c *Conn, p []byte) {
		w, _ := c.NextWriter(TextMessage)
		w.Write(p)
		w.Close()
	}
	bytewise := func(c *Conn, p []byte) {
		w, _ := c.NextWriter(TextMessage)
		for i := range p {
			w.Write(p[i : i+1])
		}
		w.Close()
	}
	prepared := func(c *Conn, p []byte) {
		pm, _ := NewPreparedMessage(TextMessage, p)
		c.WritePreparedMessage(pm)
	}
	for _, tt := range []struct {
		name  string
		role  codec.Role
		write func(c *Conn, p []byte)
		bytes int
		want  []int
	}{
		{"server, WriteMessage", server, whole, 1000, []int{1000}},
		{"client, WriteMessage", client, whole, 250, []int{100, 100, 50}},
		{"client, WriteMessage of full frames", client, whole, 200, []int{100, 100}},
		{"client, empty", client, whole, 0, []int{0}},
		{"server, NextWriter", server, once, 150, []int{100, 50}},
		{"server, NextWriter, more than two buffers", server, once, 300, []int{300, 0}},
		{"client, NextWriter, more than two buffers", client, once, 300, []int{100, 100, 100}},
		{"server, byte by byte", server, bytewise, 201, []int{100, 100, 1}},
		{"client, byte by byte", client, bytewise, 200, []int{100, 100}},
		{"server, prepared", server, prepared, 1000, []int{1000}},
		{"client, prepared", client, prepared, 150, []int{100, 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := raw(t, tt.role, &Upgrader{WriteBufferSize: size}, &Dialer{WriteBufferSize: size})
			tt.write(c, text(tt.bytes))
			var got []byte
			for i, want := range tt.want {
				h, p := peer.frame(t)
				op := codec.OpContinuation
				if i == 0 {
					op = codec.OpText
				}
				if int(h.Length) != want || h.Opcode != op || h.Fin != (i == len(tt.want)-1) || h.RSV != 0 {
					t.Errorf("frame %d is %+v, want %v of %d bytes", i, h, op, want)
				}
				got = append(got, p...)
			}
			if !bytes.Equal(got, text(tt.bytes)) {
				t.Error("the frames are not the message")
			}
		})
	}
}

// A reader or a writer that is kept for too long does not reach the next message.
func TestKeptTooLong(t *testing.T) {
	for _, s := range []settings{plain, compressing} {
		t.Run(s.name, func(t *testing.T) {
			ends(t, s.u, s.d, func(t *testing.T, c, peer *Conn) {
				open, _ := c.NextWriter(TextMessage)
				io.WriteString(open, "first")
				next, err := c.NextWriter(TextMessage)
				if err != nil {
					t.Fatalf("NextWriter() = %v", err)
				}
				if n, err := open.Write([]byte("lost")); n != 0 || err == nil {
					t.Errorf("Write to an ended message = %d, %v, want an error", n, err)
				}
				if err := open.Close(); err == nil {
					t.Error("Close of an ended message = nil, want an error")
				}
				io.WriteString(next, "second")
				write(t, c, TextMessage, []byte("third"))
				if next.Close() == nil {
					t.Error("WriteMessage left the open message open")
				}
				_, first, _ := peer.NextReader()
				part := make([]byte, 2)
				io.ReadFull(first, part)
				_, second, err := peer.NextReader()
				if err != nil {
					t.Fatalf("NextReader() = %v", err)
				}
				if n, err := first.Read(part); n != 0 || err != io.EOF {
					t.Errorf("the skipped message's reader gives %d, %v, want io.EOF", n, err)
				}
				if p, err := io.ReadAll(second); string(p) != "second" || err != nil {
					t.Errorf("the second message is %q, %v", p, err)
				}
				wantMessage(t, peer, TextMessage, []byte("third"))
				if n, err := second.Read(part); n != 0 || err != io.EOF {
					t.Errorf("a reader after its end gives %d, %v, want io.EOF", n, err)
				}
			})
		})
	}
}

func TestConcurrentWriteMessage(t *testing.T) {
	ends(t, small.u, small.d, func(t *testing.T, c, peer *Conn) {
		const writers, each = 8, 50
		for i := range writers {
			go func() {
				for range each {
					c.WriteMessage(TextMessage, bytes.Repeat([]byte{byte('a' + i)}, 100))
				}
			}()
		}
		for range writers * each {
			_, p, err := peer.ReadMessage()
			if err != nil || len(p) != 100 || strings.Trim(string(p), string(p[:1])) != "" {
				t.Fatalf("ReadMessage() = %q, %v, want 100 equal letters", p, err)
			}
		}
	})
}

// countingPool counts what it lends.
type countingPool struct {
	sync.Pool
	gets, puts int
}

func (p *countingPool) Get() any  { p.gets++; return p.Pool.Get() }
func (p *countingPool) Put(x any) { p.puts++; p.Pool.Put(x) }

func TestWriteBufferPool(t *testing.T) {
	var p countingPool
	c, _ := raw(t, codec.Server, &Upgrader{WriteBufferPool: &p}, &Dialer{})
	if p.gets != 0 {
		t.Errorf("a new connection holds %d buffers", p.gets)
	}
	w, _ := c.NextWriter(TextMessage)
	if p.gets != 1 || p.puts != 0 {
		t.Errorf("while a message is open: %d taken, %d put back, want 1, 0", p.gets, p.puts)
	}
	w.Close()
	write(t, c, TextMessage, []byte("x"))
	if p.gets != 2 || p.puts != 2 {
		t.Errorf("after two messages: %d taken, %d put back, want 2, 2", p.gets, p.puts)
	}
}

func TestPreparedMessage(t *testing.T) {
	for _, tt := range []struct {
		name        string
		messageType int
		data        []byte
		ok          bool
	}{
		{"text", TextMessage, []byte("x"), true},
		{"Ping", PingMessage, make([]byte, 125), true},
		{"Ping, too long", PingMessage, make([]byte, 126), false},
		{"no type", 0, nil, false},
	} {
		if _, err := NewPreparedMessage(tt.messageType, tt.data); (err == nil) != tt.ok {
			t.Errorf("%s: NewPreparedMessage() = %v", tt.name, err)
		}
	}
	data := []byte("as it was prepared")
	pm, _ := NewPreparedMessage(TextMessage, data)
	copy(data, "changed afterwards")
	for _, s := range []settings{plain, compressing} {
		ends(t, s.u, s.d, func(t *testing.T, c, peer *Conn) {
			for _, level := range []int{1, 9, 0, -1, -2} {
				c.SetCompressionLevel(level)
				if err := c.WritePreparedMessage(pm); err != nil {
					t.Errorf("WritePreparedMessage() = %v", err)
				}
				wantMessage(t, peer, TextMessage, []byte("as it was prepared"))
			}
			closing, _ := NewPreparedMessage(CloseMessage, FormatCloseMessage(CloseGoingAway, ""))
			c.WritePreparedMessage(closing)
			if err := c.WritePreparedMessage(pm); err != ErrCloseSent {
				t.Errorf("WritePreparedMessage after Close = %v, want ErrCloseSent", err)
			}
		})
	}
}
