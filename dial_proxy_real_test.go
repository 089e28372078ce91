package websocket_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// The environment is read once per process: this test is a process of its own.
func TestDialProxyFromEnvironment(t *testing.T) {
	const child = "WEBSOCKET_TEST_URL"
	if url := os.Getenv(child); url != "" {
		c, err := websocket.Dial(background, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantEcho(t, c, "hello")
		c.CloseNow()
		return
	}
	direct, _ := proxied(t, false)
	for _, tt := range []struct {
		name, env, noProxy, url string
		asked                   int
	}{
		{"HTTP_PROXY", "HTTP_PROXY", "", "ws://a.invalid", 1},
		{"NO_PROXY", "HTTP_PROXY", "a.invalid", "ws://" + direct, 0},
		{"SOCKS", "http_proxy", "", "ws://a.invalid", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked *requests
			var proxy string
			if tt.name == "SOCKS" {
				p := &socksProxy{target: direct}
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				go p.serve(ln)
				asked, proxy = &p.connect, "socks5://"+ln.Addr().String()
			} else {
				p := &httpProxy{target: direct}
				srv := httptest.NewServer(p)
				defer srv.Close()
				asked, proxy = &p.connect, srv.URL
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestDialProxyFromEnvironment$")
			cmd.Env = append(os.Environ(), child+"="+tt.url, tt.env+"="+proxy, "NO_PROXY="+tt.noProxy)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if got := asked.all(); len(got) != tt.asked {
				t.Errorf("proxy was asked %q, want %d requests", got, tt.asked)
			}
		})
	}
}

// program starts a program in the foreground and waits until it listens on addr.
// Without the program the test is skipped, but not where CI is set.
func program(t *testing.T, addr, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed: apt-get install %s", name, name)
	}
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for range 1000 {
		nc, err := net.Dial("tcp", addr)
		if err == nil {
			nc.Close()
			return
		}
		<-retry.C
	}
	t.Fatalf("%s does not listen on %s", name, addr)
}

func TestDialThroughTinyproxy(t *testing.T) {
	host, port, _ := net.SplitHostPort(wstest.FreeAddr(t))
	config := filepath.Join(t.TempDir(), "tinyproxy.conf")
	text := fmt.Sprintf("Port %s\nListen %s\nMaxClients 10\nBasicAuth user password\nTimeout 10\n", port, host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program(t, net.JoinHostPort(host, port), "tinyproxy", "-d", "-c", config)
	wantThrough(t, "http", net.JoinHostPort(host, port))
}

func TestDialThroughMicrosocks(t *testing.T) {
	host, port, _ := net.SplitHostPort(wstest.FreeAddr(t))
	program(t, net.JoinHostPort(host, port), "microsocks", "-i", host, "-p", port, "-u", "user", "-P", "password")
	wantThrough(t, "socks5", net.JoinHostPort(host, port))
}

// wantThrough wants the proxy to let through who signs in, and nobody else.
func wantThrough(t *testing.T, scheme, proxy string) {
	t.Helper()
	for _, withTLS := range []bool{false, true} {
		addr, config := proxied(t, withTLS)
		url := "ws://" + addr
		if withTLS {
			url = "wss://" + addr
		}
		opts := &websocket.DialOptions{TLSConfig: config, Proxy: through(t, scheme+"://user:password@"+proxy)}
		c, err := websocket.Dial(background, url, opts)
		if err != nil {
			t.Fatalf("Dial(%q) = %v", url, err)
		}
		wantEcho(t, c, "hello")
		wantEcho(t, c, strings.Repeat("x", 100_000))
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("Close() = %v", err)
		}
		opts.Proxy, opts.HandshakeTimeout = through(t, scheme+"://user:wrong@"+proxy), time.Hour
		ctx, cancel := context.WithTimeout(background, patience)
		if _, err := websocket.Dial(ctx, url, opts); err == nil || ctx.Err() != nil {
			t.Errorf("Dial(%q) with a wrong password = %v, want a refusal", url, err)
		}
		cancel()
	}
}
