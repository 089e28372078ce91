package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/testkit"
)

// patience is how long a test waits for what must come.
const patience = testkit.Patience

// wire is a client that knows nothing of the library: a TCP connection, and
// RFC 6455 written out by hand.
type wire struct {
	net.Conn
	in *bufio.Reader
}

// Opcodes of RFC 6455 §5.2.
const (
	text    = 0x1
	binData = 0x2
	closing = 0x8
	ping    = 0x9
	pong    = 0xA
)

// dial opens a TCP connection that the end of the test closes.
func dial(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &wire{conn, bufio.NewReader(conn)}
}

// open does the opening handshake with the key of RFC 6455 §1.3 and, if it is
// not empty, one sub-protocol, which the server must agree to.
func open(t *testing.T, addr, path, subprotocol string) *wire {
	t.Helper()
	w := dial(t, addr)
	w.upgrade(t, addr, path, subprotocol)
	return w
}

// upgrade is open on a connection that there is.
func (w *wire) upgrade(t *testing.T, addr, path, subprotocol string) {
	t.Helper()
	fmt.Fprintf(w, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", path, addr)
	fmt.Fprintf(w, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
	if subprotocol != "" {
		fmt.Fprintf(w, "Sec-WebSocket-Protocol: %s\r\n", subprotocol)
	}
	fmt.Fprintf(w, "\r\n")
	status, fields := w.readHead(t)
	if status != "HTTP/1.1 101 Switching Protocols" ||
		fields["sec-websocket-accept"] != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
		fields["sec-websocket-protocol"] != subprotocol {
		t.Fatalf("opening handshake with %s, sub-protocol %q: got %s %v", path, subprotocol, status, fields)
	}
}

// readHead reads a status line and header fields, their names in lower case.
func (w *wire) readHead(t *testing.T) (status string, fields map[string]string) {
	t.Helper()
	fields = map[string]string{}
	for {
		line, err := w.in.ReadString('\n')
		if err != nil {
			t.Fatalf("reading the head of a response: %v after %q", err, line)
		}
		line = strings.TrimSuffix(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			return status, fields
		case status == "":
			status = line
		default:
			fields[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
}

// send writes one masked frame. The key is zero, so the payload stays readable.
func (w *wire) send(t *testing.T, fin bool, opcode byte, payload string) {
	t.Helper()
	frame := []byte{opcode}
	if fin {
		frame[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	frame = append(frame, 0, 0, 0, 0)
	if _, err := w.Write(append(frame, payload...)); err != nil {
		t.Fatalf("sending a frame: %v", err)
	}
}

// want reads one frame and compares it.
func (w *wire) want(t *testing.T, opcode byte, payload string) {
	t.Helper()
	gotOpcode, got := w.receive(t)
	if gotOpcode != opcode || got != payload {
		t.Fatalf("received opcode %#x %.100q, want %#x %.100q", gotOpcode, got, opcode, payload)
	}
}

// wantClose reads a Close frame and then the end of the connection.
func (w *wire) wantClose(t *testing.T, code uint16) {
	t.Helper()
	opcode, payload := w.receive(t)
	if opcode != closing || len(payload) < 2 || binary.BigEndian.Uint16([]byte(payload)) != code {
		t.Fatalf("received opcode %#x %.100q, want Close with %d", opcode, payload, code)
	}
	w.send(t, true, closing, payload[:2])
	w.wantEnd(t)
}

// wantEnd reads up to the end of the connection: nothing may come before.
func (w *wire) wantEnd(t *testing.T) {
	t.Helper()
	if rest, err := io.ReadAll(w.in); err != nil || len(rest) > 0 {
		t.Fatalf("received %.100q, %v, want the end of the connection", rest, err)
	}
}

func (w *wire) receive(t *testing.T) (opcode byte, payload string) {
	t.Helper()
	head := make([]byte, 2)
	w.readFull(t, head)
	if head[0]&0xF0 != 0x80 || head[1]&0x80 != 0 {
		t.Fatalf("received a frame that begins with % x, want FIN alone and no mask", head)
	}
	length := uint64(head[1])
	switch length {
	case 126:
		extended := make([]byte, 2)
		w.readFull(t, extended)
		length = uint64(binary.BigEndian.Uint16(extended))
	case 127:
		extended := make([]byte, 8)
		w.readFull(t, extended)
		length = binary.BigEndian.Uint64(extended)
	}
	body := make([]byte, length)
	w.readFull(t, body)
	return head[0] & 0xF, string(body)
}

func (w *wire) readFull(t *testing.T, b []byte) {
	t.Helper()
	if _, err := io.ReadFull(w.in, b); err != nil {
		t.Fatalf("reading a frame: %v", err)
	}
}

// closePayload is the body of a Close frame.
func closePayload(code uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, code)) + reason
}
