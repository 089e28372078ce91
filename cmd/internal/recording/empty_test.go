package recording

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// TestEmptyFrameIsRecorded records a frame without a payload as the first one.
func TestEmptyFrameIsRecorded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "empty.jsonl")
	r, err := Create(name, "ws://host")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	track := r.Track(1, codec.Server)
	track.Piece(now, trace.Piece{Header: codec.Header{Fin: true, Opcode: codec.OpPing}, End: true})
	track.End(now, io.EOF)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	rec, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if sent := rec.Connections[0].Sent[codec.Server]; len(sent) != 1 || string(sent[0].Bytes) != "\x89\x00" {
		t.Errorf("recorded and read, an empty Ping is %+v, want 89 00", sent)
	}
}
