package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// patience is how long a test waits for what has to come.
const patience = testkit.Patience

const (
	request = "GET /room?x=1 HTTP/1.1\r\nHost: proxy.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	extended = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
)

// end is one end of a connection that is passed on: the test is both of them.
type end struct {
	*testing.T
	*net.TCPConn
	name string
}

// rig is a proxy between a client and a server.
type rig struct {
	client, server *end
	proxy          *proxy
	stop           context.CancelFunc // tells the proxy to end
	stopped        chan error         // what it returned
}

// serveProxy starts a proxy that passes on to rawURL, and returns its address. What it
// shows and records is for the configurations to say.
func serveProxy(t *testing.T, rawURL string, configure ...func(*proxy)) (*rig, string) {
	t.Helper()
	to, err := newUpstream(rawURL, new(reach.Flags))
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := &rig{proxy: &proxy{to: to, Quiet: reach.Quiet{Quiet: true}}, stop: cancel, stopped: make(chan error, 1)}
	for _, f := range configure {
		f(r.proxy)
	}
	go func() { r.stopped <- r.proxy.serve(ctx, narrow{ln}) }()
	t.Cleanup(func() {
		cancel()
		<-r.stopped
	})
	return r, ln.Addr().String()
}

// narrow is a listener whose connections hold little that has not been read. A system
// may hold 32 MiB.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	nc, err := n.Listener.Accept()
	if err == nil {
		err = nc.(*net.TCPConn).SetReadBuffer(smallBuffer)
	}
	return nc, err
}

// smallBuffer is the size of buffers that are set, in bytes.
const smallBuffer = 64 << 10

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// connect has a client connect through a proxy, and returns it with the server's end
// of the connection.
func connect(t *testing.T, configure ...func(*proxy)) *rig {
	t.Helper()
	ln := listen(t)
	r, addr := serveProxy(t, "ws://"+ln.Addr().String(), configure...)
	r.client = dial(t, addr)
	r.client.send(request + "\r\n")
	r.server = accept(t, ln)
	return r
}

// open is connect, with the opening handshake done.
func open(t *testing.T, extensions string, configure ...func(*proxy)) *rig {
	t.Helper()
	r := connect(t, configure...)
	r.server.head()
	r.server.send(response + extensions + "\r\n")
	if got := r.client.head(); got != response+extensions+"\r\n" {
		t.Fatalf("the client got the head\n%s", got)
	}
	return r
}

func dial(t *testing.T, addr string) *end {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newEnd(t, nc, "client")
}

func accept(t *testing.T, ln net.Listener) *end {
	t.Helper()
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return newEnd(t, nc, "server")
}

func newEnd(t *testing.T, nc net.Conn, name string) *end {
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	return &end{t, nc.(*net.TCPConn), name}
}

func (e *end) send(s string) {
	e.Helper()
	if _, err := e.TCPConn.Write([]byte(s)); err != nil {
		e.Fatalf("%s: write: %v", e.name, err)
	}
}

// want reads as many bytes as s has, which have to be s.
func (e *end) want(s string) {
	e.Helper()
	got := make([]byte, len(s))
	if n, err := io.ReadFull(e.TCPConn, got); err != nil || string(got) != s {
		e.Fatalf("%s got % x, %v\nwant % x", e.name, got[:n], err, s)
	}
}

// head reads a head, byte by byte, so that nothing behind it is read.
func (e *end) head() string {
	e.Helper()
	var head strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		if _, err := e.TCPConn.Read(b); err != nil {
			e.Fatalf("%s: head: %v after %q", e.name, err, head.String())
		}
		head.Write(b)
	}
	return head.String()
}

// wantEnd reads to the end of the stream, in which there has to be nothing more.
func (e *end) wantEnd() {
	e.Helper()
	got, err := io.ReadAll(e.TCPConn)
	if len(got) > 0 || err != nil {
		e.Fatalf("%s got % x, %v, want the end of the stream", e.name, got, err)
	}
}

// wantClose reads a Close frame with a code and a reason that contains text, and
// then the end of the stream.
func (e *end) wantClose(code codec.StatusCode, text string) {
	e.Helper()
	got, err := io.ReadAll(e.TCPConn)
	if err != nil && !errors.Is(err, io.EOF) {
		e.Fatalf("%s: read: %v after % x", e.name, err, got)
	}
	h, n, err := codec.ParseHeader(got)
	if err != nil || h.Opcode != codec.OpClose || !h.Fin || h.Masked != (e.name == "server") || uint64(len(got)-n) != h.Length {
		e.Fatalf("%s got % x, %v, want a Close frame and nothing more", e.name, got, err)
	}
	codec.Mask(got[n:], h.Key, 0)
	gotCode, reason, err := codec.ParseClose(got[n:])
	if err != nil || gotCode != code || !bytes.Contains(reason, []byte(text)) {
		e.Fatalf("%s got the Close frame %d %q, %v, want %d %q", e.name, gotCode, reason, err, code, text)
	}
}

// frame returns a frame of an end.
func frame(from codec.Role, op codec.Opcode, fin bool, rsv uint8, payload string) string {
	h := codec.Header{Opcode: op, Fin: fin, RSV: rsv}
	if from == codec.Client {
		h.Masked, h.Key = true, [4]byte{0x37, 0xfa, 0x21, 0x3d}
	}
	return string(codec.AppendFrame(nil, h, []byte(payload)))
}

const (
	fromClient = codec.Client
	fromServer = codec.Server
)
