package hub_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
)

var background = context.Background()

// patience is how long a test waits for what has to come, on a slow machine.
const patience = testkit.Patience

// writeTimeout is when a peer that does not read is cut.
const writeTimeout = 3 * time.Minute

// newHub makes a hub that ends with the test.
func newHub(t testing.TB, opts *hub.Options) *hub.Hub {
	t.Helper()
	h, err := hub.New(opts)
	if err != nil {
		t.Fatalf("New(%+v) = %v", opts, err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return h
}

// peer is a client, and the server's end of its connection, which a hub gets.
type peer struct {
	*websocket.Conn // the server's end
	client          *websocket.Conn
	t               testing.TB
}

// transports are the ways on which a Conn writes: straight to the socket, also what
// was compressed, and by a goroutine of its own.
var transports = []struct {
	name string
	peer func(testing.TB) *peer
}{
	{"TCP", func(t testing.TB) *peer { return tcpPeer(t, 0) }},
	{"memory", pipePeer},
	{"compressed", func(t testing.TB) *peer {
		return compressedPeer(t, "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
	}},
	{"compressed with takeover", func(t testing.TB) *peer { return compressedPeer(t, "permessage-deflate") }},
}

// tcpPeer makes a peer over a TCP connection on this machine, with buffers of so
// many bytes unless that is 0.
func tcpPeer(t testing.TB, buffers int) *peer {
	t.Helper()
	return newTCPPeer(t, buffers, websocket.Handshake{}, &websocket.Options{WriteTimeout: writeTimeout})
}

// compressedPeer makes a peer over TCP of which a handshake has agreed on so much.
func compressedPeer(t testing.TB, agreed string) *peer {
	t.Helper()
	return newTCPPeer(t, 0, websocket.Handshake{Extensions: agreed}, &websocket.Options{
		WriteTimeout: writeTimeout,
		Compression:  &websocket.Compression{Threshold: -1},
	})
}

func newTCPPeer(t testing.TB, buffers int, h websocket.Handshake, opts *websocket.Options) *peer {
	t.Helper()
	ours, theirs := tcpPair(t)
	if buffers > 0 {
		ours.SetWriteBuffer(buffers)
		theirs.SetReadBuffer(buffers)
	}
	p := &peer{
		Conn:   testkit.NewConn(ours, websocket.RoleServer, h, opts),
		client: testkit.NewConn(theirs, websocket.RoleClient, h, opts),
		t:      t,
	}
	p.closeAtEnd()
	return p
}

// pipePeer makes a peer in memory.
func pipePeer(t testing.TB) *peer {
	p := &peer{t: t}
	p.client, p.Conn = websocket.Pipe(nil)
	p.closeAtEnd()
	return p
}

func (p *peer) closeAtEnd() {
	p.t.Cleanup(func() {
		p.CloseNow()
		p.client.CloseNow()
	})
}

// tcpPair returns the two ends of a TCP connection on this machine.
func tcpPair(t testing.TB) (ours, theirs *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dialled, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return accepted.(*net.TCPConn), dialled.(*net.TCPConn)
}

// next returns the next message that the client receives.
func (p *peer) next() string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(background, patience)
	defer cancel()
	_, got, err := p.client.Read(ctx)
	if err != nil {
		p.t.Fatalf("Read() = %v, want a message", err)
	}
	return string(got)
}

// want checks what the client receives next.
func (p *peer) want(messages ...string) {
	p.t.Helper()
	for _, want := range messages {
		if got := p.next(); got != want {
			p.t.Fatalf("Read() = %.80q, want %.80q", got, want)
		}
	}
}

// until reads up to a message, and returns those before it.
func (p *peer) until(end string) (messages []string) {
	p.t.Helper()
	for {
		got := p.next()
		if got == end {
			return messages
		}
		messages = append(messages, got)
	}
}

func subscribe(t testing.TB, h *hub.Hub, p *peer, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if err := h.Subscribe(p.Conn, pattern); err != nil {
			t.Fatalf("Subscribe(%q) = %v", pattern, err)
		}
	}
}

func join(t testing.TB, h *hub.Hub, p *peer, topic, name string) {
	t.Helper()
	if err := h.Join(p.Conn, topic, name); err != nil {
		t.Fatalf("Join(%q, %q) = %v", topic, name, err)
	}
}

func publish(t testing.TB, h *hub.Hub, topic, message string) {
	t.Helper()
	if err := h.Publish(topic, websocket.OpText, []byte(message)); err != nil {
		t.Fatalf("Publish(%q, %.80q) = %v", topic, message, err)
	}
}

func publishExcept(t testing.TB, h *hub.Hub, topic, message string, except ...*websocket.Conn) {
	t.Helper()
	if err := h.PublishExcept(topic, websocket.OpText, []byte(message), except...); err != nil {
		t.Fatalf("PublishExcept(%q, %.80q) = %v", topic, message, err)
	}
}

// eventually polls until what get returns is as wanted.
func eventually[T comparable](t testing.TB, sentence string, get func() T, want T) {
	t.Helper()
	got := get()
	for start := time.Now(); got != want && time.Since(start) < patience; got = get() {
		time.Sleep(time.Millisecond)
	}
	if got != want {
		t.Fatalf("%s: %v, want %v", sentence, got, want)
	}
}

func wantMembers(t testing.TB, h *hub.Hub, topic string, want ...string) {
	t.Helper()
	if got := h.Members(topic); !slices.Equal(got, want) {
		t.Fatalf("Members(%q) = %q, want %q", topic, got, want)
	}
}

func wantErr(t testing.TB, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}
