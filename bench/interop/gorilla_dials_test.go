package interop

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
)

// gorillaDial is a call of Dialer.DialContext.
type gorillaDial struct {
	name    string
	url     string // empty for the server's
	header  http.Header
	overTLS bool
	set     func(d *websocket.Dialer, g *dialing)
	serve   func(p *gorillaPeer, request string) // answers the request; nil accepts it
	differs string                               // as in gorillaScript
}

// dialing is a call of DialContext against a server.
type dialing struct {
	gorillaPlay
	ctx    context.Context
	cancel context.CancelFunc
	asked  func() // called when the server has read the request; may be nil
	addr   string // of the server
	jar    http.CookieJar
}

// noteDial notes the arguments of a dial function.
func (g *dialing) noteDial(name, network, addr string) {
	g.note("%s %s %v", name, network, addr == g.addr)
}

// answer accepts the request, with more header lines, and ends the connection after a message.
func answer(p *gorillaPeer, request string, lines ...string) {
	response := switchingProtocols(request) + strings.Join(lines, "\r\n")
	io.WriteString(p, strings.TrimSuffix(response, "\r\n")+"\r\n\r\n")
	p.send(true, codec.OpText, "hello")
	p.send(true, codec.OpClose, "\x03\xE8")
	io.Copy(io.Discard, p.br)
}

// respond returns a server that sends this text, where ACCEPT stands for the value of
// Sec-WebSocket-Accept, and ends.
func respond(text string) func(*gorillaPeer, string) {
	return func(p *gorillaPeer, request string) {
		_, accept, _ := strings.Cut(switchingProtocols(request), "Sec-WebSocket-Accept: ")
		io.WriteString(p, strings.ReplaceAll(text, "ACCEPT", strings.TrimSpace(accept)))
	}
}

// agree returns a server that accepts the request with a header line.
func agree(line string) func(*gorillaPeer, string) {
	return func(p *gorillaPeer, request string) { answer(p, request, line) }
}

func compressing(d *websocket.Dialer, _ *dialing) { d.EnableCompression = true }

const switching = "HTTP/1.1 101 Switching Protocols\r\n"

var gorillaDials = []gorillaDial{
	{name: "accepted"},
	{name: "accepted over TLS", overTLS: true},
	{name: "the server's path is empty", url: "ws://SERVER"},
	{name: "a fragment in the URL", url: "ws://SERVER/a%20b?c=d#e"},
	{name: "scheme http", url: "http://SERVER/"},
	{name: "a user in the URL", url: "ws://user:secret@SERVER/"},
	{name: "no URL", url: ":"},
	{name: "headers", header: http.Header{"Origin": {"https://b.example"}, "Cookie": {"a=1", "b=2"}, "User-Agent": {"own"}, "X-Two": {"1", "2"}, "x-small": {"3"}}},
	{name: "no User-Agent", header: http.Header{"User-Agent": {""}}},
	{name: "Host", header: http.Header{"Host": {"b.example"}}},
	{name: "Host without a value", header: http.Header{"Host": {}}},
	{name: "a sub-protocol in the header", header: http.Header{"Sec-Websocket-Protocol": {"c", "d"}}, serve: agree("Sec-WebSocket-Protocol: d")},
	{name: "a sub-protocol in the header beside a list", header: http.Header{"Sec-Websocket-Protocol": {"c"}}, set: func(d *websocket.Dialer, _ *dialing) { d.Subprotocols = []string{"a"} }},
	{name: "sub-protocols", set: func(d *websocket.Dialer, _ *dialing) { d.Subprotocols = []string{"a", "b"} }, serve: agree("Sec-WebSocket-Protocol: b")},
	{name: "a sub-protocol that was not offered", serve: agree("Sec-WebSocket-Protocol: x")},
	{name: "Upgrade in the header", header: http.Header{"Upgrade": {"x"}}},
	{name: "Connection in the header", header: http.Header{"Connection": {"x"}}},
	{name: "a key in the header", header: http.Header{"Sec-Websocket-Key": {"x"}}},
	{name: "a version in the header", header: http.Header{"Sec-Websocket-Version": {"x"}}},
	{name: "an extension in the header", header: http.Header{"Sec-Websocket-Extensions": {"x"}}},
	{name: "an extension in the header in other capitals", header: http.Header{"Sec-WebSocket-Extensions": {"x"}}, set: compressing, serve: agree("X: 1")},
	{name: "a refusal", serve: respond("HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\nWWW-Authenticate: x\r\n\r\nbody\n")},
	{name: "a refusal with a long body", serve: respond("HTTP/1.1 503 Service Unavailable\r\n\r\n" + long)},
	{name: "a refusal in chunks", serve: respond("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")},
	{name: "a refusal whose body is cut off", serve: respond("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nabc")},
	{name: "a redirect", serve: respond("HTTP/1.1 302 Found\r\nLocation: http://c.example/\r\nContent-Length: 0\r\n\r\n")},
	{name: "status 200", serve: respond("HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\nContent-Length: 0\r\n\r\n")},
	{name: "no Upgrade", serve: respond(switching + "Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n")},
	{name: "no Connection", serve: respond(switching + "Upgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n")},
	{name: "no Sec-WebSocket-Accept", serve: respond(switching + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n")},
	{name: "another Sec-WebSocket-Accept", serve: respond(switching + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")},
	{name: "Sec-WebSocket-Accept twice", serve: respond(switching + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Accept: x\r\n\r\n"), differs: "must have one value: a list is refused"},
	{name: "lists in other capitals", serve: respond(switching + "upgrade: x, WebSocket\r\nconnection: keep-alive, UPGRADE\r\nsec-websocket-accept: ACCEPT\r\n\r\n")},
	{name: "no response", serve: respond("")},
	{name: "half a response", serve: respond(switching + "Upgrade: websocket\r\n")},
	{name: "not HTTP", serve: respond("SSH-2.0-x\r\n\r\n")},
	{name: "cookies in the response", serve: agree("Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2"), set: withJar},
	{name: "cookies in a refusal", serve: respond("HTTP/1.1 401 Unauthorized\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"), set: withJar},
	{name: "compression", set: compressing, serve: agree("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover")},
	{name: "compression refused", set: compressing},
	{name: "compression with context takeover of the client", set: compressing, serve: agree("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover")},
	{name: "compression with context takeover of the server", set: compressing, serve: agree("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")},
	{name: "compression that was not offered", serve: agree("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"), differs: "An extension that the client has not offered is refused."},
	{name: "an extension that was not offered", serve: agree("Sec-WebSocket-Extensions: x"), differs: "An extension that the client has not offered is refused."},
	{name: "NetDial", set: func(d *websocket.Dialer, g *dialing) {
		d.NetDial = func(network, addr string) (net.Conn, error) {
			g.noteDial("NetDial", network, addr)
			return net.Dial(network, addr)
		}
	}},
	{name: "NetDial below TLS", overTLS: true, set: func(d *websocket.Dialer, g *dialing) {
		d.NetDial = func(network, addr string) (net.Conn, error) {
			g.noteDial("NetDial", network, addr)
			return net.Dial(network, addr)
		}
	}},
	{name: "NetDialContext before NetDial", set: func(d *websocket.Dialer, g *dialing) {
		d.NetDial = func(network, addr string) (net.Conn, error) { return nil, io.ErrClosedPipe }
		d.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			g.noteDial("NetDialContext", network, addr)
			return net.Dial(network, addr)
		}
	}},
	{name: "NetDialTLSContext without TLS", set: func(d *websocket.Dialer, g *dialing) {
		d.NetDialTLSContext = func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }
	}},
	{name: "NetDialTLSContext", overTLS: true, set: func(d *websocket.Dialer, g *dialing) {
		_, config := differentialTLS()
		d.TLSClientConfig = nil
		d.NetDial = func(network, addr string) (net.Conn, error) { return nil, io.ErrClosedPipe }
		d.NetDialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			g.noteDial("NetDialTLSContext", network, addr)
			return tls.Dial(network, addr, config)
		}
	}},
	{name: "NetDial fails", set: func(d *websocket.Dialer, g *dialing) {
		d.NetDial = func(string, string) (net.Conn, error) { return nil, io.EOF }
	}},
	{name: "nobody listens", url: "ws://127.0.0.1:1/"},
	{name: "a certificate that is not trusted", overTLS: true, set: func(d *websocket.Dialer, _ *dialing) { d.TLSClientConfig = nil }},
	{name: "the protocol h2", overTLS: true, set: func(d *websocket.Dialer, _ *dialing) {
		d.TLSClientConfig = d.TLSClientConfig.Clone()
		d.TLSClientConfig.NextProtos = []string{"h2", "http/1.1"}
	}, serve: func(p *gorillaPeer, request string) {
		answer(p, request, "X-Offered: "+strings.Join(offered(p), ","))
	}, differs: "Dial does not offer the protocol h2 in TLS"},
	{name: "a proxy's error", set: func(d *websocket.Dialer, _ *dialing) {
		d.Proxy = func(*http.Request) (*url.URL, error) { return nil, io.EOF }
	}},
	{name: "no proxy", set: func(d *websocket.Dialer, g *dialing) {
		d.Proxy = func(r *http.Request) (*url.URL, error) {
			g.note("%s %s", r.Method, r.URL.Scheme)
			return nil, nil
		}
	}},
	{name: "a proxy", url: "ws://b.example/", set: throughProxy, serve: func(p *gorillaPeer, request string) {
		io.WriteString(p, "HTTP/1.1 200 OK\r\n\r\n")
		p.accept(request)
	}},
	{name: "a proxy that refuses", url: "ws://b.example/", set: throughProxy, serve: respond("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")},
	{name: "a trace", overTLS: true, set: traced},
	{name: "a timeout of the handshake", set: func(d *websocket.Dialer, _ *dialing) { d.HandshakeTimeout = dialLimit }, serve: mute},
	{name: "a timeout of the handshake that does not pass", set: func(d *websocket.Dialer, _ *dialing) { d.HandshakeTimeout = patience }},
	{name: "a context that has ended", set: func(_ *websocket.Dialer, g *dialing) { g.cancel() }},
	{name: "a context with a deadline that passes", set: func(_ *websocket.Dialer, g *dialing) {
		g.ctx, g.cancel = context.WithTimeout(g.ctx, dialLimit)
	}, serve: mute},
	{name: "a context that ends during the handshake", set: func(_ *websocket.Dialer, g *dialing) {
		g.asked = g.cancel
	}, serve: func(p *gorillaPeer, _ string) {
		p.SetDeadline(time.Now().Add(200 * time.Millisecond)) // gorilla/websocket waits for the server
		io.Copy(io.Discard, p.br)
	}, differs: "the end of the context ends Dial, also during the handshake"},
}

// dialLimit is a time limit of Dial that passes, but not before the request has been sent.
const dialLimit = 500 * time.Millisecond

// mute is a server that does not respond.
func mute(p *gorillaPeer, _ string) { io.Copy(io.Discard, p.br) }

func withJar(d *websocket.Dialer, g *dialing) {
	g.jar, _ = cookiejar.New(nil)
	g.jar.SetCookies(g.origin(), []*http.Cookie{{Name: "earlier", Value: "0"}})
	d.Jar = g.jar
}

// origin is the URL by which the jar knows the server.
func (g *dialing) origin() *url.URL { return &url.URL{Scheme: "http", Host: g.addr, Path: "/path"} }

func throughProxy(d *websocket.Dialer, g *dialing) {
	d.Proxy = func(*http.Request) (*url.URL, error) {
		return &url.URL{Scheme: "http", Host: g.addr, User: url.UserPassword("user", "secret")}, nil
	}
}

// accept reads another request in the tunnel, and accepts it.
func (p *gorillaPeer) accept(connect string) {
	request, _ := http.ReadRequest(p.br)
	if request != nil {
		answer(p, "Sec-WebSocket-Key: "+request.Header.Get("Sec-Websocket-Key")+"\r\n", "X-Host: "+request.Host)
	}
}

// offered returns the protocols that the client offers in TLS.
func offered(p *gorillaPeer) []string {
	return []string{p.Conn.(*tls.Conn).ConnectionState().NegotiatedProtocol}
}

func traced(_ *websocket.Dialer, g *dialing) {
	g.ctx = httptrace.WithClientTrace(g.ctx, &httptrace.ClientTrace{
		GetConn:              func(addr string) { g.note("GetConn %v", addr == g.addr) },
		GotConn:              func(i httptrace.GotConnInfo) { g.note("GotConn %T", i.Conn) },
		TLSHandshakeStart:    func() { g.note("TLSHandshakeStart") },
		TLSHandshakeDone:     func(s tls.ConnectionState, err error) { g.note("TLSHandshakeDone %x %v", s.Version, err) },
		GotFirstResponseByte: func() { g.note("GotFirstResponseByte") },
	})
}

// run dials a server with l, and returns the request and what the application sees.
func (q *gorillaDial) run(t *testing.T, l *gorillaLibrary) (request string, notes []string) {
	t.Helper()
	ln := listenDifferential(t, q.overTLS)
	g := &dialing{gorillaPlay: gorillaPlay{gorillaLibrary: l}, addr: ln.Addr().String()}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		p := &gorillaPeer{Conn: nc, br: bufio.NewReader(nc), role: codec.Server}
		for !strings.HasSuffix(request, "\r\n\r\n") {
			line, err := p.br.ReadString('\n')
			if request += line; err != nil {
				return
			}
		}
		if g.asked != nil {
			g.asked()
		}
		if q.serve == nil {
			answer(p, request)
		} else {
			q.serve(p, request)
		}
		if half, ok := nc.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		io.Copy(io.Discard, p.br)
	}()
	address := q.url
	if address == "" {
		address = differentialURL(ln, q.overTLS)
	}
	var d websocket.Dialer
	if q.overTLS {
		_, d.TLSClientConfig = differentialTLS()
	}
	if q.set != nil {
		q.set(&d, g)
	}
	c, resp, err := l.dial(g.ctx, d, strings.ReplaceAll(address, "SERVER", g.addr), q.header)
	g.noteError("Dial", err)
	if resp != nil {
		body, err := io.ReadAll(resp.Body)
		resp.Header.Del("Sec-Websocket-Accept")
		g.note("response %s %v %q %v", resp.Status, resp.Header, body, err)
	}
	if g.jar != nil {
		g.note("jar %v", g.jar.Cookies(g.origin()))
	}
	if err == nil {
		g.gorillaConn = c
		c.SetReadDeadline(time.Now().Add(patience))
		g.note("sub-protocol %q", c.Subprotocol())
		g.readAll()
		c.Close()
	}
	g.cancel()
	ln.Close()
	<-served
	return hideVariable(request, ln), g.notes
}

// TestGorillaDials dials servers with both libraries, and compares the requests and what the
// applications see.
func TestGorillaDials(t *testing.T) {
	for _, q := range gorillaDials {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			theirRequest, theirs := q.run(t, &theirGorilla)
			ourRequest, ours := q.run(t, &ourGorilla)
			compareGorilla(t, "", theirRequest, ourRequest)
			compareGorilla(t, q.differs, theirs, ours)
		})
	}
}
