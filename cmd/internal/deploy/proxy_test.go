package deploy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/wstest"
)

// proxy is a running web server in front of a backend.
type proxy struct {
	ws, wss string // the addresses of its ports 80 and 443
	cert    *certificate
	cmd     *exec.Cmd
	out     *output
	dir     string
	edit    func(backend string, edits []string) string // writes the configuration again and returns its path
	reload  func() error                                // has the proxy read it again
}

// kind is a web server that can be the proxy.
type kind struct {
	name   string
	config string // its file in docs/deploy
	start  func(t *testing.T, p *proxy) (commandLine []string)

	cutsIdle     bool     // a connection without any traffic ends at its time limit
	keepsOld     bool     // a reload leaves open connections alone
	overHTTP2    bool     // WebSockets may come over HTTP/2 (RFC 8441)
	silence      []string // what makes its limit on silence the tests'
	replacements func(p *proxy) []string
}

var kinds = []kind{nginx, haproxy, caddy}

var (
	nginx = kind{
		name: "nginx", config: "nginx.conf", cutsIdle: true, keepsOld: true,
		silence: []string{"proxy_read_timeout 60s", fmt.Sprintf("proxy_read_timeout %ds", silence/time.Second)},
		replacements: func(p *proxy) []string {
			return []string{
				"/run/nginx.pid", filepath.Join(p.dir, "nginx.pid"),
				"/var/log/nginx", p.dir,
				"\nhttp {\n", "\nhttp {\n" + nginxTemps(p.dir),
				"listen 80;", "listen " + p.ws + ";",
				"listen 443 ", "listen " + p.wss + " ",
				"/etc/ssl/example.com.pem", p.cert.file("cert.pem"),
				"/etc/ssl/example.com.key", p.cert.file("key.pem"),
			}
		},
		start: func(t *testing.T, p *proxy) []string {
			p.reload = func() error { return p.cmd.Process.Signal(syscall.SIGHUP) }
			return []string{"nginx", "-e", "stderr", "-g", "daemon off;", "-c"}
		},
	}
	haproxy = kind{
		name: "haproxy", config: "haproxy.cfg", cutsIdle: true, keepsOld: true, overHTTP2: true,
		silence: []string{"timeout tunnel 60s", fmt.Sprintf("timeout tunnel %ds", silence/time.Second)},
		replacements: func(p *proxy) []string {
			return []string{
				"/dev/log local0", "stdout format raw daemon",
				"\tuser haproxy\n\tgroup haproxy\n", haproxyUser(),
				"bind :80\n", "bind " + p.ws + "\n",
				"bind :443 ", "bind " + p.wss + " ",
				"/etc/ssl/example.com.both.pem", p.cert.file("both.pem"),
			}
		},
		start: func(t *testing.T, p *proxy) []string {
			master := filepath.Join(p.dir, "master") // which loses signals while it starts
			p.reload = func() error {
				var nc net.Conn
				var err error
				if !eventually(func() bool { nc, err = net.Dial("unix", master); return err == nil }) {
					return err
				}
				defer nc.Close()
				_, err = io.WriteString(nc, "reload\n")
				return err
			}
			return []string{"haproxy", "-W", "-S", master, "-f"}
		},
	}
	caddy = kind{
		name: "caddy", config: "Caddyfile",
		replacements: func(p *proxy) []string {
			return []string{
				"http_port 80\n", "http_port " + port(p.ws) + "\n",
				"https_port 443\n", "https_port " + port(p.wss) + "\n",
				"admin localhost:2019", "admin unix/" + filepath.Join(p.dir, "admin"),
				"https://example.com {", "https://example.com {\n\ttls " + p.cert.file("cert.pem") + " " + p.cert.file("key.pem"),
			}
		},
		start: func(t *testing.T, p *proxy) []string {
			p.reload = func() error {
				cmd := exec.Command("caddy", "reload", "--adapter", "caddyfile", "--address", "unix/"+filepath.Join(p.dir, "admin"),
					"--config", filepath.Join(p.dir, "Caddyfile"))
				cmd.Env = p.cmd.Env
				if out, err := cmd.CombinedOutput(); err != nil {
					return fmt.Errorf("caddy reload: %w\n%s", err, out)
				}
				return nil
			}
			return []string{"caddy", "run", "--adapter", "caddyfile", "--config"}
		},
	}
)

// eachProxy runs a test with every kind of proxy at the same time.
func eachProxy(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			_, err := exec.LookPath(k.name)
			need(t, err, "apt-get install "+k.name)
			test(t, k)
		})
	}
}

// run starts the proxy in front of backend, with its configuration from
// docs/deploy; edits are pairs of what to replace in it beyond ports and paths.
// It returns when the proxy accepts connections.
func (k *kind) run(t *testing.T, backend string, edits ...string) *proxy {
	t.Helper()
	p := &proxy{ws: wstest.FreeAddr(t), wss: wstest.FreeAddr(t), cert: newCertificate(t), out: new(output), dir: t.TempDir()}
	p.edit = func(backend string, edits []string) string {
		t.Helper()
		pairs := append(k.replacements(p), "127.0.0.1:8000", backend)
		return edited(t, k.config, p.dir, append(pairs, edits...))
	}
	line := append(k.start(t, p), p.edit(backend, edits))
	p.cmd = exec.Command(line[0], line[1:]...)
	p.cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.WaitDelay = patience
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	t.Cleanup(func() { stop(t, p.cmd, ended) })
	for _, addr := range []string{p.ws, p.wss} {
		if !eventually(func() bool {
			nc, err := net.Dial("tcp", addr)
			if err == nil {
				nc.Close()
			}
			return err == nil || len(ended) > 0
		}) || len(ended) > 0 {
			t.Fatalf("%s does not accept connections on %s; it says:\n%s", k.name, addr, p.out.tail())
		}
	}
	return p
}

// edited writes a configuration of docs/deploy to dir, with pairs of strings
// replaced, and returns its path. Each pair has to replace something.
func edited(t *testing.T, config, dir string, pairs []string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "deploy", config))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("docs/deploy/%s has no %q any more", config, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	path := filepath.Join(dir, config)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stop ends a process and waits until it has.
func stop(t *testing.T, cmd *exec.Cmd, ended <-chan error) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended already
	select {
	case <-ended:
	case <-time.After(patience):
		t.Errorf("%s did not end %v after SIGTERM", cmd.Path, patience)
		_ = cmd.Process.Kill()
		<-ended
	}
}

// nginxTemps are the directories that only root could make where they are by
// default.
func nginxTemps(dir string) (lines string) {
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		lines += fmt.Sprintf("\t%s_temp_path %s;\n", name, filepath.Join(dir, name))
	}
	return lines
}

// haproxyUser names the user to become, which only root can.
func haproxyUser() string {
	if os.Getuid() == 0 {
		return "\tuser haproxy\n\tgroup haproxy\n"
	}
	return ""
}

func port(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err)
	}
	return port
}

// need fails the test in CI, and skips it elsewhere, if err says that a program
// which it drives is missing.
func need(t *testing.T, err error, install string) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%v: install it with %s", err, install)
	case errors.Is(err, exec.ErrNotFound):
		t.Skipf("%v: install it with %s", err, install)
	default:
		t.Fatal(err)
	}
}
