package recording

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/cmd/internal/trace"
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
		{"no base64", []string{first, `{"connection":1,"from":"client","opcode":1,"length":3,"payload":"%"}`}, `, line 2: illegal base64 data at input byte 0`},
		{"no base64 either", []string{first, `{"connection":1,"from":"client","raw":"%"}`}, `, line 2: illegal base64 data at input byte 0`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := write(t, tt.lines...)
			_, err := Open(name)
			if got := strings.TrimPrefix(fmt.Sprint(err), name); got != tt.want {
				t.Errorf("Open(%q)\n got %s\nwant %s", tt.lines, got, tt.want)
			}
		})
	}
}

// TestPreambleIsJSON holds the recording to its documented first line.
func TestPreambleIsJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recording")
	r, err := Create(file, "wss://example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
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

// TestArchiveKeepsMessages makes an HTTP archive of a recording and reads it again: it
// has the same messages at the same times, inflated and in one piece.
func TestArchiveKeepsMessages(t *testing.T) {
	const heads = `{"connection":3,"at":1,"from":"client","head":"GET /room?x=1 HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://a.example\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"}
{"connection":3,"at":1.1,"from":"server","head":"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"}`
	name := write(t, `{"recording":1,"began":"2026-01-02T03:04:05Z","to":"wss://a.example"}`, heads,
		`{"connection":3,"at":1.25,"from":"client","opcode":1,"fin":true,"rsv":4,"key":"01020304","length":7,"payload":"8kjNyckHAA=="}`,
		`{"connection":3,"at":1.5,"from":"server","opcode":2,"fin":false,"rsv":0,"length":2,"payload":"AP8="}`,
		`{"connection":3,"at":1.5,"from":"server","opcode":9,"fin":true,"rsv":0,"length":0,"payload":""}`,
		`{"connection":3,"at":1.75,"from":"server","opcode":0,"fin":true,"rsv":0,"length":1,"payload":"AQ=="}`,
		`{"connection":3,"at":2,"from":"client","opcode":8,"fin":true,"rsv":0,"key":"01020304","length":2,"payload":"A+g="}`)
	part := strings.TrimSuffix(name, "recording") + "live.har.part"
	if err := os.Rename(name, part); err != nil {
		t.Fatal(err)
	}
	if err := makeArchive(part); err != nil {
		t.Fatal(err)
	}
	rec, err := Open(strings.TrimSuffix(part, ".part"))
	if err != nil {
		t.Fatal(err)
	}
	c := rec.Connections[0]
	if want := "wss://a.example/room?x=1"; c.URL != want {
		t.Errorf("the archive has the URL %q, want %q", c.URL, want)
	}
	if head := string(c.Heads[codec.Client]); !strings.Contains(head, "Origin: https://a.example\r\n") || strings.Contains(head, "permessage-deflate") {
		t.Errorf("the request made of the archive is\n%s\nwant the Origin, and no extension", head)
	}
	var got []string
	rec.Show(c, func(e trace.Event) {
		got = append(got, fmt.Sprintf("%s %s %s %q", e.Time.UTC().Format("05.00"), e.From, e.Message, e.Payload))
	})
	want := []string{`06.25 client text "Hello"`, `06.75 server binary "\x00\xff\x01"`, `07.00 client close "\x03\xe8"`}
	if !slices.Equal(got, want) {
		t.Errorf("the archive has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestArchivesThatAreNone(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"without WebSocket", `{"log":{"entries":[{"request":{"url":"https://a/"}}]}}`, ": the HTTP archive has no WebSocket messages, of 1 requests"},
		{"cut", `{"log":{"entries":[`, ": HTTP archive: unexpected EOF"},
		{"no base64", `{"log":{"entries":[{"request":{"url":"ws://a/"},"_webSocketMessages":[{"type":"send","opcode":2,"data":"%"}]}]}}`, ": HTTP archive: WebSocket 1: a message of opcode 2: illegal base64 data at input byte 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Read(strings.NewReader(tt.file)); fmt.Sprint(err) != tt.want {
				t.Errorf("Read(%s)\n got %v\nwant %s", tt.file, err, tt.want)
			}
		})
	}
}
