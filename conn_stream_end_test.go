package websocket_test

import (
	"errors"
	"io"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestStreamOfAConnectionThatEnds has the connection end while a message is read as a
// stream, compressed or not: the stream says why, again and again, and so does whatever
// else reads.
func TestStreamOfAConnectionThatEnds(t *testing.T) {
	flushed := append(new(wstest.Deflater).Message([]byte("begun")), wstest.DeflateTail...)
	begins := map[string]wstest.Frame{
		"plain":      wstest.Text("begun").More(),
		"compressed": {Opcode: codec.OpText, RSV: codec.RSV1, Payload: flushed},
	}
	for _, tt := range []struct {
		name string
		end  func(tc *testConn)
		want func(err error) bool
	}{
		{"by what is not DEFLATE, or not text", func(tc *testConn) { tc.send(wstest.Continuation("\xFF\xFF\xFF\xFF")) },
			func(err error) bool { return isViolation(err, codec.ErrDeflate) || isViolation(err, codec.ErrText) }},
		{"by a violation", func(tc *testConn) { tc.send(wstest.Text("inside")) },
			func(err error) bool { return isViolation(err, codec.ErrInterleaved) }},
		{"by a Close frame", func(tc *testConn) { tc.send(wstest.Close(1000, "")) },
			func(err error) bool { return websocket.CloseStatus(err) == 1000 }},
		{"by the network", func(tc *testConn) { tc.peer.Close() },
			func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{"by CloseNow", func(tc *testConn) { tc.CloseNow() }, isClosed},
	} {
		for form, begin := range begins {
			t.Run(tt.name+"/"+form, func(t *testing.T) {
				inBothRolesAfter(t, websocket.Handshake{Extensions: withTakeover}, compressedOptions(0), func(tc *testConn) {
					tc.send(begin)
					_, r, err := tc.Reader(background)
					if err != nil {
						tc.t.Fatalf("Reader() = %v", err)
					}
					if _, err := io.ReadFull(r, make([]byte, len("begun"))); err != nil {
						tc.t.Fatalf("the stream gave %v, want its beginning", err)
					}
					tt.end(tc)
					go io.Copy(io.Discard, tc.peer) // which the closing handshake needs
					for range 2 {
						if n, err := r.Read(make([]byte, 1)); n > 0 || !tt.want(err) {
							tc.t.Errorf("the stream gave %d bytes, %v", n, err)
						}
					}
					if _, _, err := tc.Reader(background); !tt.want(err) {
						tc.t.Errorf("Reader() = %v", err)
					}
					if _, _, err := tc.Read(background); !tt.want(err) {
						tc.t.Errorf("Read() = %v", err)
					}
					if err := tc.Close(1000, ""); err != nil && !tt.want(err) {
						tc.t.Errorf("Close() = %v", err)
					}
				})
			})
		}
	}
}
