package session

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// echo is an echo peer without I/O: a Receiver, a Sender, and the rules that join them.
type echo struct {
	in    Receiver
	out   Sender
	zip   *Compression // nil without compression
	wire  []byte       // what it has sent
	ended bool         // it has sent a Close frame
}

func newEcho(role codec.Role) *echo {
	return &echo{in: Receiver{Decoder: codec.Decoder{Role: role}}, out: Sender{Encoder: codec.Encoder{Role: role}}}
}

// compress has the echo use what params say.
func (e *echo) compress(role codec.Role, params deflate.Params) {
	ours, theirs := Directions(role, params)
	e.zip = &Compression{Params: params}
	e.zip.In.Takeover, e.zip.In.WindowBits = theirs.Takeover, int(theirs.WindowBits)
	e.zip.Out = deflate.Compressor{Takeover: ours.Takeover, WindowBits: ours.Bits(0)}
	e.in.Inflater = &e.zip.In
	e.in.Decoder.RSV, e.out.Encoder.RSV = codec.RSV1, codec.RSV1
}

// receive takes b in pieces of so many bytes, and answers.
func (e *echo) receive(b []byte, sizes ...int) {
	for piece := range wstest.Pieces(b, sizes...) {
		for len(piece) > 0 && !e.ended {
			piece = feed(&e.in, piece)
			for e.answer() {
			}
			e.wire = append(e.wire, take(&e.out)...)
		}
	}
}

// answer answers the next event. It returns false if there is none.
func (e *echo) answer() bool {
	ev, op, p, err := e.in.NextMessage()
	switch {
	case ev == Message:
		e.send(op, p)
	case ev == Control && op == codec.OpPing:
		e.out.AppendControl(codec.OpPong, p)
	case ev == Control && op == codec.OpClose:
		e.close(p[:min(len(p), 2)])
	case ev == Violation:
		reason, _ := codec.AppendClose(nil, err.(codec.Violation).StatusCode(), "")
		e.close(reason)
	}
	return ev != NeedInput && !e.ended
}

func (e *echo) send(op codec.Opcode, p []byte) {
	h := codec.Header{Fin: true, Opcode: op}
	if e.zip.Wants(len(p)) {
		if packed := e.zip.PackNext(p); packed != nil {
			defer pool.Put(packed)
			h.RSV, p = codec.RSV1, packed.B
		}
	}
	e.out.Append(h, p)
}

func (e *echo) close(p []byte) {
	e.ended = true
	e.out.Append(codec.Header{Fin: true, Opcode: codec.OpClose}, p)
}

// eventsOf returns what a wire carries, and the status code of its Close frame; 0 if
// there is no such frame, 1005 if it has no code.
func eventsOf(t *testing.T, wire []byte, role codec.Role, inflate *wstest.Inflater) (events []wstest.Event, code codec.StatusCode) {
	t.Helper()
	var begun *wstest.Frame
	for in := bytes.NewReader(wire); ; {
		f, masked, err := wstest.ReadFrame(in)
		if err == io.EOF {
			return events, code
		}
		if err != nil || masked != (role == codec.Client) || code != 0 {
			t.Fatalf("%v, %v: masked %t, behind a Close frame with %d", f, err, masked, code)
		}
		switch {
		case f.Opcode == codec.OpClose:
			if code, _, err = codec.ParseClose(f.Payload); err != nil {
				t.Fatal(err)
			}
			continue
		case f.Opcode.IsControl():
			events = append(events, wstest.Event{Opcode: f.Opcode, Payload: f.Payload})
			continue
		case begun == nil:
			begun = &f
		default:
			begun.Payload = append(begun.Payload, f.Payload...)
		}
		if !f.Fin {
			continue
		}
		if begun.RSV != 0 {
			p, err := inflate.Message(begun.Payload)
			if err != nil {
				t.Fatal(err)
			}
			begun.Payload = bytes.Clone(p)
		}
		events = append(events, wstest.Event{Opcode: begun.Opcode, Payload: begun.Payload})
		begun = nil
	}
}

func roles(t *testing.T, test func(t *testing.T, role codec.Role)) {
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		t.Run(role.String(), func(t *testing.T) { test(t, role) })
	}
}

// sizesFor returns the ways to cut n bytes into what is received at a time.
func sizesFor(n int) [][]int {
	if n > 1<<20 {
		return [][]int{{65521}}
	}
	if n > 4096 {
		return [][]int{nil, {1, 7, 509, 4093}}
	}
	return [][]int{nil, {1}, {3, 2}}
}

// TestConformance plays every case of the suite to a Receiver and a Sender.
func TestConformance(t *testing.T) {
	roles(t, func(t *testing.T, role codec.Role) {
		for _, c := range wstest.Cases() {
			if role == codec.Client && c.Group() == "9" {
				continue // many megabytes, which differ in nothing
			}
			t.Run(c.ID, func(t *testing.T) {
				wire, script, out := c.Bytes(role == codec.Server), c.Script(), c.Outcome()
				for _, sizes := range sizesFor(len(wire)) {
					e := newEcho(role)
					e.receive(wire, sizes...)
					got, code := eventsOf(t, e.wire, role, nil)
					e.in.Reset(false)
					if c.Informational {
						continue
					}
					if !slices.EqualFunc(got, script.Want, wstest.Event.Equal) {
						t.Fatalf("%s, in pieces of %d:\n got %v\nwant %v", c.Name, sizes, got, script.Want)
					}
					if code != codec.StatusNoStatusReceived && !slices.Contains(out.Codes, code) {
						t.Fatalf("%s, in pieces of %d: closed with %d, want one of %d", c.Name, sizes, code, out.Codes)
					}
				}
			})
		}
	})
}

// TestConformanceReadAhead reads every case ahead before the first message is taken:
// the same messages come out, in the same order, and the same Pings are seen.
func TestConformanceReadAhead(t *testing.T) {
	roles(t, func(t *testing.T, role codec.Role) {
		for _, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7", "10") {
			t.Run(c.ID, func(t *testing.T) {
				if c.Informational {
					return
				}
				wire, out := c.Bytes(role == codec.Server), c.Outcome()
				for _, sizes := range sizesFor(len(wire)) {
					messages, pings, fails := readAhead(role, wire, sizes)
					var wantMessages, wantPings []wstest.Event
					for _, e := range out.Events {
						if e.Opcode == codec.OpPing {
							wantPings = append(wantPings, e)
						} else {
							wantMessages = append(wantMessages, e)
						}
					}
					if !slices.EqualFunc(messages, wantMessages, wstest.Event.Equal) || !slices.EqualFunc(pings, wantPings, wstest.Event.Equal) {
						t.Fatalf("%s, in pieces of %d:\n got %v and %v\nwant %v and %v", c.Name, sizes, messages, pings, wantMessages, wantPings)
					}
					if fails != out.Fails {
						t.Fatalf("%s, in pieces of %d: fails %t, want %t", c.Name, sizes, fails, out.Fails)
					}
				}
			})
		}
	})
}

// readAhead reads wire ahead up to its end, a Close frame or a violation, and takes the
// messages then.
func readAhead(role codec.Role, wire []byte, sizes []int) (messages, pings []wstest.Event, fails bool) {
	r := &Receiver{Decoder: codec.Decoder{Role: role}}
	defer r.Reset(false)
	ended := false
	for piece := range wstest.Pieces(wire, sizes...) {
		for len(piece) > 0 && !ended {
			n := copy(r.Decoder.Space(len(piece)), piece)
			r.Decoder.Commit(n)
			piece = piece[n:]
			for ev := Data; ev != NeedInput && !ended; {
				var f codec.Frame
				switch ev, f, _ = r.DecodeAhead(); {
				case ev == Data:
					r.ReadAhead(&f)
				case ev == Control && f.Opcode == codec.OpPing:
					pings = append(pings, wstest.Event{Opcode: f.Opcode, Payload: bytes.Clone(f.Payload)})
				case ev == Violation:
					ended, fails = true, true
				case ev == Control:
					ended = f.Opcode == codec.OpClose
				}
			}
		}
	}
	for r.HasAhead() {
		if ev, op, p, _ := r.NextMessage(); ev == Message {
			messages = append(messages, wstest.Event{Opcode: op, Payload: bytes.Clone(p)})
		}
	}
	return messages, pings, fails
}

// TestDeflateConformance plays the compression cases, with what each wants of the other
// side granted, and both directions as the case asks for the one.
func TestDeflateConformance(t *testing.T) {
	roles(t, func(t *testing.T, role codec.Role) {
		for _, c := range wstest.DeflateCases() {
			if c.Length > 32768 {
				continue // they differ in nothing but their size
			}
			t.Run(c.ID, func(t *testing.T) {
				wants := c.Wants[0]
				bits := wants.ClientMaxWindowBits
				params := deflate.Params{
					ServerNoContextTakeover: wants.ClientNoContextTakeover, ClientNoContextTakeover: wants.ClientNoContextTakeover,
					ServerMaxWindowBits: uint8(bits), ClientMaxWindowBits: uint8(bits),
				}
				window := 0
				if bits != 0 {
					window = 1 << bits
				}
				e := newEcho(role)
				e.compress(role, params)
				defer e.in.Reset(false)
				out := &wstest.Deflater{Window: window, NoTakeover: wants.ClientNoContextTakeover}
				in := &wstest.Inflater{Window: window, NoTakeover: wants.ClientNoContextTakeover}
				for i := range 5 {
					want := wstest.Event{Opcode: c.Kind.Opcode(), Payload: c.Kind.Message(i, c.Length)}
					var wire []byte
					for _, f := range wstest.CompressedFrames(want.Opcode, out.Message(want.Payload), c.Fragment) {
						if role == codec.Server {
							wire = f.AppendMasked(wire, wstest.RFCKey)
						} else {
							wire = f.Append(wire)
						}
					}
					e.wire = nil
					e.receive(wire, sizesFor(len(wire))[i%len(sizesFor(len(wire)))]...)
					if got, code := eventsOf(t, e.wire, role, in); code != 0 || len(got) != 1 || !got[0].Equal(want) {
						t.Fatalf("%s: message %d:\n got %v, closed with %d\nwant %v", c.Name, i, got, code, want)
					}
				}
			})
		}
	})
}
