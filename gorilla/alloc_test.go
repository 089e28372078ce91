//go:build !race && !poison

package websocket

import (
	"io"
	"testing"
)

// TestAllocations: a message costs no allocation, but for the slice that ReadMessage
// returns. The batches of readers and writers, a sixteenth of one each, are below
// what AllocsPerRun counts.
func TestAllocations(t *testing.T) {
	p := text(1000)
	room := make([]byte, 2000)
	streamed := func(from, to *Conn) {
		w, _ := from.NextWriter(TextMessage)
		w.Write(p)
		w.Close()
		_, r, _ := to.NextReader()
		for n, err := 0, error(nil); err == nil; n, err = r.Read(room) {
			_ = n
		}
	}
	long := text(50_000)
	copied := func(from, to *Conn) {
		w, _ := from.NextWriter(TextMessage)
		w.Write(long)
		w.Close()
		_, r, _ := to.NextReader()
		w, _ = to.NextWriter(TextMessage)
		io.Copy(w, r)
		w.Close()
		_, r, _ = from.NextReader()
		io.ReadFull(r, room)
	}
	prepared, _ := NewPreparedMessage(TextMessage, p)
	for _, tt := range []struct {
		name string
		pass func(from, to *Conn)
		want float64
	}{
		{"NextWriter, NextReader", streamed, 0},
		{"io.Copy of a long message", copied, 0},
		{"WriteMessage, ReadMessage", func(from, to *Conn) {
			from.WriteMessage(TextMessage, p)
			to.ReadMessage()
		}, 1},
		{"WritePreparedMessage, NextReader", func(from, to *Conn) {
			from.WritePreparedMessage(prepared)
			_, r, _ := to.NextReader()
			io.ReadFull(r, room[:len(p)])
		}, 0},
	} {
		for _, s := range []settings{plain, compressing} {
			t.Run(tt.name+", "+s.name, func(t *testing.T) {
				ends(t, s.u, s.d, func(t *testing.T, c, peer *Conn) {
					if got := testing.AllocsPerRun(500, func() { tt.pass(c, peer) }); got > tt.want {
						t.Errorf("%v allocations, want %v", got, tt.want)
					}
				})
			})
		}
	}
}
