package websocket

import (
	"bytes"
	"io"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

func TestCompressionSwitches(t *testing.T) {
	long := bytes.Repeat(text(100), 1000)
	for _, tt := range []struct {
		name  string
		set   func(c *Conn)
		p     []byte
		wants bool
	}{
		{"as agreed", func(*Conn) {}, long, true},
		{"switched off", func(c *Conn) { c.EnableWriteCompression(false) }, long, false},
		{"switched on again", func(c *Conn) { c.EnableWriteCompression(false); c.EnableWriteCompression(true) }, long, true},
		{"level 0", func(c *Conn) { c.SetCompressionLevel(0) }, long, false},
		{"level 9", func(c *Conn) { c.SetCompressionLevel(9) }, long, true},
		{"no smaller", func(*Conn) {}, []byte("x"), false},
	} {
		for _, role := range []codec.Role{codec.Server, codec.Client} {
			t.Run(tt.name+", "+role.String(), func(t *testing.T) {
				c, peer := raw(t, role, compressing.u, compressing.d)
				tt.set(c)
				write(t, c, TextMessage, tt.p)
				w, _ := c.NextWriter(TextMessage)
				for part := tt.p; len(part) > 0; part = part[min(len(part), 5000):] {
					w.Write(part[:min(len(part), 5000)])
				}
				w.Close()
				for _, way := range []string{"WriteMessage", "NextWriter"} {
					got, packed, sent := receiveMessage(t, peer)
					if !bytes.Equal(got, tt.p) || packed != tt.wants || packed && sent > len(tt.p)/10 {
						t.Errorf("%s sent %d of %d bytes, compressed: %v, want %v", way, sent, len(tt.p), packed, tt.wants)
					}
				}
			})
		}
	}
}

// receiveMessage receives a message, and reports whether it was compressed and how
// many bytes of payload were sent.
func receiveMessage(t *testing.T, peer *rawPeer) (message []byte, packed bool, sent int) {
	t.Helper()
	var z deflate.Decompressor
	for first := true; ; first = false {
		h, p := peer.frame(t)
		sent += len(p)
		if first {
			packed = h.RSV == codec.RSV1
		} else if h.RSV != 0 {
			t.Errorf("a continuation has reserved bits %d", h.RSV)
		}
		if packed {
			inflated, err := z.Write(p, h.Fin)
			if err != nil {
				t.Fatalf("inflating: %v", err)
			}
			p = inflated
		}
		message = append(message, p...)
		if h.Fin {
			return message, packed, sent
		}
	}
}

func TestCompressionLevels(t *testing.T) {
	ends(t, compressing.u, compressing.d, func(t *testing.T, c, peer *Conn) {
		for level := -3; level <= 10; level++ {
			if err := c.SetCompressionLevel(level); (err == nil) != (level >= -2 && level <= 9) {
				t.Errorf("SetCompressionLevel(%d) = %v", level, err)
			}
			write(t, c, TextMessage, text(10_000))
			wantMessage(t, peer, TextMessage, text(10_000))
		}
	})
}

// A window that the peer has asked for bounds the distances in what is sent to it.
func TestSmallWindow(t *testing.T) {
	c, resp := upgrade(t, &Upgrader{EnableCompression: true}, request(map[string]string{
		"Sec-Websocket-Extensions": "permessage-deflate; server_max_window_bits=8",
	}), nil)
	if resp.StatusCode != 101 || c.out.deflate.WindowBits != 8 {
		t.Errorf("the window has 2^%d bytes, want 2^8", c.out.deflate.WindowBits)
	}
}

// What is left of a compressed message that is not read to its end does not spoil
// the next one.
func TestCompressedMessageSkipped(t *testing.T) {
	ends(t, compressing.u, compressing.d, func(t *testing.T, c, peer *Conn) {
		go func() {
			for range 3 {
				write(t, c, BinaryMessage, text(200_000))
				write(t, c, TextMessage, []byte("next"))
			}
		}()
		for _, n := range []int{0, 10, 100_000} {
			_, r, err := peer.NextReader()
			if err != nil {
				t.Fatalf("NextReader() = %v", err)
			}
			if _, err := io.ReadFull(r, make([]byte, n)); err != nil {
				t.Errorf("reading %d bytes: %v", n, err)
			}
			wantMessage(t, peer, TextMessage, []byte("next"))
		}
	})
}
