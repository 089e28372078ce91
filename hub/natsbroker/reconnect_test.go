package natsbroker_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
	"github.com/zerowire/websocket/internal/wstest"
)

// restartable is an embedded server behind a port that stays the same.
type restartable struct {
	t    testing.TB
	opts embedded.Options
	*embedded.Server
}

func listen(t testing.TB, o embedded.Options) *restartable {
	t.Helper()
	o.Listen = wstest.FreeAddr(t)
	configure := o.Configure
	o.Configure = func(so *server.Options) {
		so.AuthTimeout = patience.Seconds()
		if configure != nil {
			configure(so)
		}
	}
	r := &restartable{t: t, opts: o}
	r.start()
	t.Cleanup(func() { r.Shutdown() })
	return r
}

func (r *restartable) start() {
	r.t.Helper()
	r.opts.Logger = quiet
	srv, err := embedded.Start(r.opts)
	if err != nil {
		r.t.Fatalf("embedded.Start(%+v) = %v", r.opts, err)
	}
	r.Server = srv
}

func (r *restartable) url() string { return "nats://" + r.opts.Listen }

// cable is a way to a server that can be cut.
type cable struct {
	net.Listener
	to    string
	mu    sync.Mutex
	isCut bool
	ends  []net.Conn
}

func newCable(t testing.TB, to string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: ln, to: to}
	go c.run()
	t.Cleanup(func() {
		ln.Close()
		c.cut(true)
	})
	return c
}

func (c *cable) run() {
	for {
		near, err := c.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.to)
		c.mu.Lock()
		if err != nil || c.isCut {
			near.Close()
			if far != nil {
				far.Close()
			}
		} else {
			c.ends = append(c.ends, near, far)
			go func() { io.Copy(near, far); near.Close() }()
			go func() { io.Copy(far, near); far.Close() }()
		}
		c.mu.Unlock()
	}
}

// cut ends all connections and, until it is called with false, new ones.
func (c *cable) cut(isCut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = isCut
	for _, end := range c.ends {
		end.Close()
	}
	c.ends = nil
}

func (c *cable) url() string { return "nats://" + c.Addr().String() }

// A server that goes and comes back: the hub is told, what is published meanwhile
// is kept within bounds, and messages flow again.
func TestReconnect(t *testing.T) {
	t.Parallel()
	srv := listen(t, embedded.Options{})
	from, there := attach(t, srv.url(), natsbroker.Options{MaxUnsent: 100_000}, new(recorder))
	to, got := attach(t, srv.url(), natsbroker.Options{}, new(recorder))
	subscribe(t, to, "a", "b")
	link(t, from, "a", got)
	for round := range 2 {
		srv.Shutdown()
		down := append(slices.Repeat([]bool{false, true}, round), false)
		for _, r := range []*recorder{there, got} {
			eventually(t, "told that the link is down", func() bool { return slices.Equal(r.told(), down) })
		}
		subscribe(t, to, fmt.Sprint("while.down.", round))
		if err := to.Unsubscribe("b"); err != nil {
			t.Errorf("Unsubscribe() without a link = %v", err)
		}
		text, sent := strings.Repeat(".", 1000), 0
		var err error
		for ; sent < 1000 && err == nil; sent++ {
			err = from.Publish("a", []byte(text))
		}
		if !errors.Is(err, natsbroker.ErrFull) || sent < 90 || sent > 110 {
			t.Errorf("%d messages of 1,000 bytes without a link = %v, want ErrFull after about 100", sent, err)
		}
		srv.start()
		for _, r := range []*recorder{there, got} {
			eventually(t, "told that the link is back", func() bool { return slices.Equal(r.told(), append(down, true)) })
		}
		link(t, from, "a", got)
		link(t, from, fmt.Sprint("while.down.", round), got)
		for _, text := range numbers(fmt.Sprint(round, ":"), 200) {
			publish(t, from, "a", text)
		}
		eventually(t, "the last there", func() bool { return got.has(message{"a", fmt.Sprint(round, ":200")}) })
		texts := got.on("a")
		if !slices.Equal(texts[len(texts)-200:], numbers(fmt.Sprint(round, ":"), 200)) {
			t.Errorf("after the server has come back: %q", texts[len(texts)-200:])
		}
	}
}

// A Broker that is told to may come before its server.
func TestConnectBeforeTheServer(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]*natsbroker.Stream{"core": nil, "stream": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := wstest.FreeAddr(t)
			retry := natsbroker.Options{NATS: []nats.Option{nats.RetryOnFailedConnect(true)}, Stream: stream}
			from, there := attach(t, "nats://"+addr, retry, new(recorder))
			to, got := attach(t, "nats://"+addr, retry, new(recorder))
			subscribe(t, to, "a")
			publish(t, from, "a", "early")
			eventually(t, "told that there is no link", func() bool { return slices.Equal(there.told(), []bool{false}) })
			start(t, embedded.Options{Listen: addr, StoreDir: t.TempDir()})
			eventually(t, "told that there is one", func() bool { return slices.Equal(there.told(), []bool{false, true}) })
			link(t, from, "a", got)
			if err := from.Close(); err != nil { // before the server ends
				t.Errorf("Close() = %v", err)
			}
		})
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	srv := listen(t, embedded.Options{Configure: func(o *server.Options) { o.Username, o.Password = "hub", "secret" }})
	login := []nats.Option{nats.UserInfo("hub", "secret")}
	from, _ := attach(t, srv.url(), natsbroker.Options{NATS: login}, new(recorder))
	to, got := connect(t, srv.Server, natsbroker.Options{})
	subscribe(t, to, "a")
	link(t, from, "a", got)
	for name, options := range map[string][]nats.Option{"none": {nats.Timeout(patience)}, "a wrong one": {nats.Timeout(patience), nats.UserInfo("hub", "guess")}} {
		b, err := natsbroker.Connect(srv.url(), &natsbroker.Options{NATS: options})
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("Connect() with %s = %v, want nats.ErrAuthorization", name, err)
			b.Close()
		}
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	srv := listen(t, embedded.Options{Configure: func(o *server.Options) {
		o.TLSConfig, o.TLSTimeout = &tls.Config{Certificates: web.TLS.Certificates}, patience.Seconds()
	}})
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())
	secure := natsbroker.Options{NATS: []nats.Option{nats.Secure(&tls.Config{RootCAs: trusted})}}
	from, _ := attach(t, srv.url(), secure, new(recorder))
	to, got := attach(t, srv.url(), secure, new(recorder))
	subscribe(t, to, "a")
	link(t, from, "a", got)
	if b, err := natsbroker.Connect(srv.url(), &natsbroker.Options{NATS: []nats.Option{nats.Secure()}}); err == nil {
		b.Close()
		t.Error("Connect() to a server with a certificate of nobody's succeeded")
	}
}

// What the server does not let us publish is told, and holds nothing else up.
func TestForbiddenTopic(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]*natsbroker.Stream{"core": nil, "stream": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := listen(t, embedded.Options{StoreDir: t.TempDir(), Configure: func(o *server.Options) {
				o.Users = []*server.User{
					{Username: "all", Password: "p"},
					{Username: "some", Password: "p", Permissions: &server.Permissions{
						Publish: &server.SubjectPermission{Deny: []string{"zerowire.secret.>"}},
					}},
				}
			}})
			var mu sync.Mutex
			var told []error
			from, _ := attach(t, srv.url(), natsbroker.Options{
				NATS: []nats.Option{nats.UserInfo("some", "p")}, Stream: stream,
				Lost: func(_ uint64, why error) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, why)
				},
			}, new(recorder))
			to, got := attach(t, srv.url(), natsbroker.Options{NATS: []nats.Option{nats.UserInfo("all", "p")}, Stream: stream}, new(recorder))
			subscribe(t, to, "*")
			link(t, from, "open", got)
			publish(t, from, "open", "1")
			publish(t, from, "secret.plan", "2")
			publish(t, from, "open", "3")
			eventually(t, "the others there", func() bool { return slices.Equal(got.on("open"), []string{"1", "3"}) })
			eventually(t, "told of the refusal", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(told) > 0
			})
			mu.Lock()
			defer mu.Unlock()
			if !errors.Is(told[0], natsbroker.ErrRefused) || !errors.Is(told[0], nats.ErrPermissionViolation) {
				t.Errorf("Lost was told %v, want ErrRefused and nats.ErrPermissionViolation", told[0])
			}
			if got := got.on("secret.plan"); len(got) > 0 {
				t.Errorf("the secret was published: %q", got)
			}
		})
	}
}
