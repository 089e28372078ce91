package websocket

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

func TestViolations(t *testing.T) {
	type frame struct {
		h       codec.Header
		payload string
	}
	fin := final
	for _, tt := range []struct {
		name   string
		frames []frame
		want   codec.Violation
	}{
		{"reserved bit", []frame{{codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV2}, ""}}, codec.ErrReservedBits},
		{"compressed without agreement", []frame{{codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV1}, ""}}, codec.ErrReservedBits},
		{"reserved opcode", []frame{{fin(3), ""}}, codec.ErrReservedOpcode},
		{"nothing to continue", []frame{{fin(codec.OpContinuation), ""}}, codec.ErrContinuation},
		{"a message inside another", []frame{{codec.Header{Opcode: codec.OpText}, "a"}, {fin(codec.OpText), "b"}}, codec.ErrInterleaved},
		{"fragmented Ping", []frame{{codec.Header{Opcode: codec.OpPing}, ""}}, codec.ErrControlFragmented},
		{"long Ping", []frame{{fin(codec.OpPing), strings.Repeat("x", 126)}}, codec.ErrControlTooLong},
		{"Close of one byte", []frame{{fin(codec.OpClose), "\x03"}}, codec.ErrCloseTruncated},
		{"Close with 1005", []frame{{fin(codec.OpClose), "\x03\xED"}}, codec.ErrCloseStatus},
		{"Close with a reason that is no text", []frame{{fin(codec.OpClose), "\x03\xE8\xFF"}}, codec.ErrCloseReason},
		{"text", []frame{{fin(codec.OpText), "a\xFFb"}}, codec.ErrText},
		{"text that ends too early", []frame{{fin(codec.OpText), "\xE4\xB8"}}, codec.ErrText},
		{"text in fragments", []frame{{codec.Header{Opcode: codec.OpText}, "\xE4\xB8"}, {fin(codec.OpContinuation), "a"}}, codec.ErrText},
		{"long text", []frame{{fin(codec.OpText), strings.Repeat("x", 100_000) + "\xFF"}}, codec.ErrText},
	} {
		for _, streamed := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
					go func() {
						for _, f := range tt.frames {
							peer.send(t, f.h, f.payload)
						}
					}()
					err := readAll(c, streamed)
					if !errors.Is(err, tt.want) {
						t.Errorf("read = %v, want %v", err, tt.want)
					}
					peer.wantClose(t, int(tt.want.StatusCode()))
					if _, _, again := c.NextReader(); again != err {
						t.Errorf("NextReader() = %v, want the same error again", again)
					}
				})
			})
		}
	}
	t.Run("mask", func(t *testing.T) {
		roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
			peer.mask = !peer.mask
			peer.send(t, fin(codec.OpText), "x")
			peer.mask = !peer.mask
			want := codec.ErrUnmasked
			if c.role == codec.Client {
				want = codec.ErrMasked
			}
			if err := readAll(c, false); !errors.Is(err, want) {
				t.Errorf("read = %v, want %v", err, want)
			}
			peer.wantClose(t, 1002)
		})
	})
}

// readAll reads a message in one of the two ways.
func readAll(c *Conn, streamed bool) error {
	if !streamed {
		_, _, err := c.ReadMessage()
		return err
	}
	_, r, err := c.NextReader()
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return err
}

// compressed returns the payload of a compressed message.
func compressed(p string) string {
	var z deflate.Compressor
	return string(z.AppendFragment(nil, []byte(p), true))
}

func TestCompressedViolations(t *testing.T) {
	rsv := codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV1}
	for _, tt := range []struct {
		name    string
		payload string
		want    codec.Violation
	}{
		{"not DEFLATE", "\xFF\xFF\xFF\xFF", codec.ErrDeflate},
		{"text", compressed("a\xFFb" + strings.Repeat("c", 1000)), codec.ErrText},
		{"text that ends too early", compressed(strings.Repeat("c", 1000) + "\xE4"), codec.ErrText},
	} {
		for _, streamed := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				c, peer := raw(t, codec.Server, compressing.u, compressing.d)
				peer.send(t, rsv, tt.payload)
				if err := readAll(c, streamed); !errors.Is(err, tt.want) {
					t.Errorf("read = %v, want %v", err, tt.want)
				}
				peer.wantClose(t, int(tt.want.StatusCode()))
			})
		}
	}
}

func TestAllowInvalidUTF8(t *testing.T) {
	AllowInvalidUTF8 = true
	defer func() { AllowInvalidUTF8 = false }()
	for _, s := range []settings{plain, compressing} {
		ends(t, s.u, s.d, func(t *testing.T, c, peer *Conn) {
			p := []byte(strings.Repeat("a\xFFb", 100))
			write(t, peer, TextMessage, p)
			write(t, peer, TextMessage, p)
			wantMessage(t, c, TextMessage, p)
			if err := readAll(c, true); err != nil {
				t.Errorf("reading text that is not UTF-8: %v", err)
			}
		})
	}
}

func TestReadLimit(t *testing.T) {
	rsv := codec.Header{Fin: true, Opcode: codec.OpBinary, RSV: codec.RSV1}
	const limit = 1000
	for _, tt := range []struct {
		name string
		send func(t *testing.T, peer *rawPeer)
		ok   bool
	}{
		{"at the limit", func(t *testing.T, p *rawPeer) { p.send(t, final(codec.OpText), strings.Repeat("x", limit)) }, true},
		{"above", func(t *testing.T, p *rawPeer) { p.send(t, final(codec.OpText), strings.Repeat("x", limit+1)) }, false},
		{"in fragments", func(t *testing.T, p *rawPeer) {
			p.send(t, codec.Header{Opcode: codec.OpText}, strings.Repeat("x", limit))
			p.send(t, final(codec.OpContinuation), "x")
		}, false},
		{"inflated, at the limit", func(t *testing.T, p *rawPeer) { p.send(t, rsv, compressed(strings.Repeat("x", limit))) }, true},
		{"inflated, above", func(t *testing.T, p *rawPeer) { p.send(t, rsv, compressed(strings.Repeat("x", limit+1))) }, false},
	} {
		for _, streamed := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				c, peer := raw(t, codec.Server, compressing.u, compressing.d)
				c.SetReadLimit(limit)
				tt.send(t, peer)
				err := readAll(c, streamed)
				if tt.ok {
					if err != nil {
						t.Errorf("read = %v", err)
					}
					return
				}
				if err != ErrReadLimit {
					t.Errorf("read = %v, want ErrReadLimit", err)
				}
				peer.wantClose(t, CloseMessageTooBig)
			})
		}
	}
}

// A limit that is set on a connection in use applies from the next frame on.
func TestReadLimitChanges(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		c.SetReadLimit(5)
		peer.send(t, final(codec.OpText), "five.")
		wantMessage(t, c, TextMessage, []byte("five."))
		c.SetReadLimit(0)
		peer.send(t, final(codec.OpText), "more than five")
		wantMessage(t, c, TextMessage, []byte("more than five"))
		peer.send(t, codec.Header{Opcode: codec.OpText}, "more than five")
		_, r, _ := c.NextReader()
		io.ReadFull(r, make([]byte, 14))
		c.SetReadLimit(14)
		peer.send(t, final(codec.OpContinuation), ".")
		if _, err := r.Read(make([]byte, 1)); err != ErrReadLimit {
			t.Errorf("Read() = %v, want ErrReadLimit", err)
		}
	})
}

// What a header claims is not allocated before it arrives.
func TestClaimsAreNotAllocated(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		h := codec.Header{Fin: true, Opcode: codec.OpBinary, Length: 1 << 62, Masked: peer.mask}
		peer.Write(codec.AppendHeader(nil, h))
		peer.Close()
		if _, _, err := c.ReadMessage(); !IsCloseError(err, 1006) {
			t.Errorf("ReadMessage() = %v, want close 1006", err)
		}
	})
}
