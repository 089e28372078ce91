package websocket_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// The contract of package codec, seen from outside: bytes against frames.

// decodeAll feeds stream to d in pieces of the sizes given and returns the
// frames, whole, up to a Close frame, a violation or the end of the stream.
func decodeAll(d *codec.Decoder, stream []byte, sizes ...int) (frames []codec.Frame, err error) {
	var payload []byte
	for piece := range wstest.Pieces(stream, sizes...) {
		d.Commit(copy(d.Space(len(piece)), piece))
		for {
			f, err := d.Next()
			if err == codec.ErrShort {
				break
			}
			if err != nil {
				return frames, err
			}
			payload = append(payload, f.Payload...)
			if !f.End {
				continue
			}
			f.Payload, payload = payload, nil
			frames = append(frames, f)
			if f.Opcode == codec.OpClose {
				return frames, nil
			}
		}
	}
	return frames, codec.ErrShort
}

// deliver puts fragments together to what a reader sees, Close frames and pongs apart.
func deliver(frames []codec.Frame) (events []wstest.Event) {
	var message []byte
	for _, f := range frames {
		switch {
		case f.Opcode == codec.OpPing:
			events = append(events, wstest.Event{Opcode: f.Opcode, Payload: f.Payload})
		case !f.Opcode.IsControl():
			message = append(message, f.Payload...)
			if f.Last() {
				events = append(events, wstest.Event{Opcode: f.Message, Payload: message})
				message = nil
			}
		}
	}
	return events
}

// reader is the role of who receives masked frames, or plain ones.
func reader(masked bool) codec.Role {
	if masked {
		return codec.Server
	}
	return codec.Client
}

func TestCodecVectors(t *testing.T) {
	for _, v := range wstest.RFCVectors {
		t.Run(v.Name, func(t *testing.T) {
			for _, sizes := range [][]int{nil, {1}, {3, 7}} {
				d := codec.Decoder{Role: reader(v.Masked)}
				defer d.Reset()
				frames, err := decodeAll(&d, v.Wire, sizes...)
				if len(frames) != len(v.Frames) || err != codec.ErrShort {
					t.Fatalf("%d frames, %v, want %d", len(frames), err, len(v.Frames))
				}
				for i, want := range v.Frames {
					f := frames[i]
					if f.Fin != want.Fin || f.Opcode != want.Opcode || f.Masked != v.Masked || f.Key != v.Key || !bytes.Equal(f.Payload, want.Payload) {
						t.Errorf("frame %d is %+v, want %v", i, f, want)
					}
				}
			}
			var wire []byte
			for _, f := range v.Frames {
				h := codec.Header{Fin: f.Fin, Opcode: f.Opcode, Masked: v.Masked, Key: v.Key}
				wire = codec.AppendFrame(wire, h, f.Payload)
			}
			if !bytes.Equal(wire, v.Wire) {
				t.Errorf("AppendFrame gives % x, want % x", wire, v.Wire)
			}
		})
	}
}

func TestCodecHeaders(t *testing.T) {
	for _, v := range wstest.HeaderVectors {
		t.Run(v.Name, func(t *testing.T) {
			for _, b := range [][]byte{v.Wire, append(slices.Clip(v.Wire), "trailing"...)} {
				if h, n, err := codec.ParseHeader(b); h != v.Header || n != len(v.Wire) || err != nil {
					t.Errorf("ParseHeader(% x) = %+v, %d, %v, want %+v, %d", b, h, n, err, v.Header, len(v.Wire))
				}
			}
			for cut := range v.Wire {
				if h, n, err := codec.ParseHeader(v.Wire[:cut]); h != (codec.Header{}) || n != 0 || err != codec.ErrShort {
					t.Errorf("ParseHeader(% x) = %+v, %d, %v, want %v", v.Wire[:cut], h, n, err, codec.ErrShort)
				}
			}
			if b := codec.AppendHeader(nil, v.Header); !bytes.Equal(b, v.Wire) || codec.SizeHeader(v.Header) != len(b) {
				t.Errorf("AppendHeader(%+v) = % x, SizeHeader = %d, want % x", v.Header, b, codec.SizeHeader(v.Header), v.Wire)
			}
		})
	}
}

func TestCodecInvalidHeaders(t *testing.T) {
	for _, v := range wstest.InvalidHeaders {
		t.Run(v.Name, func(t *testing.T) {
			if h, n, err := codec.ParseHeader(v.Wire); h != (codec.Header{}) || n != 0 || err != v.Err {
				t.Errorf("ParseHeader(% x) = %+v, %d, %v, want %v", v.Wire, h, n, err, v.Err)
			}
			for _, sizes := range [][]int{nil, {1}} {
				d := codec.Decoder{Role: reader(v.Wire[1]&0x80 != 0)}
				if frames, err := decodeAll(&d, v.Wire, sizes...); len(frames) != 0 || err != v.Err {
					t.Errorf("Next = %v, %v, want %v", frames, err, v.Err)
				}
				d.Reset()
			}
		})
	}
}

// Every conformance case that does not depend on time or size: whole, byte by
// byte, in odd pieces, and with more behind it.
func TestCodecCases(t *testing.T) {
	late := wstest.Text("late").AppendMasked(nil, wstest.RFCKey)
	for _, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7", "10") {
		t.Run(c.ID, func(t *testing.T) {
			for _, masked := range []bool{true, false} {
				stream := c.Bytes(masked)
				wantOutcome(t, c, masked, stream)
				if len(stream) < 100_000 {
					wantOutcome(t, c, masked, stream, 1)
				}
				wantOutcome(t, c, masked, stream, 2, 3, 997)
				wantOutcome(t, c, masked, append(stream, late...))
			}
		})
	}
}

// wantOutcome checks what a Decoder makes of the bytes of c.
func wantOutcome(t *testing.T, c *wstest.Case, masked bool, stream []byte, sizes ...int) {
	t.Helper()
	d := codec.Decoder{Role: reader(masked)}
	defer d.Reset()
	frames, err := decodeAll(&d, stream, sizes...)
	want := c.Outcome()
	if got := deliver(frames); !c.Informational && !slices.EqualFunc(got, want.Events, wstest.Event.Equal) {
		t.Errorf("%s (masked %v, pieces %v): delivers %v, want %v", c.Name, masked, sizes, got, want.Events)
	}
	violation, failed := err.(codec.Violation)
	switch {
	case c.Informational:
	case want.Fails != failed:
		t.Errorf("%s (masked %v, pieces %v): ends with %v, want a violation: %v", c.Name, masked, sizes, err, want.Fails)
	case failed && !slices.Contains(want.Codes, violation.StatusCode()):
		t.Errorf("%s (masked %v, pieces %v): %v has code %d, want one of %d", c.Name, masked, sizes, err, violation.StatusCode(), want.Codes)
	case !failed && (err != nil || frames[len(frames)-1].Opcode != codec.OpClose):
		t.Errorf("%s (masked %v, pieces %v): ends with %v, want a Close frame", c.Name, masked, sizes, err)
	}
}

// What is behind a Close frame stays where it is.
func TestCodecLeavesTrailingBytes(t *testing.T) {
	stream := wstest.Close(codec.StatusNormalClosure, "bye").AppendMasked(nil, wstest.RFCKey)
	var d codec.Decoder
	defer d.Reset()
	frames, err := decodeAll(&d, append(stream, "not a frame"...))
	if len(frames) != 1 || err != nil || d.Buffered() != len("not a frame") {
		t.Errorf("%d frames, %v, %d bytes left, want 1, nil, %d", len(frames), err, d.Buffered(), len("not a frame"))
	}
}

func TestCodecRoundTrip(t *testing.T) {
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		for _, length := range []int{0, 1, 124, 125, 126, 127, 65535, 65536, 200_000} {
			t.Run(fmt.Sprintf("%d bytes from a %v", length, role), func(t *testing.T) {
				e := codec.Encoder{Role: role}
				payload := wstest.TextPayload(length)
				half := length / 2
				var stream []byte
				var err error
				for _, f := range []wstest.Frame{
					wstest.Text(string(payload)),
					wstest.Binary(wstest.BinaryPayload(length)),
					wstest.Text(string(payload[:half])).More(),
					wstest.Ping("between fragments"),
					wstest.Continuation(string(payload[half:])),
					wstest.Close(codec.StatusGoingAway, "done"),
				} {
					h := codec.Header{Fin: f.Fin, Opcode: f.Opcode, Key: wstest.RFCKey}
					if stream, err = e.Append(stream, h, f.Payload); err != nil {
						t.Fatalf("Append(%v): %v", f, err)
					}
				}
				want := []wstest.Event{
					{Opcode: codec.OpText, Payload: payload},
					{Opcode: codec.OpBinary, Payload: wstest.BinaryPayload(length)},
					{Opcode: codec.OpPing, Payload: []byte("between fragments")},
					{Opcode: codec.OpText, Payload: payload},
				}
				for _, sizes := range [][]int{nil, {4096}, {1, 65536, 31}} {
					d := codec.Decoder{Role: role.Peer()}
					frames, err := decodeAll(&d, stream, sizes...)
					if got := deliver(frames); err != nil || !slices.EqualFunc(got, want, wstest.Event.Equal) {
						t.Errorf("in pieces of %v: %v, %v, want %v", sizes, got, err, want)
					}
					d.Reset()
				}
			})
		}
	}
}

// chromeRequest is an opening handshake as a browser sends it.
var chromeRequest = []byte("GET /chat?room=42 HTTP/1.1\r\n" +
	"Host: server.example.com\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: https://server.example.com\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Protocol: chat, superchat\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")

// In steady state no function allocates, however its result ends.
func TestCodecAllocatesNothing(t *testing.T) {
	var (
		text      = wstest.TextPayload(4000)
		buffer    = make([]byte, 0, 1<<17)
		bad       = []byte{0x83, 0x80, 0, 0, 0, 0}
		closing   = []byte("\x03\xE8a reason")
		key       = [24]byte([]byte("dGhlIHNhbXBsZSBub25jZQ=="))
		offered   = []string{"chat"}
		response  []byte
		server    codec.Decoder
		encoder   = codec.Encoder{Role: codec.Client}
		frame     = wstest.Text(string(text)).AppendMasked(nil, wstest.RFCKey)
		large     = wstest.Text(string(wstest.TextPayload(codec.MaxWhole+1000))).AppendMasked(nil, wstest.RFCKey)
		request   codec.Request
		answer    codec.Response
		violation error
	)
	legal := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	response, err := codec.AppendResponse(nil, key[:], "chat", "")
	legal(err)
	defer server.Reset()
	decode := func(stream []byte) {
		for piece := range 2 { // cut in two, so that a frame waits
			half := stream[piece*len(stream)/2 : (piece+1)*len(stream)/2]
			server.Commit(copy(server.Space(len(half)), half))
			for err := error(nil); err == nil; {
				if _, err = server.Next(); err != codec.ErrShort {
					legal(err)
				}
			}
		}
	}
	for _, tt := range []struct {
		name string
		call func()
	}{
		{"ParseHeader", func() { _, _, err := codec.ParseHeader(frame); legal(err) }},
		{"ParseHeader, short", func() { _, _, violation = codec.ParseHeader(frame[:1]) }},
		{"ParseHeader, not minimal", func() { _, _, violation = codec.ParseHeader([]byte{0x81, 0x7E, 0, 0}) }},
		{"AppendHeader", func() { codec.AppendHeader(buffer, codec.Header{Length: 1 << 20, Masked: true}) }},
		{"Mask", func() { codec.Mask(text, wstest.RFCKey, 1); codec.Mask(text, wstest.RFCKey, 1) }},
		{"UTF8", func() { var u codec.UTF8; u.Check(text[:1001]); u.Check(text[1001:]); u.Complete() }},
		{"ParseClose", func() { _, _, err := codec.ParseClose(closing); legal(err) }},
		{"ParseClose, refused", func() { _, _, violation = codec.ParseClose(closing[:1]) }},
		{"AppendClose", func() { _, err := codec.AppendClose(buffer, codec.StatusGoingAway, "bye"); legal(err) }},
		{"AppendFrame", func() { codec.AppendFrame(buffer, codec.Header{Fin: true, Masked: true, Key: wstest.RFCKey}, text) }},
		{"Encoder", func() {
			_, err := encoder.Append(buffer, codec.Header{Fin: true, Opcode: codec.OpText}, text)
			legal(err)
		}},
		{"Encoder, refused", func() { _, violation = encoder.Append(buffer, codec.Header{}, text) }},
		{"Decoder", func() { decode(frame) }},
		{"Decoder, large frame", func() { decode(large) }},
		{"Decoder, refused", func() {
			d := server // with its buffer, so that the pool has no part in it
			d.Commit(copy(d.Space(len(bad)), bad))
			_, violation = d.Next()
		}},
		{"Violation", func() { _ = violation.Error() }},
		{"Request", func() {
			request.Reset()
			_, err := request.Parse(chromeRequest)
			legal(err)
			legal(request.Check())
		}},
		{"Request, byte by byte", func() {
			request.Reset()
			for i := range chromeRequest {
				request.Parse(chromeRequest[:i+1])
			}
		}},
		{"Response", func() {
			answer.Reset()
			_, err := answer.Parse(response)
			legal(err)
			legal(answer.Check(key, offered, false))
		}},
		{"AcceptKey", func() { codec.AcceptKey(key[:]) }},
		{"AppendResponse", func() { _, err := codec.AppendResponse(buffer, key[:], "chat", ""); legal(err) }},
		{"AppendRequest", func() {
			_, err := codec.AppendRequest(buffer, codec.RequestParams{Host: "example.com", Target: "/chat", Key: key, Subprotocols: offered})
			legal(err)
		}},
		{"AppendRefusal", func() { codec.AppendRefusal(buffer, codec.ErrHost) }},
	} {
		if allocs := testing.AllocsPerRun(100, tt.call); allocs != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.name, allocs)
		}
	}
}
