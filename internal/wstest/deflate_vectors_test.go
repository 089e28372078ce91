package wstest

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// TestDeflateVectors holds the vectors against the Inflater: every compressed
// message has to be what it is said to be, whole and in fragments of one byte.
func TestDeflateVectors(t *testing.T) {
	names := map[string]bool{}
	for _, v := range DeflateVectors {
		if names[v.Name] {
			t.Errorf("%q is there twice", v.Name)
		}
		names[v.Name] = true
		for _, size := range []int{1 << 20, 3, 1} {
			got, code := receive(v.NoTakeover, v.Split(size))
			if code != v.Code || !slices.EqualFunc(got, v.Want, Event.Equal) {
				t.Errorf("%s, in fragments of %d: got %s and code %d\nwant %s and code %d", v.Name, size, list(got, nil), code, list(v.Want, nil), v.Code)
			}
		}
	}
}

// receive is a strict receiver in a few lines.
func receive(noTakeover bool, frames []Frame) (events []Event, code codec.StatusCode) {
	z := Inflater{NoTakeover: noTakeover}
	var m *message
	for _, f := range frames {
		switch {
		case f.RSV != 0 && (f.RSV != codec.RSV1 || !f.Opcode.IsData()), f.Opcode.IsData() && m != nil:
			return events, codec.StatusProtocolError
		case f.Opcode.IsControl():
			events = append(events, Event{f.Opcode, f.Payload})
			continue
		case f.Opcode.IsData():
			m = &message{Event{f.Opcode, slices.Clone(f.Payload)}, f.RSV != 0}
		default:
			m.Payload = append(m.Payload, f.Payload...)
		}
		if !f.Fin {
			continue
		}
		if m.compressed {
			p, err := z.Message(m.Payload)
			if err != nil {
				return events, codec.StatusInvalidPayload
			}
			m.Payload = slices.Clone(p)
		}
		if m.Opcode == codec.OpText && !utf8.Valid(m.Payload) {
			return events, codec.StatusInvalidPayload
		}
		events = append(events, m.Event)
		m = nil
	}
	return events, 0
}

// TestDeflateVectorsOfTheStandardLibrary asks a second judge.
func TestDeflateVectorsOfTheStandardLibrary(t *testing.T) {
	for _, v := range DeflateVectors {
		f := v.Frames[0]
		if len(v.Frames) > 1 || f.RSV != codec.RSV1 || f.Opcode.IsControl() || len(v.Frames[0].Payload) == 0 {
			continue
		}
		got, err := StdInflate(nil, f.Payload, 0)
		bad := err != nil || f.Opcode == codec.OpText && !utf8.Valid(got)
		if bad != (v.Code != 0) || !bad && !bytes.Equal(got, v.Want[0].Payload) {
			t.Errorf("%s: compress/flate makes %d bytes of it, %v; want %v and code %d", v.Name, len(got), err, v.Want, v.Code)
		}
	}
}

func TestBomb(t *testing.T) {
	for _, n := range []int{0, 1, 2, 258, 259, 260, 516, 517, 518, 10_000, 1 << 20} {
		got, err := new(Inflater).Message(Bomb(n))
		if err != nil || !bytes.Equal(got, make([]byte, n)) {
			t.Errorf("Bomb(%d) inflates to %d bytes, %v", n, len(got), err)
		}
		if got, err := StdInflate(nil, Bomb(n), 0); err != nil || len(got) != n {
			t.Errorf("Bomb(%d) inflates to %d bytes for compress/flate, %v", n, len(got), err)
		}
	}
	if got, most := len(Bomb(1<<30)), 1<<20+1<<15; got > most {
		t.Errorf("Bomb(1 GiB) has %d bytes, want at most %d", got, most)
	}
}

func TestEmptyBlocks(t *testing.T) {
	for name, blocks := range map[string][]byte{"stored": EmptyBlocks(1000), "fixed": EmptyFixedBlocks(1000)} {
		got, err := new(Inflater).Message(append(blocks, 0))
		if err != nil || len(got) != 0 {
			t.Errorf("empty blocks, %s: %d bytes, %v; want none", name, len(got), err)
		}
	}
}
