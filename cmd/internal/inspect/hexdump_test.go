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
				if format := detect(dumped); format != "hex" {
					t.Errorf("detect(\n%s) = %q, want hex", dumped, format)
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
			if err != nil || string(got) != tt.want || detect([]byte(tt.in)) != "hex" {
				t.Errorf("%q is %s: % x, %v, want % x", tt.in, detect([]byte(tt.in)), got, err, tt.want)
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
		{"spaces", "  \n \n", "raw"},
		{"pcap", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", "pcap"},
		{"pcap, big-endian", "\xa1\xb2\xc3\xd4\x00\x02\x00\x04", "pcap"},
		{"pcap, nanoseconds", "\x4d\x3c\xb2\xa1\x02\x00\x04\x00", "pcap"},
		{"pcapng", "\x0a\x0d\x0d\x0a\x00\x00\x00\x1c", "pcap"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := detect([]byte(tt.in)); got != tt.want {
				t.Errorf("detect(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
