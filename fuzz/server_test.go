package fuzz

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// FuzzServer: whatever a client sends to a Server, from its first byte on, is answered
// by nothing while it is unfinished, by one response that refuses what has to be
// refused, or by the 101 for it and then as FuzzServerConn has it; hooks and handler
// are called as often as they should; and nothing is left.
func FuzzServer(f *testing.F) {
	frames := wstest.Text("hello").AppendMasked(nil, wstest.RFCKey)
	frames = wstest.Close(1000, "bye").AppendMasked(frames, wstest.RFCKey)
	deflated := wstest.CompressedFrames(codec.OpText, new(wstest.Deflater).Message([]byte("hello")), 3)
	for i, r := range requests {
		f.Add(append([]byte(r), frames...), uint16(i)<<formShift|uint16(echoing), byte(i), uint16(1000), uint16(100))
	}
	for i, path := range []string{"/refused?sign%20in%0Afirst", "/refused?a\\nb", "/unknown", "/failed", "/"} {
		r := strings.Replace(requests[0], "GET / ", "GET "+path+" ", 1)
		f.Add([]byte(r), uint16(i), byte(routed), uint16(i), uint16(3))
	}
	for i, offer := range []string{"permessage-deflate", "permessage-deflate; server_max_window_bits=9; client_max_window_bits", "x, permessage-deflate; client_no_context_takeover"} {
		r := strings.Replace(requests[0], "Host: a\r\n", "Host: a\r\nOrigin: https://a:443\r\nSec-WebSocket-Protocol: x, chat\r\nSec-WebSocket-Extensions: "+offer+"\r\n", 1)
		for _, frame := range deflated {
			r = string(frame.AppendMasked([]byte(r), wstest.RFCKey))
		}
		f.Add([]byte(r), uint16(i)<<formShift|uint16(compressed|echoing|stays|compressesAll), byte(i), uint16(i), uint16(len(r)/2))
	}
	f.Fuzz(func(t *testing.T, in []byte, options uint16, how byte, first, then uint16) {
		if len(in) > 32<<10 {
			return
		}
		lent := pool.Lent()
		synctest.Test(t, func(t *testing.T) {
			v := visit{t: t, setting: setting(options), how: how}
			v.play(in, int(first)+1, int(then)+1)
		})
		if left := pool.Lent() - lent; left != 0 {
			t.Fatalf("%d buffers are left", left)
		}
	})
}

// The bits of how.
const (
	routed   = 1 << iota // Route picks the Handler
	anywhere             // pages of all origins may connect
	blocking             // the Handler reads
	fallback             // net/http serves what is no opening handshake
)

// visit is the life of one connection to a Server.
type visit struct {
	t       *testing.T
	setting setting
	how     byte

	accepted, refused, opened, closed int // calls of hooks
	ended                             []error
	served                            application
}

var quiet = slog.New(slog.DiscardHandler)

// play serves one connection, which brings in, and checks all that comes of it.
func (v *visit) play(in []byte, sizes ...int) {
	w := newWire(in, v.setting.has(stays), 0, sizes...)
	srv := v.server()
	ln := &listener{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	ln.conns <- w
	serving := make(chan error, 1)

	n, response, want := v.expect(in)
	v.served.t, v.served.want, v.served.echoes = v.t, &want, v.setting.echoes()
	go func() { serving <- srv.Serve(ln) }()
	time.Sleep(5 * time.Minute) // all limits on time are over
	synctest.Wait()
	if !w.closed {
		v.t.Fatalf("to %q nothing has happened for minutes, and the connection is open", in)
	}
	srv.Close()
	if err := <-serving; err != websocket.ErrServerClosed {
		v.t.Fatalf("Serve ends with %v", err)
	}
	synctest.Wait()
	if v.t.Failed() {
		return
	}
	v.wantAnswer(w.sent, in, n, response, &want)
}

// server returns the Server of the visit.
func (v *visit) server() *websocket.Server {
	o := v.setting.options()
	if o.Compression != nil {
		o.Compression.WindowBits = 8 + int(v.how>>4)%8
	}
	o.Subprotocols = subprotocols
	o.Logger = quiet
	o.Hooks = websocket.Hooks{
		Accepted: func(net.Addr) { v.accepted++ },
		Refused:  func(*websocket.Request, error) { v.refused++ },
		Opened:   func(*websocket.Conn, *websocket.Request) { v.opened++ },
		Closed: func(_ *websocket.Conn, err error) {
			v.closed++
			v.ended = append(v.ended, err)
		},
	}
	srv := &websocket.Server{Options: *o}
	if v.how&anywhere != 0 {
		srv.Options.Origins = []string{"*"}
	}
	if v.how&fallback != 0 {
		srv.HTTP = http.NotFoundHandler()
	}
	h := websocket.Handler(&handler{a: &v.served})
	if v.how&blocking != 0 {
		h = websocket.Blocking(func(c *websocket.Conn) { v.ended = append(v.ended, v.served.read(c)) })
	}
	srv.Handler = h
	if v.how&routed != 0 {
		srv.Route = func(r *websocket.Request) (websocket.Handler, error) { return route(r, h) }
	}
	return srv
}

var subprotocols = []string{"chat", "superchat"}

// route takes what it refuses with from the client, as an application should not.
func route(r *websocket.Request, h websocket.Handler) (websocket.Handler, error) {
	reason, _ := url.QueryUnescape(r.Query())
	switch r.Path() {
	case "/unknown":
		return nil, nil
	case "/refused":
		return nil, &websocket.HandshakeError{Status: 400 + len(reason), Reason: reason}
	case "/failed":
		return nil, io.ErrUnexpectedEOF
	case "/panics":
		panic("as it should")
	}
	return h, nil
}

// listener is one whose connections come by a channel.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (ln *listener) Accept() (net.Conn, error) {
	select {
	case nc := <-ln.conns:
		return nc, nil
	case <-ln.closed:
		return nil, net.ErrClosed
	}
}

func (ln *listener) Close() error {
	select {
	case <-ln.closed:
	default:
		close(ln.closed)
	}
	return nil
}

func (ln *listener) Addr() net.Addr { return &net.TCPAddr{} }

// expect returns the size of the head in in, the response to it, and the course
// of the connection behind that. The response is nil if there is none, and empty if
// it is for others to say what it is.
func (v *visit) expect(in []byte) (n int, response []byte, want course) {
	var r codec.Request
	n, err := r.Parse(in)
	if err == codec.ErrShort {
		return 0, nil, want
	}
	if v.how&fallback != 0 && (err != nil || !r.IsUpgrade()) {
		return n, []byte{}, want // net/http decides, also about what follows
	}
	if err == nil {
		err = r.Check(subprotocols...)
	}
	if err != nil {
		return n, codec.AppendRefusal(nil, err.(codec.Refusal)), want
	}
	if v.how&anywhere == 0 && r.Origin() != nil && !sameOrigin(&r) {
		return n, []byte{}, want
	}
	if v.how&routed != 0 && slices.Contains([]string{"/unknown", "/refused", "/failed", "/panics"}, string(r.Path())) {
		return n, []byte{}, want
	}
	protocol := ""
	for _, ours := range slices.Backward(subprotocols) {
		for offered := range r.Subprotocols() {
			if string(offered) == ours {
				protocol = ours
			}
		}
	}
	agreed := v.agreed(&r)
	extension := ""
	if agreed.deflates {
		extension = agreed.params.String()
	}
	response, err = codec.AppendResponse(nil, r.Key(), protocol, extension)
	if err != nil {
		v.t.Fatalf("AppendResponse for %q: %v", in[:n], err)
	}
	return n, response, expect(in[n:], codec.Server, agreed)
}

// agreed returns what the Server agrees on with the client.
func (v *visit) agreed(r *codec.Request) terms {
	agreed := terms{setting: v.setting}
	if z := v.setting.options().Compression; z != nil {
		policy := deflate.Policy{Takeover: z.Takeover, WindowBits: 8 + int(v.how>>4)%8}
		agreed.params, agreed.deflates = policy.Accept(r.Extensions())
	}
	return agreed
}

// sameOrigin reports whether Origin names the host that the request is for, by what
// net/url finds in it.
func sameOrigin(r *codec.Request) bool {
	origin := string(r.Origin())
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(origin, "?#") {
		return false
	}
	standard := map[string]string{"http": ":80", "https": ":443"}[strings.ToLower(u.Scheme)]
	trim := func(host string) string { return strings.ToLower(strings.TrimSuffix(host, standard)) }
	return trim(u.Host) == trim(string(r.Host()))
}

// wantAnswer checks what was sent, and who was told.
func (v *visit) wantAnswer(sent, in []byte, n int, response []byte, want *course) {
	t := v.t
	t.Helper()
	var r codec.Request
	if _, err := r.Parse(in); v.how&fallback != 0 && response != nil && (err != nil || !r.IsUpgrade()) {
		if v.accepted != 1 || v.opened != v.closed {
			t.Fatalf("to %q: %d accepted, %d opened, %d closed", in, v.accepted, v.opened, v.closed)
		}
		first, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(sent)), nil)
		if len(sent) > 0 && (err != nil || first.StatusCode == http.StatusSwitchingProtocols) {
			t.Fatalf("%q is answered\n %q", in, sent)
		}
		return
	}
	upgraded := bytes.HasPrefix(response, []byte("HTTP/1.1 101 "))
	if v.accepted != 1 || upgraded != (v.opened == 1) || v.opened != v.closed {
		t.Fatalf("to %q: %d accepted, %d refused, %d opened, %d closed", in, v.accepted, v.refused, v.opened, v.closed)
	}
	switch {
	case response != nil && len(response) == 0:
		wantRefused(t, sent)
		return
	case v.refused+v.opened != 1:
		t.Fatalf("to %q: %d refused, %d opened; want one of them", in, v.refused, v.opened)
	case response == nil && len(sent) == 0:
		return
	case !upgraded && isRefusal(sent, response, bytes.HasPrefix(in, []byte("HEAD "))):
		return
	case !upgraded || !bytes.HasPrefix(sent, response):
		t.Fatalf("%q is answered\n %q\nwant\n %q", in, sent, response)
	}
	if len(v.ended) != 1+int(v.how&blocking/blocking) {
		t.Fatalf("the connection ended with %v", v.ended)
	}
	for _, err := range v.ended {
		want.wantError(t, err, v.setting)
	}
	if v.served.received != len(want.messages) {
		t.Fatalf("%d messages came, want %d", v.served.received, len(want.messages))
	}
	want.wantSent(t, sent[len(response):], codec.Server, v.agreed(&r))
}

// isRefusal reports whether sent is the refusal want of package codec, to whose reason a
// Server may add what to do. The response to HEAD has no body.
func isRefusal(sent, want []byte, head bool) bool {
	sentFields, body, whole := bytes.Cut(sent, []byte("\r\n\r\n"))
	wantFields, reason, _ := bytes.Cut(want, []byte("\r\n\r\n"))
	sentFields, length, named := bytes.Cut(sentFields, []byte("\r\nContent-Length: "))
	wantFields, _, _ = bytes.Cut(wantFields, []byte("\r\nContent-Length: "))
	if !whole || !named || !bytes.Equal(sentFields, wantFields) {
		return false
	}
	if head {
		return len(body) == 0
	}
	n, err := strconv.Atoi(string(length))
	return err == nil && n == len(body) && bytes.HasPrefix(body, bytes.TrimSuffix(reason, []byte("\n"))) && bytes.IndexByte(body, '\n') == n-1
}

// wantRefused checks that sent is one response of net/http's own making, or of Route's,
// that ends the connection and says nothing which its maker did not.
func wantRefused(t *testing.T, sent []byte) {
	t.Helper()
	reader := bufio.NewReader(bytes.NewReader(sent))
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("the answer %q: %v", sent, err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatalf("the body of the answer %q: %v", sent, err)
	}
	if resp.StatusCode < 400 || resp.StatusCode > 599 || !resp.Close || reader.Buffered() > 0 {
		t.Fatalf("the answer is %q, want one refusal that closes", sent)
	}
	for name := range resp.Header {
		if !slices.Contains([]string{"Content-Type", "Content-Length", "X-Content-Type-Options", "Date"}, name) {
			t.Fatalf("the answer %q has a header %s", sent, name)
		}
	}
}
