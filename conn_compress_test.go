package websocket_test

import (
	"bytes"
	"context"
	"io"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/pool"
)

// compressions are the settings that compressed connections are tested with.
var compressions = map[string]websocket.Compression{
	"default":                {},
	"takeover":               {Takeover: true},
	"takeover, small window": {Takeover: true, WindowBits: 8},
	"better, everything":     {Takeover: true, Level: 5, Threshold: -1},
}

// withCompression runs f for all of compressions, with the two ends of a connection
// of which one echoes.
func withCompression(t *testing.T, f func(t *testing.T, c *websocket.Conn)) {
	for name, z := range compressions {
		t.Run(name, func(t *testing.T) {
			for form, serve := range echoForms {
				t.Run(form, func(t *testing.T) {
					client, server := websocket.Pipe(&websocket.Options{Compression: &z, MaxMessage: 8 << 20})
					done := make(chan struct{})
					go func() { defer close(done); serve(server) }()
					defer func() { client.CloseNow(); <-done }()
					f(t, client)
				})
			}
		})
	}
}

var echoForms = map[string]func(c *websocket.Conn){
	"events": func(c *websocket.Conn) { c.Serve(echoing{}) },
	"blocking": func(c *websocket.Conn) {
		defer c.CloseNow()
		for m, err := range c.Messages(context.Background()) {
			if err != nil || c.Write(context.Background(), m.Opcode, m.Payload) != nil {
				return
			}
		}
	},
	"streams": func(c *websocket.Conn) {
		defer c.CloseNow()
		for {
			op, r, err := c.Reader(context.Background())
			if err != nil {
				return
			}
			w, err := c.Writer(context.Background(), op)
			if err != nil {
				return
			}
			if _, err := io.Copy(w, r); err != nil || w.Close() != nil {
				return
			}
		}
	},
}

type echoing struct{}

func (echoing) Open(*websocket.Conn) {}
func (echoing) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
}
func (echoing) Close(*websocket.Conn, error) {}

func TestCompressedEcho(t *testing.T) {
	ctx := context.Background()
	withCompression(t, func(t *testing.T, c *websocket.Conn) {
		if !strings.HasPrefix(c.Extensions(), "permessage-deflate") {
			t.Fatalf("Extensions() = %q, want permessage-deflate", c.Extensions())
		}
		for _, n := range []int{0, 1, 100, 511, 512, 4096, 70_000, 400_000, 600} {
			want := chatter(n)
			m, err := websocket.Prepare(websocket.OpBinary, want)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				c.Write(ctx, websocket.OpText, want)
				c.WritePrepared(ctx, m)
				c.WriteUncompressed(ctx, websocket.OpText, want)
			}()
			for i, sent := range []websocket.Opcode{websocket.OpText, websocket.OpBinary, websocket.OpText} {
				if op, p, err := c.Read(ctx); err != nil || op != sent || !bytes.Equal(p, want) {
					t.Fatalf("Read of echo %d = %v, %d bytes, %v; want %v of %d bytes", i, op, len(p), err, sent, n)
				}
			}
		}
	})
}

// Streams at both ends of the echo: pieces of every size, read by small steps.
func TestCompressedStreams(t *testing.T) {
	ctx := context.Background()
	withCompression(t, func(t *testing.T, c *websocket.Conn) {
		for _, n := range []int{0, 10, 16 << 10, 16<<10 + 1, 100_000} {
			want := chatter(n)
			w, err := c.Writer(ctx, websocket.OpText)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for p := want; len(p) > 0; {
					k := min(len(p), 7777)
					w.Write(p[:k])
					p = p[k:]
				}
				w.Close()
			}()
			_, r, err := c.Reader(ctx)
			if err != nil {
				t.Fatalf("Reader: %v", err)
			}
			var got bytes.Buffer
			if _, err := io.CopyBuffer(&got, struct{ io.Reader }{r}, make([]byte, 1000)); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Fatalf("stream of %d bytes: %d bytes, %v", n, got.Len(), err)
			}
		}
	})
}

// A stream that is left half-way, and a read that was cancelled half-way, cost
// nothing but the time.
func TestCompressedStreamLeft(t *testing.T) {
	ctx := context.Background()
	withCompression(t, func(t *testing.T, c *websocket.Conn) {
		for range 2 {
			want := chatter(100_000)
			if err := c.Write(ctx, websocket.OpText, want); err != nil {
				t.Fatal(err)
			}
			if err := c.Write(ctx, websocket.OpText, want[:1000]); err != nil {
				t.Fatal(err)
			}
			_, r, err := c.Reader(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, 50_000)); err != nil {
				t.Fatal(err)
			}
			if _, p, err := c.Read(ctx); err != nil || !bytes.Equal(p, want[:1000]) {
				t.Fatalf("Read behind a stream that was left: %d bytes, %v", len(p), err)
			}
		}
	})
}

// TestCompressedEchoAllocatesNothing counts the allocations of both ends, as
// TestEchoAllocatesNothing does.
func TestCompressedEchoAllocatesNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection in between would empty the pools
	for name, z := range compressions {
		opts := websocket.Options{Compression: &z}
		for _, form := range []string{"events", "blocking"} {
			addr := serve(t, &websocket.Server{Handler: forms[form], Options: opts})
			c, err := websocket.Dial(background, "ws://"+addr, &websocket.DialOptions{Options: opts})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{600, 16 << 10, 300_000} {
				p := chatter(n)
				m, err := websocket.Prepare(websocket.OpText, p)
				if err != nil {
					t.Fatal(err)
				}
				echo := func() {
					c.Write(background, websocket.OpText, p)
					c.WritePrepared(background, m)
					for range 2 {
						if _, got, err := c.Read(background); err != nil || !bytes.Equal(got, p) {
							t.Fatalf("%s, %s: Read() = %d bytes, %v; want the echo of %d", name, form, len(got), err, n)
						}
					}
				}
				for range 20 { // buffers and pools find their sizes
					echo()
				}
				if got := allocations(20, 0, echo); got != 0 {
					t.Errorf("%s, %s: two round trips of %d bytes allocate %v times, want 0", name, form, n, got)
				}
			}
			c.CloseNow()
		}
	}
}
