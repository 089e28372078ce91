package inspect

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
)

// TestHexDumps has the programs that people use dump bytes, and reads what they
// wrote.
func TestHexDumps(t *testing.T) {
	random := make([]byte, 1000)
	r := rand.NewChaCha8([32]byte{})
	r.Read(random)
	inputs := []struct {
		name string
		p    []byte
	}{
		{"a frame", []byte("\x81\x05Hello")},
		{"a handshake", []byte("GET /abc def HTTP/1.1\r\nHost: cafe\r\n\r\n")},
		{"a whole line", []byte("0123456789abcdef")},
		{"text that looks like hex", []byte("beef cafe 00 11 |22| 33: 44  55")},
		{"repeated lines", append(append([]byte("\x82\x7e\x01\x00"), make([]byte, 256)...), 0x88, 0)},
		{"random", random},
	}
	programs := [][]string{
		{"xxd"}, {"xxd", "-a"}, {"xxd", "-p"}, {"xxd", "-u", "-g", "1"}, {"xxd", "-c", "8"}, {"xxd", "-i"},
		{"hexdump", "-C"}, {"hexdump", "-vC"},
		{"od", "-A", "x", "-t", "x1"}, {"od", "-A", "x", "-t", "x1z"}, {"od", "-A", "n", "-t", "x1", "-v"},
	}
	for _, program := range programs {
		for _, in := range inputs {
			t.Run(strings.Join(program, " ")+", "+in.name, func(t *testing.T) {
				cmd := exec.Command(program[0], program[1:]...)
				cmd.Stdin = bytes.NewReader(in.p)
				dumped, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v (apt-get install xxd bsdextrautils coreutils)", err)
				}
				if format, err := detect(dumped); format != "hex" {
					t.Errorf("detect(\n%s) = %q, %v, want hex", dumped, format, err)
				}
				got, err := io.ReadAll(newHexReader(iotest.OneByteReader(bytes.NewReader(dumped))))
				if err != nil || !bytes.Equal(got, in.p) {
					t.Errorf("read\n%s\n got % x, %v\nwant % x", dumped, got, err, in.p)
				}
			})
		}
	}
}

func TestPlainHex(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"digits", "810548656c6c6f", "\x81\x05Hello"},
		{"spaces", "81 05 48 65 6c 6c 6f\n", "\x81\x05Hello"},
		{"several lines", "81 05\n\n48 65 6C 6C 6F", "\x81\x05Hello"},
		{"Go, C and Python", `0x81, 0x05, \x48\x65\x6c 6c:6f`, "\x81\x05Hello"},
		{"comments", "# Hello\n81 05 # header\n48656c6c6f", "\x81\x05Hello"},
		{"a packet viewer", "0000   81 05 48 65 6c 6c 6f                             ..Hello\n", "\x81\x05Hello"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := io.ReadAll(newHexReader(strings.NewReader(tt.in)))
			format, _ := detect([]byte(tt.in))
			if err != nil || string(got) != tt.want || format != "hex" {
				t.Errorf("%q is %s: % x, %v, want % x", tt.in, format, got, err, tt.want)
			}
		})
	}
}

func TestHexDumpsThatAreNone(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"half a byte", "81 0\n", "hex dump, line 1: encoding/hex: odd length hex string"},
		{"no digit", "81\n0g\n", "hex dump, line 2: encoding/hex: invalid byte: U+0067 'g'"},
		{"a line is missing", "00000000: 8105 4865 6c6c 6f81 0548 656c 6c6f 8105  ..\n00000020: 48  H\n", "hex dump, line 2: offset 20 where 10 was to be expected: a line is missing"},
		{"repeated for ever", "00000000  81 05\n*\nffffffffffff  81\n", `hex dump, line 3: offset ffffffffffff behind 2 and a "*"`},
		{"another form in the middle", "00000000  81 05\nhello\n", "hex dump, line 2: not a hex dump"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := io.ReadAll(newHexReader(strings.NewReader(tt.in)))
			if fmt.Sprint(err) != tt.want {
				t.Errorf("read %q: error %v, want %s", tt.in, err, tt.want)
			}
		})
	}
}

func TestDetect(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"a client's stream", "GET / HTTP/1.1\r\n", "raw"},
		{"a server's stream", "HTTP/1.1 101 Switching Protocols\r\n", "raw"},
		{"a frame", "\x81\x05Hello", "raw"},
		{"an empty frame", "\x89\x00", "raw"},
		{"a masked frame", "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "raw"},
		{"a broken frame", "\xf3\x01A", "raw"},
		{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"},
		{"zstd", "\x28\xb5\x2f\xfd\x04\x00", "zstd"},
		{"a recording", `{"recording":1,"began":"2026-01-01T00:00:00Z"}`, "recording"},
		{"an HTTP archive", "{\n \"log\": {\"version\": \"1.2\"", "har"},
		{"an HTTP archive with a byte order mark", "\ufeff{\"log\":{", "har"},
		{"spaces", "  \n \n", "this is text/plain"},
		{"text", "Grüße\n", "this is text/plain; charset=utf-8, and neither a capture"},
		{"other JSON", `{"frames":[]}`, "this is application/json, and neither"},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "this is image/png, and neither"},
		{"PDF", "%PDF-1.7\n", "this is application/pdf, and neither"},
		{"a modified pcap", "\x34\xcd\xb2\xa1\x02\x00\x04\x00", `this is a capture in the "modified" pcap format, which is not read: convert it`},
		{"snoop", "snoop\x00\x00\x00\x00\x00\x00\x02", "this is a capture in snoop's format"},
		{"pcap", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", "pcap"},
		{"pcap, big-endian", "\xa1\xb2\xc3\xd4\x00\x02\x00\x04", "pcap"},
		{"pcap, nanoseconds", "\x4d\x3c\xb2\xa1\x02\x00\x04\x00", "pcap"},
		{"pcapng", "\x0a\x0d\x0d\x0a\x00\x00\x00\x1c", "pcap"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := detect([]byte(tt.in))
			if err != nil {
				got = err.Error()
			}
			if got != tt.want && (err == nil || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("detect(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
