package load

import (
	"bytes"
	"slices"
	"testing"
)

// plain returns a frame as a server sends it.
func plain(first byte, p []byte) []byte {
	frame := appendFrame(nil, 0, p, [4]byte{})
	at := len(frame) - len(p)
	frame[0], frame[1] = first, frame[1]&0x7F
	return slices.Delete(frame, at-4, at)
}

const fin = 0x80

func TestChecker(t *testing.T) {
	one, two := Payload(ASCII, 300, 1), Payload(Binary, 70000, 2)
	want := []Message{NewMessage(ASCII, one, 1), NewMessage(Binary, two, 2), NewMessage(ASCII, nil, 3)}
	wrong := bytes.Clone(one)
	wrong[299] ^= 1
	masked := plain(fin|opText, one)
	masked[1] |= 0x80
	for _, tt := range []struct {
		name string
		sent [][]byte
		bad  bool
		done bool
	}{
		{name: "as sent", sent: [][]byte{plain(fin|opText, one), plain(fin|opBinary, two), plain(fin|opText, nil)}, done: true},
		{name: "pings between fragments", sent: [][]byte{
			plain(opText, one[:100]), plain(fin|opPing, []byte("x")), plain(opContinuation, nil), plain(fin|opContinuation, one[100:]),
			plain(fin|opBinary, two), plain(fin|opPong, nil), plain(fin|opText, nil),
		}, done: true},
		{name: "one missing", sent: [][]byte{plain(fin|opText, one), plain(fin|opBinary, two)}},
		{name: "cut short", sent: [][]byte{plain(fin|opText, one)[:200]}},
		{name: "wrong byte", sent: [][]byte{plain(fin|opText, wrong)}, bad: true},
		{name: "too short", sent: [][]byte{plain(fin|opText, one[:299])}, bad: true},
		{name: "too long", sent: [][]byte{plain(fin|opText, append(slices.Clip(one), 'x'))}, bad: true},
		{name: "wrong order", sent: [][]byte{plain(fin|opBinary, two)}, bad: true},
		{name: "wrong type", sent: [][]byte{plain(fin|opBinary, one)}, bad: true},
		{name: "one too many", sent: [][]byte{plain(fin|opText, one), plain(fin|opBinary, two), plain(fin|opText, nil), plain(fin|opText, nil)}, bad: true},
		{name: "masked", sent: [][]byte{masked}, bad: true},
		{name: "reserved bit", sent: [][]byte{plain(fin|0x40|opText, one)}, bad: true},
		{name: "continuation of nothing", sent: [][]byte{plain(fin|opContinuation, one)}, bad: true},
		{name: "message in a message", sent: [][]byte{plain(opText, one[:100]), plain(fin|opText, one[100:])}, bad: true},
		{name: "closed", sent: [][]byte{plain(fin|opClose, nil)}, bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream := slices.Concat(tt.sent...)
			for _, piece := range []int{len(stream), 1, 7, 4096} {
				var c Checker
				c.Expect(want)
				var err error
				for p := range slices.Chunk(stream, piece) {
					if err = c.Feed(p); err != nil {
						break
					}
				}
				if (err != nil) != tt.bad || c.Done() != tt.done && !tt.bad {
					t.Errorf("in pieces of %d: Feed = %v, Done = %v, want an error: %v, done: %v", piece, err, c.Done(), tt.bad, tt.done)
				}
			}
		})
	}
}

func TestCheckerRaw(t *testing.T) {
	b := NewBatch(Binary, 1000, 3, 1)
	wrong := bytes.Clone(b.Wire)
	wrong[len(wrong)-1] ^= 1
	for _, tt := range []struct {
		name string
		sent []byte
		bad  bool
		done bool
	}{
		{"as sent", b.Wire, false, true},
		{"cut short", b.Wire[:len(b.Wire)-1], false, false},
		{"wrong byte", wrong, true, false},
		{"one byte too many", append(slices.Clip(b.Wire), 0), true, true},
	} {
		for _, piece := range []int{len(tt.sent), 1, 4096} {
			c := Checker{raw: true}
			c.Expect(b.Messages)
			var err error
			for p := range slices.Chunk(tt.sent, piece) {
				if err = c.Feed(p); err != nil {
					break
				}
			}
			if (err != nil) != tt.bad || c.Done() != tt.done && !tt.bad {
				t.Errorf("%s, in pieces of %d: Feed = %v, Done = %v, want an error: %v, done: %v", tt.name, piece, err, c.Done(), tt.bad, tt.done)
			}
		}
	}
}

// packed returns a compressed frame of a server's.
func packed(first byte, p []byte) []byte {
	m := Batch{Messages: []Message{NewMessage(JSON, p, 1)}}.Deflated().Messages[0]
	masked := m.Frame[len(m.Frame)-packedSize(m.Frame):]
	payload := make([]byte, len(masked))
	key := m.Frame[len(m.Frame)-len(masked)-4:]
	for i := range masked {
		payload[i] = masked[i] ^ key[i&3]
	}
	return plain(first, payload)
}

// packedSize returns the length that the header of a frame of at most 64 KiB tells.
func packedSize(frame []byte) int {
	if n := int(frame[1] & 0x7F); n < 126 {
		return n
	}
	return int(frame[2])<<8 | int(frame[3])
}

func TestCheckerInflates(t *testing.T) {
	one, two := Payload(JSON, 2000, 1), Payload(Log, 3000, 2)
	want := []Message{NewMessage(JSON, one, 1), NewMessage(Log, two, 2)}
	broken := packed(fin|rsv1|opText, one)
	broken[len(broken)/2] ^= 0x55
	for _, tt := range []struct {
		name      string
		sent      [][]byte
		bad, done bool
	}{
		{name: "compressed", sent: [][]byte{packed(fin|rsv1|opText, one), packed(fin|rsv1|opText, two)}, done: true},
		{name: "one is not", sent: [][]byte{plain(fin|opText, one), packed(fin|rsv1|opText, two)}, done: true},
		{name: "another message", sent: [][]byte{packed(fin|rsv1|opText, two)}, bad: true},
		{name: "shorter", sent: [][]byte{packed(fin|rsv1|opText, one[:1999])}, bad: true},
		{name: "longer", sent: [][]byte{packed(fin|rsv1|opText, append(slices.Clip(one), 'x'))}, bad: true},
		{name: "broken", sent: [][]byte{broken}, bad: true},
		{name: "marked and not compressed", sent: [][]byte{plain(fin|rsv1|opText, one)}, bad: true},
		{name: "compressed and not marked", sent: [][]byte{packed(fin|opText, one)}, bad: true},
		{name: "another reserved bit", sent: [][]byte{packed(fin|0x20|opText, one)}, bad: true},
	} {
		c := Checker{inflater: &inflater{known: map[*Message][]byte{}}}
		var err error
		for range 2 { // the second time a message is known
			c.Expect(want)
			for _, p := range tt.sent {
				if err == nil {
					err = c.Feed(p)
				}
			}
		}
		if (err != nil) != tt.bad || c.Done() != tt.done {
			t.Errorf("%s: %v, Done() = %v; want an error: %v, %v", tt.name, err, c.Done(), tt.bad, tt.done)
		}
	}
}
