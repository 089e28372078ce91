package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// frames that Message has to take, and ones that it has to leave to Next.
var messageFrames = []struct {
	name   string
	frame  func(masked bool) []byte
	common bool
}{
	{"text", lone(true, OpText, "Hello"), true},
	{"text beyond ASCII", lone(true, OpText, "Grüße"), true},
	{"binary", lone(true, OpBinary, "\xFF\xFE"), true},
	{"nothing", lone(true, OpBinary, ""), true},
	{"125 bytes", lone(true, OpText, strings.Repeat("x", 125)), true},
	{"126 bytes", lone(true, OpText, strings.Repeat("x", 126)), true},
	{"65535 bytes", lone(true, OpBinary, strings.Repeat("x", 65535)), true},
	{"65536 bytes", lone(true, OpBinary, strings.Repeat("x", 65536)), false},
	{"text that is not UTF-8", lone(true, OpText, "a\xFF"), false},
	{"a fragment", lone(false, OpText, "a"), false},
	{"a Ping", lone(true, OpPing, "a"), false},
	{"a Close frame", lone(true, OpClose, "\x03\xE8"), false},
	{"nothing to continue", lone(true, OpContinuation, "a"), false},
	{"a reserved opcode", lone(true, 0x3, "a"), false},
	{"a reserved bit", func(masked bool) []byte {
		return AppendFrame(nil, Header{Fin: true, RSV: RSV1, Opcode: OpText, Masked: masked, Key: testKey}, []byte("a"))
	}, false},
	{"126 bytes' form for 5", func(masked bool) []byte {
		return append([]byte{0x81, 126 | b2i(masked)<<7, 0, 5}, make([]byte, 4*int(b2i(masked))+5)...)
	}, false},
	{"masked for the other role", func(m bool) []byte {
		return AppendFrame(nil, Header{Fin: true, Opcode: OpText, Masked: !m, Key: testKey}, []byte("a"))
	}, false},
}

func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// lone makes a frame for either role.
func lone(fin bool, op Opcode, payload string) func(bool) []byte {
	return func(m bool) []byte {
		if m {
			return masked(fin, op, payload)
		}
		return plain(fin, op, payload)
	}
}

// TestDecoderMessage: Message is a shortcut through Next. Asked first, behind
// whatever frame, for whatever is there of the next one, it gives what Next would, or
// leaves it to Next.
func TestDecoderMessage(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		for _, limit := range []uint64{0, 4, 5, 70_000} {
			for _, first := range messageFrames {
				for _, second := range messageFrames {
					stream := join(first.frame(role == Server), second.frame(role == Server))
					cuts := []int{len(stream), 1, 7}
					if len(stream) > 1000 {
						cuts = []int{len(stream), len(stream) - 1}
					}
					for _, size := range cuts {
						want, _, wantErr := messages(role, limit, stream, size, false)
						got, taken, err := messages(role, limit, stream, size, true)
						if err != wantErr || !slices.Equal(got, want) {
							t.Fatalf("%v, limit %d, %s and %s in pieces of %d: with Message %.80q, %v\nwith Next alone %.80q, %v",
								role, limit, first.name, second.name, size, got, err, want, wantErr)
						}
						if both := first.common && second.common; both && limit == 0 && size == len(stream) && taken != 2 {
							t.Fatalf("%v, %s and %s in pieces of %d: Message took %d, want 2", role, first.name, second.name, size, taken)
						}
					}
				}
			}
		}
	}
	var d Decoder
	if _, _, ok := d.Message(); ok {
		t.Error("Message of nothing is true")
	}
}

// messages decodes stream in pieces of size, by Next and, if both, Message before it,
// and returns what came, how often Message gave it, and the error.
func messages(role Role, limit uint64, stream []byte, size int, both bool) (got []string, taken int, err error) {
	d := Decoder{Role: role, MaxMessage: limit}
	defer d.Reset()
	for piece := range slices.Chunk(stream, size) {
		d.Commit(copy(d.Space(len(piece)), piece))
		for {
			if both {
				if op, p, ok := d.Message(); ok {
					got = append(got, fmt.Sprint(op, true, op, string(p)))
					taken++
					continue
				}
			}
			f, err := d.Next()
			if err == ErrShort {
				break
			}
			if err != nil {
				return got, taken, err
			}
			got = append(got, fmt.Sprint(f.Opcode, f.Last(), f.Message, string(f.Payload)))
		}
	}
	return got, taken, ErrShort
}

// TestEncoderMessage: Message is a shortcut through Append, and writes the same bytes or
// none.
func TestEncoderMessage(t *testing.T) {
	states := []struct {
		name  string
		enter func(*Encoder)
		open  bool // a message may begin
	}{
		{"at first", func(*Encoder) {}, true},
		{"inside a message", func(e *Encoder) { e.Append(nil, Header{Opcode: OpText}, nil) }, false},
		{"after Close", func(e *Encoder) { e.Append(nil, Header{Fin: true, Opcode: OpClose}, nil) }, false},
	}
	for _, role := range []Role{Server, Client} {
		for _, state := range states {
			for op := range Opcode(18) {
				for _, n := range []int{0, 5, 125, 126, 65535, 65536} {
					for _, spare := range []int{0, 3, 4} {
						payload := bytes.Repeat([]byte{'x'}, n)
						e, reference := Encoder{Role: role}, Encoder{Role: role}
						state.enter(&e)
						state.enter(&reference)
						dst := append(make([]byte, 0, 3+n+spare), "dst"...)
						want, err := reference.Append([]byte("dst"), Header{Fin: true, Opcode: op}, payload)
						got, ok := e.Message(dst, op, payload)
						what := fmt.Sprintf("%v %s, %v of %d bytes with %d to spare", role, state.name, op, n, spare)
						switch common := role == Server && state.open && op.IsData() && n < 65536 && spare >= 4; {
						case ok != common:
							t.Errorf("%s: Message = %v, want %v", what, ok, common)
						case ok && (err != nil || !bytes.Equal(got, want)):
							t.Errorf("%s: Message appends %d bytes, Append %d, %v", what, len(got)-3, len(want)-3, err)
						case !ok && string(got) != "dst":
							t.Errorf("%s: Message returns false and %d bytes", what, len(got))
						}
						if e.Closed() != (state.name == "after Close") {
							t.Errorf("%s: Closed() = %v", what, e.Closed())
						}
					}
				}
			}
		}
	}
}
