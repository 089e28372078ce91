package websocket

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// patience is how long anything may take before a test fails.
const patience = testkit.Patience

// serve returns the URL of a server that upgrades all requests with u, and the
// connections.
func serve(t testing.TB, u *Upgrader) (url string, accepted <-chan *Conn) {
	t.Helper()
	conns := make(chan *Conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("Upgrade: %v", err)
			return
		}
		conns <- c
	}))
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http"), conns
}

// pair returns the two ends of a connection over TCP.
func pair(t testing.TB, u *Upgrader, d *Dialer) (server, client *Conn) {
	t.Helper()
	url, accepted := serve(t, u)
	client, _, err := d.Dial(url, nil)
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	server = <-accepted
	for _, c := range []*Conn{server, client} {
		t.Cleanup(func() { c.Close() })
		c.SetReadDeadline(time.Now().Add(patience))
		c.SetWriteDeadline(time.Now().Add(patience))
	}
	return server, client
}

// ends are the roles that a test is played in.
func ends(t *testing.T, u *Upgrader, d *Dialer, f func(t *testing.T, c, peer *Conn)) {
	t.Helper()
	t.Run("server", func(t *testing.T) {
		server, client := pair(t, u, d)
		f(t, server, client)
	})
	t.Run("client", func(t *testing.T) {
		server, client := pair(t, u, d)
		f(t, client, server)
	})
}

// rawPeer is a peer that sends and receives bytes: it keeps to no rule.
type rawPeer struct {
	net.Conn
	br   *bufio.Reader
	mask bool
}

// raw returns a Conn of this role and its peer.
func raw(t testing.TB, role codec.Role, u *Upgrader, d *Dialer) (*Conn, *rawPeer) {
	t.Helper()
	server, client := pair(t, u, d)
	c, peer := server, client
	if role == codec.Client {
		c, peer = client, server
	}
	return c, &rawPeer{peer.NetConn(), peer.in.br, role == codec.Server}
}

// send sends a frame.
func (p *rawPeer) send(t testing.TB, h codec.Header, payload string) {
	t.Helper()
	h.Masked = p.mask
	if h.Masked {
		h.Key = [4]byte{1, 2, 3, 4}
	}
	if _, err := p.Write(codec.AppendFrame(nil, h, []byte(payload))); err != nil {
		t.Errorf("raw peer: %v", err)
	}
}

// frame receives a frame.
func (p *rawPeer) frame(t testing.TB) (codec.Header, []byte) {
	t.Helper()
	p.SetReadDeadline(time.Now().Add(patience))
	for size := 2; ; size++ {
		b, err := p.br.Peek(size)
		if err != nil {
			t.Fatalf("raw peer: %v", err)
		}
		h, n, err := codec.ParseHeader(b)
		if err == codec.ErrShort {
			continue
		}
		if err != nil {
			t.Fatalf("raw peer: %v", err)
		}
		p.br.Discard(n)
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(p.br, payload); err != nil {
			t.Fatalf("raw peer: %v", err)
		}
		if h.Masked == p.mask {
			t.Errorf("frame %+v: Masked is %v", h, h.Masked)
		}
		codec.Mask(payload, h.Key, 0)
		return h, payload
	}
}

// wantClose receives a Close frame with this code.
func (p *rawPeer) wantClose(t testing.TB, code int) {
	t.Helper()
	h, payload := p.frame(t)
	got, _, err := codec.ParseClose(payload)
	if h.Opcode != codec.OpClose || err != nil || int(got) != code {
		t.Errorf("frame %v %q, want Close with %d", h.Opcode, payload, code)
	}
}

func final(op codec.Opcode) codec.Header { return codec.Header{Fin: true, Opcode: op} }

// wantMessage reads a message.
func wantMessage(t testing.TB, c *Conn, messageType int, want []byte) {
	t.Helper()
	got, p, err := c.ReadMessage()
	if got != messageType || !bytes.Equal(p, want) || err != nil {
		t.Errorf("ReadMessage() = %d, %d bytes, %v, want %d, %d bytes", got, len(p), err, messageType, len(want))
	}
}

func write(t testing.TB, c *Conn, messageType int, p []byte) {
	t.Helper()
	if err := c.WriteMessage(messageType, p); err != nil {
		t.Errorf("WriteMessage(%d, %d bytes) = %v", messageType, len(p), err)
	}
}

// text is n bytes of text, most of it in code points of several bytes.
func text(n int) []byte {
	const line = "κόσμε, 世界. "
	p := bytes.Repeat([]byte(line), n/len(line))
	return append(p, strings.Repeat(".", n-len(p))...)
}
