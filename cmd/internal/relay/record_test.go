package relay

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
)

// write returns the name of a file with these lines.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "recording")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestRecordingIsExact records what a client sends, legal and not, and reads it
// again: it is what was sent, byte by byte.
func TestRecordingIsExact(t *testing.T) {
	long := frame(fromClient, codec.OpBinary, false, 0, strings.Repeat("0123456789", 20000))
	tests := []struct {
		name string
		sent []string
	}{
		{"frames", []string{
			frame(fromClient, codec.OpText, true, 0, "Hello"),
			frame(fromClient, codec.OpPing, true, 0, ""),
			frame(fromClient, codec.OpText, true, codec.RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00"),
		}},
		{"a long frame in three reads", []string{long[:1], long[1:70003], long[70003:]}},
		{"a frame of exactly one entry", []string{frame(fromClient, codec.OpBinary, true, 0, strings.Repeat("x", maxEntry))}},
		{"a frame of exactly two", []string{frame(fromClient, codec.OpBinary, true, 0, strings.Repeat("x", 2*maxEntry))}},
		{"a violation", []string{frame(fromClient, codec.OpText, true, 0, "Hello"), "\x81\x05Hello", "and so on"}},
		{"a violation in a header that comes in parts", []string{"\xf1", "\x85\x01", "\x02\x03\x04abcde"}},
		{"a length that is too long", []string{"\x81\xfe\x00", "\x05\x01\x02\x03\x04abcde"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "recording")
			r := open(t, extended, func(p *proxy) {
				var err error
				if p.recorder, err = newRecorder(name, p.to); err != nil {
					t.Fatal(err)
				}
			})
			for _, p := range tt.sent {
				r.client.send(p)
				r.server.want(p)
			}
			r.client.Close()
			r.server.Close()
			r.stop()
			err := <-r.stopped
			r.stopped <- nil
			if err != nil {
				t.Fatal(err)
			}
			if err := r.proxy.recorder.close(); err != nil {
				t.Fatal(err)
			}
			rec, err := readRecording(name)
			if err != nil {
				t.Fatal(err)
			}
			c := rec.connections[0]
			var got strings.Builder
			for _, s := range c.sent[fromClient] {
				got.Write(s.bytes)
			}
			if want := strings.Join(tt.sent, ""); got.String() != want {
				t.Errorf("recorded\n%.200q\nwant\n%.200q", got.String(), want)
			}
			if want := response + extended + "\r\n"; string(c.heads[fromServer]) != want {
				t.Errorf("recorded the response\n%s\nwant\n%s", c.heads[fromServer], want)
			}
		})
	}
}

func TestRecordingsThatAreNone(t *testing.T) {
	const first = `{"recording":1,"began":"2026-01-01T00:00:00Z","to":"ws://a"}`
	tests := []struct {
		name  string
		lines []string
		want  string // behind the file's name
	}{
		{"another file", []string{"hello"}, `, line 1: this is no recording of zerowire proxy: it does not begin with {"recording":1,…}`},
		{"another version", []string{`{"recording":2}`}, `, line 1: this is no recording of zerowire proxy: it does not begin with {"recording":1,…}`},
		{"nothing in it", []string{first}, ": no connection was recorded"},
		{"no JSON", []string{first, "{"}, ", line 2: unexpected end of JSON input"},
		{"from nobody", []string{first, `{"connection":1,"from":"proxy","end":"eof"}`}, `, line 2: "from" is "proxy", want "client" or "server"`},
		{"nothing said", []string{first, `{"connection":1,"from":"client"}`}, `, line 2: an entry has one of "head", "payload", "raw" and "end"`},
		{"no opcode", []string{first, `{"connection":1,"from":"client","payload":""}`}, `, line 2: a frame has "opcode" (0 to 15), "rsv" (0 to 7) and "length"`},
		{"opcode 16", []string{first, `{"connection":1,"from":"client","opcode":16,"payload":""}`}, `, line 2: a frame has "opcode" (0 to 15), "rsv" (0 to 7) and "length"`},
		{"half a key", []string{first, `{"connection":1,"from":"client","opcode":1,"key":"0102","payload":""}`}, `, line 2: "key" is "0102", want 8 hexadecimal digits`},
		{"wrong length", []string{first, `{"connection":1,"from":"client","opcode":1,"length":3,"payload":"SGVsbG8="}`}, `, line 2: the payload is 5 bytes long, and "length" says 3`},
		{"no base64", []string{first, `{"connection":1,"from":"client","opcode":1,"length":3,"payload":"%"}`}, `, line 2: "payload": illegal base64 data at input byte 0`},
		{"no base64 either", []string{first, `{"connection":1,"from":"client","raw":"%"}`}, `, line 2: "raw": illegal base64 data at input byte 0`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := write(t, tt.lines...)
			_, err := readRecording(name)
			if got := strings.TrimPrefix(fmt.Sprint(err), name); got != tt.want {
				t.Errorf("readRecording(%q)\n got %s\nwant %s", tt.lines, got, tt.want)
			}
		})
	}
}

// TestPreambleIsJSON holds the recording to its documented first line.
func TestPreambleIsJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recording")
	to, err := newUpstream("wss://user:secret@example.com/path", new(reach.Flags))
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(file, to)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(line, &got); err != nil || got["recording"] != 1.0 || got["to"] != "wss://example.com" {
		t.Errorf("preamble %s: %v, want version 1 and the server without what is secret", line, err)
	}
}
