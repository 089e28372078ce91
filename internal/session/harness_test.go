package session

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// feed has r receive b, as the connection does: into Room if there is some.
func feed(r *Receiver, b []byte) (rest []byte) {
	if room := r.Room(); room != nil {
		n := copy(room, b)
		r.Took(n)
		return b[n:]
	}
	n := copy(r.Decoder.Space(len(b)), b)
	r.Decoder.Commit(n)
	return b[n:]
}

// shown is what NextMessage returned, on one line.
func shown(ev Event, op codec.Opcode, p []byte, err error) string {
	switch ev {
	case Message, Control:
		return wstest.Frame{Fin: true, Opcode: op, Payload: p}.String()
	case Violation:
		return err.Error()
	}
	return fmt.Sprintf("event %d", ev)
}

// receive feeds r with b in pieces of so many bytes, and returns what comes out.
func receive(r *Receiver, b []byte, sizes ...int) (events []string) {
	for piece := range wstest.Pieces(b, sizes...) {
		for len(piece) > 0 {
			piece = feed(r, piece)
			for {
				ev, op, p, err := r.NextMessage()
				if ev == NeedInput {
					break
				}
				if events = append(events, shown(ev, op, p, err)); ev == Violation {
					return events
				}
			}
		}
	}
	return events
}

// take returns what s sends now.
func take(s *Sender) []byte {
	if s.Empty() {
		return nil
	}
	wire := bytes.Join(s.Take(codec.Header{}, nil).Rest, nil)
	s.Sent()
	return wire
}

// framesOf returns the frames of wire, each on one line.
func framesOf(t *testing.T, wire []byte) (frames []string) {
	t.Helper()
	for in := bytes.NewReader(wire); ; {
		f, _, err := wstest.ReadFrame(in)
		if err == io.EOF {
			return frames
		}
		if err != nil {
			t.Fatalf("what is sent is no frame: %v", err)
		}
		frames = append(frames, f.String())
	}
}

func wantFrames(t *testing.T, what string, wire []byte, want ...string) {
	t.Helper()
	if got := framesOf(t, wire); !slices.Equal(got, want) {
		t.Fatalf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func text(s string) string { return wstest.Text(s).String() }

func masked(frames ...wstest.Frame) (b []byte) {
	for _, f := range frames {
		b = f.AppendMasked(b, wstest.RFCKey)
	}
	return b
}

func newReceiver() *Receiver { return &Receiver{Decoder: codec.Decoder{Role: codec.Server}} }
