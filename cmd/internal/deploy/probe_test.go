package deploy

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zerowire/websocket"
)

// site is a server with pages beside its WebSockets: every request without an upgrade is
// answered with 200, and with 503 while the site is ill.
type site struct {
	addr     string
	ill      atomic.Bool
	accepted atomic.Int32 // connections
	refused  atomic.Int32 // as opening handshakes

	mu   sync.Mutex
	seen map[string]int // requests without an upgrade, as "GET / HTTP/1.1"
}

func startSite(t *testing.T) *site {
	t.Helper()
	s := &site{seen: map[string]int{}}
	s.addr = serve(t, &websocket.Server{
		HTTP:    s,
		Handler: saying("here"),
		Options: websocket.Options{Hooks: websocket.Hooks{
			Accepted: func(net.Addr) { s.accepted.Add(1) },
			Refused:  func(*websocket.Request, error) { s.refused.Add(1) },
		}},
	})
	return s
}

// ServeHTTP returns the body of a POST, and a page otherwise.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen[fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, r.Proto)]++
	s.mu.Unlock()
	switch {
	case s.ill.Load():
		http.Error(w, "ill", http.StatusServiceUnavailable)
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body) // to its end: net/http drops what is unread when the response begins
		w.Write(body)
	default:
		io.WriteString(w, page)
	}
}

// count returns how many requests of that kind the site has had.
func (s *site) count(request string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[request]
}

var (
	page = strings.Repeat("a page of the site\n", 20_000) // larger than the buffers of a proxy
	form = page[:8000]                                    // that nginx keeps in memory
)

// TestProbesOfHAProxy: HAProxy finds the server healthy by each of its kinds of probes, and
// ill by those that ask, while connections go on.
func TestProbesOfHAProxy(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("haproxy")
	need(t, err, "apt-get install haproxy")
	for _, tt := range []struct {
		name, config string
		request      string // of the probe, "" if it only connects
		up           string
	}{
		{"connecting", "", "", "UP L4OK "},
		{"option httpchk", "option httpchk\n\t", "OPTIONS / HTTP/1.0", "UP L7OK 200"},
		{
			"http-check", "option httpchk\n\thttp-check send meth GET uri /healthz ver HTTP/1.1 hdr Host example.com\n\t",
			"GET /healthz HTTP/1.1", "UP L7OK 200",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t)
			stats := filepath.Join(t.TempDir(), "stats")
			p := haproxy.run(t, s.addr,
				"\nglobal\n", "\nglobal\n\tstats socket "+stats+"\n",
				// A probe that a busy machine delays is not failed: inter bounds the connect as well.
				"server one "+s.addr, tt.config+"timeout check 10s\n\tserver one "+s.addr+" check inter 500ms rise 1 fall 1",
			)
			wantStatus := func(want string) {
				t.Helper()
				var got string
				if !eventually(func() bool { got = serverStatus(t, stats); return got == want }) {
					t.Fatalf("HAProxy sees the server as %q, want %q; it says:\n%s", got, want, p.out.tail())
				}
			}
			d := dialer{proxy: p, scheme: "ws"}
			c := d.mustDial(t, "/")
			wantStatus(tt.up)
			if tt.request != "" {
				if !eventually(func() bool { return s.count(tt.request) >= 3 }) {
					t.Errorf("the site has seen %v, want %s three times", s.seen, tt.request)
				}
				s.ill.Store(true)
				wantStatus("DOWN L7STS 503")
				wantAnswer(t, c, websocket.OpText, []byte("?"), []byte("here"))
				s.ill.Store(false)
				wantStatus(tt.up)
				if n := s.refused.Load(); n != 0 {
					t.Errorf("%d requests were refused as opening handshakes", n)
				}
			}
			wantAnswer(t, c, websocket.OpText, []byte("?"), []byte("here"))
			if !eventually(func() bool { return answers(d, "here") }) {
				t.Error("no new connection to a server that is up")
			}
		})
	}
}

// serverStatus asks HAProxy for its view of the one server: its status, and how the last
// probe ended.
func serverStatus(t *testing.T, stats string) string {
	t.Helper()
	nc, err := net.Dial("unix", stats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, "show stat zerowire 4 -1\n")
	rows, err := csv.NewReader(nc).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("show stat: %q, %v, want a header and a server", rows, err)
	}
	fields := map[string]string{}
	for i, name := range rows[0] {
		fields[name] = rows[1][i]
	}
	return fields["status"] + " " + strings.TrimPrefix(fields["check_status"], "* ") + " " + fields["check_code"]
}

// TestPagesBehindNginx: plain requests come with HTTP/1.0 by default, and with HTTP/1.1
// on connections that nginx keeps and that it then uses for a WebSocket.
func TestPagesBehindNginx(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("nginx")
	need(t, err, "apt-get install nginx")
	s := startSite(t)
	p := nginx.run(t, s.addr,
		"worker_processes auto;", "worker_processes 1;",
		"server "+s.addr+";", "server "+s.addr+";\n\t\tkeepalive 4;",
		`""      close;`, `""      "";`,
		"location / {", "location /plain { proxy_pass http://zerowire; }\n\n\t\tlocation / {",
	)
	c := dialer{proxy: p, scheme: "ws"}.mustDial(t, "/")
	client := &http.Client{Transport: &http.Transport{DialContext: p.dialer("ws")}}
	defer client.CloseIdleConnections()
	request := func(method, path, body, want string) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+host+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s %s: %v; nginx says:\n%s", method, path, err, p.out.tail())
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || string(got) != want {
			t.Errorf("%s %s: %s, %.40q (%d bytes), %v, want %.40q (%d bytes)", method, path, resp.Status, got, len(got), err, want, len(want))
		}
	}
	for range 3 {
		request(http.MethodGet, "/plain", "", page)
		request(http.MethodHead, "/plain", "", "")
		request(http.MethodPost, "/plain", form, form)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if n := s.count(method + " /plain HTTP/1.0"); n != 3 {
			t.Errorf("the site has seen %v, want %s /plain with HTTP/1.0 three times", s.seen, method)
		}
	}

	request(http.MethodGet, "/", "", page)
	before := s.accepted.Load()
	for range 3 {
		request(http.MethodGet, "/", "", page)
		request(http.MethodPost, "/", form, form)
	}
	kept := dialer{proxy: p, scheme: "ws"}.mustDial(t, "/")
	wantAnswer(t, kept, websocket.OpText, []byte("?"), []byte("here"))
	if n := s.accepted.Load(); n != before {
		t.Errorf("six pages and a WebSocket took %d connections beside the one that is kept", n-before)
	}
	wantAnswer(t, c, websocket.OpText, []byte("?"), []byte("here"))
}
