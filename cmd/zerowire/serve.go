package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
	_ "github.com/zerowire/websocket/internal/xconnect" // announces WebSockets over HTTP/2
)

// serveCommand is `zerowire serve`.
type serveCommand struct {
	Listen string `default:"127.0.0.1:8000" placeholder:"ADDR" help:"Address to listen on: ${listen} (${default})."`
	reach.Certificate
	TLSSelfSigned bool     `name:"tls-self-signed" xor:"tls" help:"Serve wss and https with a certificate that is made now, for localhost and the address, and is gone with the process. Its fingerprint is printed."`
	HTTP2         bool     `name:"http2" help:"Serve HTTP/2, too, and announce that it accepts WebSockets (RFC 8441): with TLS to clients that negotiate it, without TLS to those that begin with it."`
	Origin        []string `sep:"none" placeholder:"ORIGIN" help:"Let pages of this origin connect, beyond those of the server's own host: https://app.example.com, https://*.example.com, or * for every one. May be repeated."`
	Subprotocol   []string `sep:"none" placeholder:"NAME" help:"Agree to this sub-protocol at /ws, and echo under it. May be repeated."`
	MaxMessage    int64    `default:"1048576" placeholder:"BYTES" help:"Largest message to receive; a larger one closes its connection with 1009, -1 allows any (${default})."`
	Compress      bool     `help:"Compress messages of 512 bytes and more if the client agrees to it (permessage-deflate, RFC 7692)."`
	Takeover      bool     `help:"With --compress, let messages refer to those before them: they become smaller, and a connection takes up to 64 KiB more."`
	Dir           string   `type:"existingdir" placeholder:"DIR" help:"Serve the files of this directory under /files/."`
	Metrics       string   `placeholder:"ADDR" help:"Serve Prometheus metrics at http://ADDR/metrics and expvar at /debug/vars, and ping every connection each 15 seconds for its round-trip time."`
	clusterFlags
	Grace time.Duration `default:"5s" help:"How long connections may take for the closing handshake when the server ends (${default})."`
	Quiet bool          `help:"Log nothing."`
}

// Help shows what the command is used for.
func (*serveCommand) Help() string {
	return `The page is at /. At /echo every message comes back; at /ws it does, too, and the sub-protocols chat, gamepos and figures (what the server does, once a second) are served. On SIGINT or SIGTERM every connection is closed with 1001.

Examples:

  zerowire serve
  zerowire serve --listen :8443 --tls-self-signed
  zerowire serve --http2 --tls-self-signed
  zerowire serve --listen :443 --tls-cert fullchain.pem --tls-key privkey.pem
  zerowire serve --origin https://app.example.com --subprotocol v2.example
  zerowire serve --compress --max-message 16777216
  zerowire serve --metrics 127.0.0.1:9100 --quiet
  zerowire serve --dir public
  zerowire serve --listen unix:/run/zerowire.sock
  systemd-socket-activate -l 8000 zerowire serve --listen systemd
  zerowire serve --cluster embedded --cluster-port 6222
  zerowire serve --cluster embedded --join 127.0.0.1:6222 --listen 127.0.0.1:8001`
}

// Validate refuses what the server could not keep to.
func (s *serveCommand) Validate() error {
	if s.Takeover && !s.Compress {
		return errors.New("--takeover says how to compress: give --compress, too")
	}
	if err := cmp.Or(reach.CheckListen(s.Listen), s.validate(s.Listen)); err != nil {
		return err
	}
	for _, origin := range s.Origin {
		if !isOrigin(origin) {
			return fmt.Errorf(`--origin %q: give scheme and host, and a port if it is not the scheme's own: https://app.example.com`, origin)
		}
	}
	for _, name := range s.Subprotocol {
		if !codec.IsToken(name) {
			return fmt.Errorf("--subprotocol %q: a sub-protocol's name is a token: ASCII without spaces, commas, quotes or other separators", name)
		}
	}
	return nil
}

// isOrigin reports whether Options.Origins can match anything by s.
func isOrigin(s string) bool {
	if s == "*" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && s == u.Scheme+"://"+u.Host && !strings.ContainsAny(strings.TrimPrefix(u.Host, "*."), "*,")
}

// Run serves until ctx is cancelled, then closes every connection with 1001.
func (s *serveCommand) Run(ctx context.Context) error {
	certificate, err := s.certificate()
	if err != nil {
		return err
	}
	log := slog.Default()
	if s.Quiet {
		log = slog.New(slog.DiscardHandler)
	}
	cluster, err := s.open(s.Listen, log)
	if err != nil {
		return err
	}
	defer cluster.close()
	game := newGame(cluster.hub)
	if s.Cluster != "" {
		game.span(ctx)
	}
	meter := newMeter()
	srv, err := s.server(&routes{log: log, quiet: s.Quiet, hub: cluster.hub, game: game, meter: meter})
	if err != nil {
		return err
	}
	metrics, err := s.serveMetrics(meter)
	if err != nil {
		return err
	}
	ln, err := reach.Listen(s.Listen)
	if err != nil {
		return err
	}
	fmt.Printf("Listening on %s\n", ln.Addr())
	scheme, protocols := "http", []string{"http/1.1"} // the only version that Server speaks itself
	if s.HTTP2 {
		protocols = []string{"h2", "http/1.1"}
	}
	if certificate != nil {
		scheme = "https"
		if ln, err = reach.WithTLS(ln, certificate, protocols...); err != nil {
			return err
		}
	}
	if ln.Addr().Network() == "tcp" {
		fmt.Printf("Open %s://%s/\n", scheme, reachable(ln.Addr()))
	}
	if s.TLSSelfSigned {
		fmt.Printf("Self-signed certificate, SHA-256 %s\n", fingerprint(certificate))
	}
	if metrics != nil {
		fmt.Printf("Metrics on http://%s/metrics\n", reachable(metrics.Addr()))
	}
	if cluster.nats != nil {
		fmt.Printf("To be joined at %s\n", cluster.nats.ClusterAddr())
	}

	served := make(chan error, 1)
	go func() {
		if !s.HTTP2 {
			served <- srv.Serve(ln)
			return
		}
		context.AfterFunc(ctx, func() { ln.Close() }) // open WebSockets are for srv to close
		if err := newWebServer(srv, log).Serve(ln); ctx.Err() == nil {
			served <- err
		}
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return s.shutdown(srv, meter)
}

// server returns the server that the flags describe, for connections that go where
// paths says.
func (s *serveCommand) server(paths *routes) (*websocket.Server, error) {
	site, err := newSite(s.Dir)
	if err != nil {
		return nil, err
	}
	server := &websocket.Server{
		Route: paths.route,
		HTTP:  site,
		Options: websocket.Options{
			Subprotocols: append([]string{chatSubprotocol, gameSubprotocol, figuresSubprotocol}, s.Subprotocol...),
			Origins:      s.Origin,
			MaxMessage:   s.MaxMessage,
			CloseTimeout: s.Grace + time.Second, // so that shutdown cuts, and not each connection by itself
			Hooks:        logRefusals(paths.meter.hooks(), paths.log),
			Logger:       paths.log,
		},
	}
	if s.Compress {
		server.Options.Compression = &websocket.Compression{Takeover: s.Takeover}
	}
	return server, nil
}

// shutdown closes every connection with 1001, cuts those that are left when the
// grace is over, and says how many of each there were.
func (s *serveCommand) shutdown(srv *websocket.Server, meter *meter) error {
	ends := new(ends)
	meter.ends.Store(ends) // which are counted from now on
	grace, cancel := context.WithTimeout(context.Background(), s.Grace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	fmt.Printf("Shut down: %d connections closed cleanly, %d aborted\n", ends.clean.Load(), ends.aborted.Load())
	return nil
}

// reachable returns addr, or the loopback interface with its port if addr stands
// for all interfaces.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// newWebServer returns what serves the WebSockets and the page of srv through net/http,
// which speaks HTTP/2 as well: over TLS where the client negotiates it, and without TLS to
// clients that begin with it.
func newWebServer(srv *websocket.Server, log *slog.Logger) *http.Server {
	web := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "" {
				srv.ServeHTTP(w, r)
			} else {
				srv.HTTP.ServeHTTP(w, r)
			}
		}),
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
	web.Protocols.SetHTTP1(true)
	web.Protocols.SetHTTP2(true)
	web.Protocols.SetUnencryptedHTTP2(true)
	return web
}
