package trace

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/zerowire/websocket/codec"
)

const (
	request = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
	response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
	deflated = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
)

var key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// frame returns a frame; a client's is masked.
func frame(from codec.Role, op codec.Opcode, flags string, payload string) []byte {
	h := codec.Header{Opcode: op, Fin: strings.Contains(flags, "FIN")}
	if strings.Contains(flags, "RSV1") {
		h.RSV = codec.RSV1
	}
	if from == codec.Client {
		h.Masked, h.Key = true, key
	}
	return codec.AppendFrame(nil, h, []byte(payload))
}

// deflater returns what compresses the messages of one direction, one after the
// other.
func deflater(t testing.TB, takeover bool) func(message string) string {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	return func(message string) string {
		out.Reset()
		if !takeover {
			w.Reset(&out)
		}
		w.Write([]byte(message))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(out.String(), "\x00\x00\xff\xff")
	}
}

// lines collects what a Printer makes of events.
type lines struct{ out bytes.Buffer }

func (l *lines) sink() func(Event) {
	p := &Printer{W: &l.out, Offsets: true}
	return p.Print
}

func (l *lines) all() []string { return strings.Split(strings.TrimSuffix(l.out.String(), "\n"), "\n") }

// want fails unless the events were, in the order of each direction, those.
func (l *lines) want(t *testing.T, call string, want ...string) {
	t.Helper()
	got := l.all()
	byDirection := func(a, b string) int { return strings.Compare(arrow(a), arrow(b)) }
	slices.SortStableFunc(got, byDirection)
	want = slices.Clone(want)
	slices.SortStableFunc(want, byDirection)
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got\n%s\nwant\n%s", call, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func arrow(line string) string {
	if strings.Contains(line, " → ") {
		return "→"
	}
	return "←"
}

// script is what both ends of a session send, and what is to be seen of it.
type script struct {
	bytes [2][]byte // by the end that sends
	want  []string
}

// add has an end send p, and line be seen of it; LENGTH in it is that of p's
// payload.
func (s *script) add(from codec.Role, p []byte, line string) {
	if h, _, err := codec.ParseHeader(p); err == nil {
		line = strings.Replace(line, "LENGTH", fmt.Sprintf("%6d", h.Length), 1)
	}
	arrow := "→"
	if from == codec.Server {
		arrow = "←"
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(line), "\r", ""), "\n") {
		s.want = append(s.want, fmt.Sprintf("%8d %s %s", len(s.bytes[from]), arrow, line))
	}
	s.bytes[from] = append(s.bytes[from], p...)
}

// whole is a session with every kind of frame, compressed messages that refer to
// those before among them.
func whole(t *testing.T) *script {
	const c, s = codec.Client, codec.Server
	compress, answer := deflater(t, true), deflater(t, true)
	greeting, again := compress("Hello Hello Hello"), compress("Hello Hello Hello")
	fragments := answer("fragments and fragments and fragments")
	if len(again) >= len(greeting) {
		t.Fatalf("the second message is %d bytes long compressed, the first one %d: it does not refer to it", len(again), len(greeting))
	}

	w := new(script)
	w.add(c, []byte(request), request)
	w.add(s, []byte(response+deflated+"\r\n"), response+deflated)
	w.add(c, frame(c, codec.OpText, "FIN", "Hello"), `text         FIN      37fa213d      5 "Hello"`)
	w.add(c, frame(c, codec.OpText, "RSV1 FIN", greeting), `text         FIN RSV1 37fa213d LENGTH inflated 17 "Hello Hello Hello"`)
	w.add(c, frame(c, codec.OpText, "RSV1 FIN", again), `text         FIN RSV1 37fa213d LENGTH inflated 17 "Hello Hello Hello"`)
	w.add(c, frame(c, codec.OpText, "", "Hel"), `text                  37fa213d      3 "Hel"`)
	w.add(c, frame(c, codec.OpPing, "FIN", "p"), `ping         FIN      37fa213d      1 "p"`)
	w.add(c, frame(c, codec.OpContinuation, "FIN", "lo"), `continuation FIN      37fa213d      2 "lo"`)
	w.add(c, frame(c, codec.OpBinary, "FIN", strings.Repeat("0123456789", 7000)), `binary       FIN      37fa213d  70000 `+strings.Repeat("30 31 32 33 34 35 36 37 38 39 ", 2)+"…")
	w.add(c, frame(c, codec.OpClose, "FIN", "\x03\xe8bye"), `close        FIN      37fa213d      5 1000 normal closure "bye"`)
	w.add(s, frame(s, codec.OpText, "RSV1", fragments[:4]), fmt.Sprintf(`text         RSV1                   4 compressed % x`, fragments[:4]))
	w.add(s, frame(s, codec.OpPong, "FIN", ""), `pong         FIN                    0`)
	w.add(s, frame(s, codec.OpContinuation, "FIN", fragments[4:]), `continuation FIN               LENGTH inflated 37 "fragments and fragments and fragments"`)
	w.add(s, frame(s, codec.OpBinary, "FIN", "\x00\xff"), `binary       FIN                    2 00 ff`)
	w.add(s, frame(s, codec.OpClose, "FIN", ""), `close        FIN                    0`)
	return w
}

func TestSessionWhole(t *testing.T) {
	w := whole(t)
	client, server := w.bytes[codec.Client], w.bytes[codec.Server]
	var l lines
	s := NewSession(true, 0, l.sink())
	s.Write(codec.Client, time.Time{}, client)
	s.Write(codec.Server, time.Time{}, server)
	s.End(codec.Client, time.Time{})
	s.End(codec.Server, time.Time{})
	l.want(t, "both directions at once", w.want...)
}

// TestSessionAtEverySplit has the bytes come in two parts, cut everywhere, and the
// directions in both orders.
func TestSessionAtEverySplit(t *testing.T) {
	w := whole(t)
	head := len(request) + 200 // frames behind that are alike
	for cut := range head {
		for _, first := range []codec.Role{codec.Client, codec.Server} {
			var l lines
			s := NewSession(true, 0, l.sink())
			at := min(cut, len(w.bytes[first]))
			s.Write(first, time.Time{}, w.bytes[first][:at])
			s.Write(first.Peer(), time.Time{}, w.bytes[first.Peer()])
			s.Write(first, time.Time{}, w.bytes[first][at:])
			l.want(t, fmt.Sprintf("the %s's bytes cut at %d", first, cut), w.want...)
			if t.Failed() {
				return
			}
		}
	}
}

func TestSessionByteByByte(t *testing.T) {
	w := whole(t)
	client, server := w.bytes[codec.Client], w.bytes[codec.Server]
	var l lines
	s := NewSession(true, 0, l.sink())
	for i := range max(len(client), len(server)) {
		if i < len(client) {
			s.Write(codec.Client, time.Time{}, client[i:i+1])
		}
		if i < len(server) {
			s.Write(codec.Server, time.Time{}, server[i:i+1])
		}
	}
	l.want(t, "byte by byte", w.want...)
}

// TestHandshakes is about heads that are not followed by frames, or should not be.
func TestHandshakes(t *testing.T) {
	text := string(frame(codec.Client, codec.OpText, "FIN", "x"))
	tests := []struct {
		name, client, server string
		want                 []string // the events that are not the lines of a head
	}{
		{"refused", request + text, "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", nil},
		{"early hints", request + text, "HTTP/1.1 103 Early Hints\r\n\r\n" + response + "\r\n", []string{
			`     265 → text         FIN      37fa213d      1 "x"`}},
		{"early hints, and compression behind them", request + string(frame(codec.Client, codec.OpText, "RSV1 FIN", deflater(t, true)("ab"))), "HTTP/1.1 103 Early Hints\r\n\r\n" + response + deflated + "\r\n\x89\x00", []string{
			`     265 → text         FIN RSV1 37fa213d      4 inflated 2 "ab"`,
			`     233 ← ping         FIN                    0`}},
		{"plain HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nbody", nil},
		{"wrong accept key", request, strings.Replace(response, "s3pP", "t3pP", 1) + "\r\n", []string{
			"       0 ← VIOLATION by the server: Sec-WebSocket-Accept does not answer the key (RFC 6455 §4.1)"}},
		{"no key", strings.Replace(request, "Sec-WebSocket-Key", "X-Key", 1), "", []string{
			"       0 → VIOLATION by the client: no Sec-WebSocket-Key header (RFC 6455 §4.2.1)"}},
		{"not HTTP", "hello\r\n\r\n", "", []string{
			"       0 → VIOLATION by the client: malformed request line (RFC 9112 §3)"}},
		{"sub-protocol that was not offered", request, strings.Replace(response, ": chat", ": mqtt", 1) + "\r\n", []string{
			"       0 ← VIOLATION by the server: response names a sub-protocol that was not offered (RFC 6455 §4.1)"}},
		{"cut inside the head", request[:40], response[:30], []string{
			"       0 → INCOMPLETE: the stream ends inside the head of the opening handshake, after 40 bytes of it",
			"       0 ← INCOMPLETE: the stream ends inside the head of the opening handshake, after 30 bytes of it"}},
		{"cut inside a frame's header", request + text[:3], response + "\r\n", []string{
			"     265 → INCOMPLETE: the stream ends inside a frame"}},
		{"cut inside a payload", request + text[:6], response + "\r\n", []string{
			"     265 → text         FIN      37fa213d      1 INCOMPLETE: the stream ends inside a frame"}},
		{"the answer is missing", request + string(frame(codec.Client, codec.OpText, "RSV1 FIN", deflater(t, true)("ab"))), "", []string{
			`     265 → text         FIN RSV1 37fa213d      4 inflated 2 "ab"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got lines
			p := got.sink()
			s := NewSession(true, 0, func(e Event) {
				if e.Kind != Handshake {
					p(e)
				}
			})
			s.Write(codec.Client, time.Time{}, []byte(tt.client))
			s.Write(codec.Server, time.Time{}, []byte(tt.server))
			for range 2 {
				s.End(codec.Client, time.Time{}) // a second time says nothing more
				s.End(codec.Server, time.Time{})
			}
			if len(tt.want) == 0 {
				tt.want = []string{""}
			}
			got.want(t, tt.name, tt.want...)
		})
	}
}
