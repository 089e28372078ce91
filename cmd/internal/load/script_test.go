package load

import (
	"bytes"
	"testing"

	"github.com/zerowire/websocket/codec"
)

// What is sent decodes to what has to come back, message by message, and no two
// messages near each other are the same.
func TestScript(t *testing.T) {
	for _, tt := range []struct {
		name   string
		opcode codec.Opcode
		size   sizes
		depth  int
	}{
		{"small text", codec.OpText, sizes{125, 125}, 1},
		{"deep", codec.OpText, sizes{20, 20}, 300},
		{"mixed binary", codec.OpBinary, sizes{16, 70000}, 4},
		{"large", codec.OpBinary, sizes{300 << 10, 300 << 10}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScript(tt.opcode, tt.size, tt.depth)
			if s.Len() < 4*tt.depth || s.Len()&(s.Len()-1) != 0 {
				t.Errorf("a script of %d messages, want a power of two, at least %d", s.Len(), 4*tt.depth)
			}
			server, client := codec.Decoder{}, codec.Decoder{Role: codec.Client}
			seen := map[string]int{}
			for i := range s.Len() {
				sent := decodeOne(t, &server, s.Sent(i, i+1))
				back := decodeOne(t, &client, s.Echoed(i, i+1))
				if !bytes.Equal(sent, back) || !bytes.Equal(sent, s.Payload(i)) {
					t.Fatalf("message %d: what is sent, what has to come back and payload differ", i)
				}
				if len(sent) < tt.size.min || len(sent) > tt.size.max {
					t.Errorf("message %d has %d bytes, want %s", i, len(sent), tt.size)
				}
				if before, again := seen[string(sent)]; again {
					t.Errorf("messages %d and %d are the same", before, i)
				}
				seen[string(sent)] = i
			}
		})
	}
}

// decodeOne returns the payload of the one message that p holds.
func decodeOne(t *testing.T, d *codec.Decoder, p []byte) (payload []byte) {
	t.Helper()
	d.Commit(copy(d.Space(len(p)), p))
	for {
		f, err := d.Next()
		if err != nil {
			t.Fatalf("Next = %v", err)
		}
		payload = append(payload, f.Payload...)
		if f.End && f.Fin {
			return payload
		}
	}
}
