package load

import (
	"bytes"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// packed returns a compressed frame of a server's.
func packed(t *testing.T, rsv uint8, p []byte) []byte {
	t.Helper()
	sent := NewRepeated(JSON, p, 1).Deflated().Out
	h, n, err := codec.ParseHeader(sent)
	if err != nil {
		t.Fatal(err)
	}
	payload := bytes.Clone(sent[n:])
	codec.Mask(payload, h.Key, 0)
	return codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpText, RSV: rsv}, payload)
}

// A compressed answer counts if it inflates to what was sent.
func TestFleetInflates(t *testing.T) {
	one, two := Payload(JSON, 2000, 1), Payload(Log, 3000, 2)
	want := Batch{&loadgen.Script{Opcode: codec.OpText}}
	want.add(one, 1)
	want.add(two, 2)
	plain := func(rsv uint8, p []byte) []byte {
		return codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpText, RSV: rsv}, p)
	}
	broken := packed(t, codec.RSV1, one)
	broken[len(broken)/2] ^= 0x55
	for _, tt := range []struct {
		name string
		sent [][]byte
		good bool
	}{
		{name: "compressed", sent: [][]byte{packed(t, codec.RSV1, one), packed(t, codec.RSV1, two)}, good: true},
		{name: "one is not", sent: [][]byte{plain(0, one), packed(t, codec.RSV1, two)}, good: true},
		{name: "another message", sent: [][]byte{packed(t, codec.RSV1, two)}},
		{name: "shorter", sent: [][]byte{packed(t, codec.RSV1, one[:1999])}},
		{name: "longer", sent: [][]byte{packed(t, codec.RSV1, append(slices.Clip(one), 'x'))}},
		{name: "broken", sent: [][]byte{broken}},
		{name: "marked and not compressed", sent: [][]byte{plain(codec.RSV1, one)}},
		{name: "compressed and not marked", sent: [][]byte{packed(t, 0, one)}},
		{name: "another reserved bit", sent: [][]byte{packed(t, codec.RSV2, one)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &conn{inflater: &inflater{known: map[*byte][]byte{}}}
			c.Init(maxMessage, true)
			var err error
			for range 2 { // the second time a message is known
				c.Begin(want.Script, 0)
				c.Await(want.Len())
				for _, p := range tt.sent {
					if err == nil {
						err = c.Feed(p, c)
					}
				}
			}
			if (err == nil) != tt.good || tt.good && c.Next != 2 {
				t.Errorf("Feed = %v, %d messages have come, want success: %v", err, c.Next, tt.good)
			}
		})
	}
}
