package interop

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
)

// gorillaScript is played against gorilla/websocket and against package gorilla. One end is
// the library, driven by play. The other end is driven frame by frame by peer.
type gorillaScript struct {
	name    string
	role    codec.Role // the role of the library, unless both is set
	both    bool
	up      websocket.Upgrader // the buffers have differentialBuffer bytes unless set
	dial    websocket.Dialer   // likewise
	deflate bool               // both ends agree to permessage-deflate
	deaf    bool               // the peer does not read, except in peer, and ends with play
	peer    func(p *gorillaPeer)
	play    func(g *gorillaPlay)
	wire    func(frames []sentFrame) []string // what to compare; nil for every frame in order
	differs string                            // words of the package comment that explain a difference
}

const differentialBuffer = 512 // bytes, of either direction

// gorillaPlay is the library's end of a script.
type gorillaPlay struct {
	gorillaConn
	*gorillaLibrary
	turns
	mu    sync.Mutex
	notes []string // what the application has seen
}

func (g *gorillaPlay) note(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notes = append(g.notes, fmt.Sprintf(format, args...))
}

// noteError notes an operation and its error as an application can see it.
func (g *gorillaPlay) noteError(operation string, err error) {
	g.note("%s: %s", operation, g.seen(err))
}

// readAll notes messages up to the first error.
func (g *gorillaPlay) readAll() {
	for range 100 {
		op, p, err := g.ReadMessage()
		g.note("ReadMessage %d %d %.40q %s", op, len(p), p, g.seen(err))
		if err != nil {
			return
		}
	}
}

// finish ends the connection after the peer has received everything.
func (g *gorillaPlay) finish() {
	nc := g.NetConn()
	nc.SetDeadline(time.Now().Add(patience))
	nc.(interface{ CloseWrite() error }).CloseWrite()
	io.Copy(io.Discard, nc)
	g.Close()
}

// abort closes the connection without the alert of TLS, which a full socket would delay.
func (g *gorillaPlay) abort() {
	nc := g.NetConn()
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	nc.Close()
}

// differentialTLS returns the configurations of the two ends of a connection over TLS.
var differentialTLS = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}, client
})

// listenDifferential listens on loopback, with TLS if overTLS is set.
func listenDifferential(t *testing.T, overTLS bool) net.Listener {
	ln := listen(t)
	t.Cleanup(func() { ln.Close() })
	if overTLS {
		config, _ := differentialTLS()
		return tls.NewListener(ln, config)
	}
	return ln
}

const differentialRequest = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: a, b\r\n"

const differentialDeflate = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"

// gorillaResult is what can be seen of a library that has played a script.
type gorillaResult struct {
	head  string   // of the opening handshake, as the library has sent it
	notes []string // what the application has seen
	wire  []string
}

// run plays s with l.
func (s *gorillaScript) run(t *testing.T, l *gorillaLibrary, role codec.Role, overTLS bool) (r gorillaResult) {
	t.Helper()
	mine, theirs := newTurns()
	g := &gorillaPlay{gorillaLibrary: l, turns: mine}
	played := make(chan struct{})
	play := func(c gorillaConn) {
		defer close(played)
		g.gorillaConn = c
		c.SetReadDeadline(time.Now().Add(patience))
		s.play(g)
		if s.deaf {
			g.abort()
			return
		}
		g.finish()
	}
	ln := listenDifferential(t, overTLS)
	var p *gorillaPeer
	if role == codec.Server {
		serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) {
			c, err := l.upgrade(s.upgrader(), w, r, nil)
			if err != nil {
				t.Errorf("Upgrade: %v", err)
				return
			}
			play(c)
		})
		p, r.head = s.connect(t, ln, overTLS)
	} else {
		go func() {
			c, _, err := l.dial(context.Background(), s.dialer(overTLS), differentialURL(ln, overTLS), nil)
			if err != nil {
				t.Errorf("Dial: %v", err)
				ln.Close()
				return
			}
			play(c)
		}()
		p, r.head = s.accept(t, ln)
	}
	p.turns = theirs
	defer p.Close()
	p.SetDeadline(time.Now().Add(patience))
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.peer(p)
	}()
	if s.deaf {
		<-played
	} else if s.wire != nil {
		r.wire = s.wire(p.received())
	} else {
		r.wire = inOrder(p.received())
	}
	p.Close()
	<-done
	<-played
	r.notes = g.notes
	return r
}

// upgrader returns the settings of a server.
func (s *gorillaScript) upgrader() websocket.Upgrader {
	u := s.up
	u.EnableCompression = s.deflate
	u.Subprotocols = []string{"b"}
	setBuffers(&u.ReadBufferSize, &u.WriteBufferSize)
	return u
}

// dialer returns the settings of a client.
func (s *gorillaScript) dialer(overTLS bool) websocket.Dialer {
	d := s.dial
	d.EnableCompression = s.deflate
	d.Subprotocols = []string{"a", "b"}
	setBuffers(&d.ReadBufferSize, &d.WriteBufferSize)
	if overTLS {
		_, d.TLSClientConfig = differentialTLS()
	}
	return d
}

func setBuffers(sizes ...*int) {
	for _, size := range sizes {
		if *size == 0 {
			*size = differentialBuffer
		}
	}
}

func differentialURL(ln net.Listener, overTLS bool) string {
	if overTLS {
		return "wss://" + ln.Addr().String() + "/path?query"
	}
	return "ws://" + ln.Addr().String() + "/path?query"
}

// connect returns a client of the library's server, and the head of the response.
func (s *gorillaScript) connect(t *testing.T, ln net.Listener, overTLS bool) (*gorillaPeer, string) {
	t.Helper()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if overTLS {
		_, config := differentialTLS()
		nc = tls.Client(nc, config)
	}
	request := differentialRequest
	if s.deflate {
		request += differentialDeflate
	}
	io.WriteString(nc, request+"\r\n")
	p := &gorillaPeer{Conn: nc, br: bufio.NewReader(nc), role: codec.Client}
	return p, readHead(t, p)
}

// accept returns a server of the library's client, and the head of the request.
func (s *gorillaScript) accept(t *testing.T, ln net.Listener) (*gorillaPeer, string) {
	t.Helper()
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := &gorillaPeer{Conn: nc, br: bufio.NewReader(nc), role: codec.Server}
	head := readHead(t, p)
	response := switchingProtocols(head) + "Sec-WebSocket-Protocol: b\r\n"
	if s.deflate {
		response += differentialDeflate
	}
	io.WriteString(nc, response+"\r\n")
	return p, hideVariable(head, ln)
}

// switchingProtocols returns the response that accepts the request, without its empty line.
func switchingProtocols(request string) string {
	_, key, _ := strings.Cut(request, "Sec-WebSocket-Key: ")
	key, _, _ = strings.Cut(key, "\r\n")
	accept := codec.AcceptKey([]byte(key))
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		string(accept[:]) + "\r\n"
}

// hideVariable replaces what differs between two runs with the same library.
func hideVariable(request string, ln net.Listener) string {
	head, key, ok := strings.Cut(request, "Sec-WebSocket-Key: ")
	if ok {
		request = head + "Sec-WebSocket-Key: …" + key[strings.Index(key, "\r\n"):]
	}
	return strings.ReplaceAll(request, ln.Addr().String(), "server")
}

// readHead reads up to the first empty line.
func readHead(t *testing.T, p *gorillaPeer) (head string) {
	t.Helper()
	p.SetDeadline(time.Now().Add(patience))
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := p.br.ReadString('\n')
		if head += line; err != nil {
			t.Fatalf("after %q: %v", head, err)
		}
	}
	return head
}

// compareGorilla compares what two libraries have shown. Words of the package comment must
// explain a difference.
func compareGorilla(t *testing.T, differs string, theirs, ours any) {
	t.Helper()
	a, b := fmt.Sprintf("%q", theirs), fmt.Sprintf("%q", ours)
	switch {
	case differs == "" && a != b:
		t.Errorf("package gorilla shows\n%s\ngorilla/websocket shows\n%s", b, a)
	case differs != "" && a == b:
		t.Errorf("no difference is found, want one with regard to %q:\n%s", differs, b)
	case differs != "" && !strings.Contains(strings.ToLower(differences(t)), strings.ToLower(differs)):
		t.Errorf("the package comment does not list the difference %q", differs)
	}
}

// differences returns the comment of package gorilla with single spaces.
func differences(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("../../gorilla/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(source), "# Differences")
	if !ok {
		t.Fatal("the package comment lists no differences")
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(list, "\n//", " ")), " ")
}

// TestGorillaDifferential plays the same scripts against gorilla/websocket and against
// package gorilla, as servers and as clients, over TCP and TLS. It compares what the
// application sees and what is on the wire.
func TestGorillaDifferential(t *testing.T) {
	scripts := slices.Concat(messageScripts, writeScripts, controlScripts, violationScripts, deadlineScripts, deflateScripts)
	for _, s := range scripts {
		for _, role := range []codec.Role{codec.Server, codec.Client} {
			for _, overTLS := range []bool{false, true} {
				if role != s.role && !s.both {
					continue
				}
				t.Run(fmt.Sprintf("%s, %v, TLS %v", s.name, role, overTLS), func(t *testing.T) {
					t.Parallel()
					theirs := s.run(t, &theirGorilla, role, overTLS)
					ours := s.run(t, &ourGorilla, role, overTLS)
					compareGorilla(t, "", theirs.head, ours.head)
					theirs.head, ours.head = "", ""
					compareGorilla(t, s.differs, theirs, ours)
				})
			}
		}
	}
}
