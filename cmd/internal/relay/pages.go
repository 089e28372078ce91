package relay

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// servePages passes on the plain HTTP of a client: the proxy may stand in front of a whole
// application. It returns when the connection has ended.
func (c *connection) servePages(ctx context.Context) {
	c.client.SetDeadline(time.Time{})
	pages := &httputil.ReverseProxy{
		Transport:     c.proxy.to.pages,
		FlushInterval: -1, // what streams is passed on as it comes
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite:       c.proxy.to.rewrite,
		ModifyResponse: func(r *http.Response) error {
			c.proxy.Log(c.number, "%s %s: %s", r.Request.Method, r.Request.URL.RequestURI(), r.Status)
			c.proxy.to.stay(r)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			c.proxy.Log(c.number, "%s %s: %v", r.Method, r.URL.RequestURI(), err)
			http.Error(w, "zerowire proxy: "+err.Error(), http.StatusBadGateway)
		},
	}
	server := &http.Server{
		ErrorLog:          log.New(io.Discard, "", 0),
		ReadHeaderTimeout: handshakeTimeout,
		IdleTimeout:       idleTimeout,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
				c.openBehind(ctx, w, r)
				return
			}
			pages.ServeHTTP(w, r)
		}),
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	server.Serve(newOneListener(c.client))
}

// idleTimeout is how long a connection of plain HTTP may be idle.
const idleTimeout = 2 * time.Minute

// openBehind passes on an opening handshake that came behind other requests.
func (c *connection) openBehind(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // the client is gone
	}
	head, err := httputil.DumpRequest(r, false)
	if err != nil {
		nc.Close()
		return
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	c.proxy.connection(c.number, reach.NewConn(nc, append(head, early...))).serve(ctx)
}

// rewrite makes a client's request one to the server. dial does TLS, so that the URL is
// one without.
func (u *upstream) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", u.Host, u.Host
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values := r.In.Header[name]; values != nil {
			r.Out.Header[name] = values
		}
	}
	if origin := r.In.Header.Get("Origin"); origin != "" {
		r.Out.Header.Set("Origin", u.origin(origin, r.In.Host))
	}
	for name, values := range u.Header {
		r.Out.Header[name] = values
	}
	if credentials := u.Credentials(); credentials != "" && r.Out.Header.Get("Authorization") == "" {
		r.Out.Header.Set("Authorization", credentials)
	}
}

// base is the origin of the server.
func (u *upstream) base() string {
	if strings.HasPrefix(u.URL.Scheme, "wss") || u.URL.Scheme == "https" {
		return "https://" + u.Host
	}
	return "http://" + u.Host
}

// origin returns the Origin to send: that of a page of the proxy, which was asked for
// host, becomes that of the server.
func (u *upstream) origin(value, host string) string {
	if o, err := url.Parse(value); err == nil && strings.EqualFold(o.Host, host) {
		return u.base()
	}
	return value
}

// stay makes a redirect to the server itself one to the proxy.
func (u *upstream) stay(r *http.Response) {
	if path, ok := strings.CutPrefix(r.Header.Get("Location"), u.base()); ok && strings.HasPrefix(path, "/") {
		r.Header.Set("Location", path)
	}
}

// oneListener is a connection, and a listener that accepts it and ends with it.
type oneListener struct {
	*reach.Conn
	waiting chan net.Conn // to be accepted
	end     func()
}

func newOneListener(nc *reach.Conn) *oneListener {
	l := &oneListener{Conn: nc, waiting: make(chan net.Conn, 1)}
	l.end = sync.OnceFunc(func() { close(l.waiting) })
	l.waiting <- l
	return l
}

// Accept returns the connection the first time, and an error when that is closed.
func (l *oneListener) Accept() (net.Conn, error) {
	if nc, ok := <-l.waiting; ok {
		return nc, nil
	}
	return nil, net.ErrClosed
}

// Close closes the connection.
func (l *oneListener) Close() error {
	l.end()
	return l.Conn.Close()
}

// Addr returns the address of this end.
func (l *oneListener) Addr() net.Addr { return l.LocalAddr() }
