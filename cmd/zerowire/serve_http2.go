package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/zerowire/websocket"
	_ "github.com/zerowire/websocket/internal/xconnect" // announces WebSockets over HTTP/2
)

// webServer serves the WebSockets of srv through net/http, which speaks HTTP/2 as well:
// over TLS where the client negotiates it, and without TLS to clients that begin with it.
type webServer struct {
	*http.Server
	websockets *websocket.Server
}

func newWebServer(srv *websocket.Server, log *slog.Logger) *webServer {
	w := &webServer{websockets: srv}
	w.Server = &http.Server{
		Handler:           w,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		Protocols:         new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 1000, // WebSockets on one connection
			// One stream that is not read must not take the window of all.
			MaxReceiveBufferPerStream:     256 << 10,
			MaxReceiveBufferPerConnection: 16 << 20,
			// A client that is gone, or takes nothing, does not keep its connection.
			SendPingTimeout:  30 * time.Second,
			WriteByteTimeout: 30 * time.Second,
		},
	}
	w.Protocols.SetHTTP1(true)
	w.Protocols.SetHTTP2(true)
	w.Protocols.SetUnencryptedHTTP2(true)
	return w
}

// ServeHTTP hands WebSockets to their server, and all else to the page.
func (w *webServer) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "" {
		w.websockets.ServeHTTP(rw, r)
		return
	}
	w.websockets.HTTP.ServeHTTP(rw, r)
}

// serve serves ln, with TLS if there is a certificate, until ctx ends.
func (w *webServer) serve(ctx context.Context, ln net.Listener, certificate *tls.Certificate) error {
	if certificate != nil {
		ln = tls.NewListener(ln, &tls.Config{
			Certificates: []tls.Certificate{*certificate},
			NextProtos:   []string{"h2", "http/1.1"},
		})
	}
	context.AfterFunc(ctx, func() { ln.Close() }) // open WebSockets are for websockets to close
	return w.Serve(ln)
}
