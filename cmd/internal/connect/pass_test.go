//go:build unix

package connect

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
)

// pipe is `zerowire connect` between pipes.
type pipe struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout testkit.Output
	stderr testkit.Output
}

func startPipe(t *testing.T, args ...string) *pipe {
	t.Helper()
	x := &pipe{cmd: exec.Command(os.Args[0], args...)}
	x.cmd.Env = append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0")
	x.cmd.Stdout, x.cmd.Stderr = &x.stdout, &x.stderr
	var err error
	if x.stdin, err = x.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.cmd.Process.Kill() }) // fails if it has ended already
	return x
}

// printed waits until the standard output is text.
func (x *pipe) printed(t *testing.T, text string) {
	t.Helper()
	for start := time.Now(); x.stdout.String() != text; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("stdout is %q, want %q", &x.stdout, text)
		}
	}
}

func (x *pipe) wantExit(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- x.cmd.Wait() }()
	err := await(t, "the end of the process", ended)
	if got := x.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d (%v), want %d; stderr:\n%s", got, err, code, &x.stderr)
	}
	if got := x.stdout.String(); got != stdout {
		t.Errorf("stdout is %q, want %q", got, stdout)
	}
	if got := x.stderr.String(); stderr == "" && got != "" || !strings.Contains(got, stderr) {
		t.Errorf("stderr is %q, want %q in it", got, stderr)
	}
}

func TestPassEnds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		do     func(*testing.T, *pipe, *peer, *websocket.Conn)
		exit   int
		stdout string
		stderr string
	}{
		{"end of input, and silence", []string{"--wait=50ms"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, "one\n")
			p.wantMessage(t, "one")
			send(t, c, "answer")
			x.printed(t, "answer\n")
			x.stdin.Close()
			p.wantClose(t, 1000, "")
		}, 0, "answer\n", ""},
		{"no wait", []string{"--wait=0"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, "one")
			x.stdin.Close()
			p.wantMessage(t, "one")
			p.wantClose(t, 1000, "")
		}, 0, "", ""},
		{"no answer within the wait", []string{"--wait", "0.05"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, "one\n")
			x.stdin.Close()
			p.wantMessage(t, "one")
			p.wantClose(t, 1000, "")
		}, 0, "", "no answer within 50ms: the connection is closed; a longer --wait waits longer"},
		{"an answer that takes longer than a second", nil, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, "one\n")
			x.stdin.Close()
			p.wantMessage(t, "one")
			time.Sleep(1500 * time.Millisecond) // the time itself is what is tested
			send(t, c, "late")
		}, 0, "late\n", ""},
		{"escapes", []string{"--escapes", "--wait=0"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, `a\n\0\u{e4}`+"\n")
			x.stdin.Close()
			p.wantMessage(t, "a\n\x00ä")
		}, 0, "", ""},
		{"what is no escape", []string{"--escapes"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, `\q`+"\n")
		}, 1, "", "standard input: line 1: \"\\\\q\" is no escape"},
		{"text to send first, and staying", []string{"-x", "one", "-x", "two"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			x.stdin.Close()
			p.wantMessage(t, "one")
			p.wantMessage(t, "two")
			send(t, c, "answer")
			c.Close(1000, "")
		}, 0, "answer\n", ""},
		{"server closes in order", []string{"--wait", "-1"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			x.stdin.Close()
			send(t, c, "last")
			c.Close(1001, "")
		}, 0, "last\n", ""},
		{"server closes while input is awaited", nil, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			c.Close(1000, "")
		}, 0, "", ""},
		{"server closes because of us", nil, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			c.Close(1008, "be polite")
		}, 1, "", `closed by the server: 1008 policy violation: "be polite"`},
		{"server closes before all is sent", nil, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			go func() {
				for line := strings.Repeat("x", 999) + "\n"; ; {
					if _, err := io.WriteString(x.stdin, line); err != nil {
						return
					}
				}
			}()
			go func() {
				for range p.received {
				}
			}()
			c.Close(1000, "")
		}, 1, "", "not all input was sent: "},
		{"server sends more than is wanted", []string{"--max-message=3"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			send(t, c, "1234")
		}, 1, "", "closed with 1009 message too big: "},
		{"SIGINT", nil, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, "one\n")
			p.wantMessage(t, "one")
			x.cmd.Process.Signal(syscall.SIGINT)
			p.wantClose(t, 1000, "")
		}, 130, "", "interrupted"},
		{"binary as it is", []string{"--binary", "--wait=50ms"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			io.WriteString(x.stdin, "a\n\xff")
			x.stdin.Close()
			p.wantMessage(t, "61 0a ff")
			if err := c.Write(t.Context(), websocket.OpBinary, []byte("b\x00\n\xfe")); err != nil {
				t.Fatal(err)
			}
		}, 0, "b\x00\n\xfe", ""},
		{"binary as a dump", []string{"--wait=50ms"}, func(t *testing.T, x *pipe, p *peer, c *websocket.Conn) {
			if err := c.Write(t.Context(), websocket.OpBinary, []byte("b\x00\n\xfe")); err != nil {
				t.Fatal(err)
			}
			x.stdin.Close()
		}, 0, "4 bytes\n00000000  62 00 0a fe                                       |b...|\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t)
			x := startPipe(t, append(tt.args, p.url)...)
			tt.do(t, x, p, p.conn(t))
			x.wantExit(t, tt.exit, tt.stdout, tt.stderr)
		})
	}
}

// A message that takes longer than --wait to arrive is not silence.
func TestWaitsForSlowMessage(t *testing.T) {
	p := newPeer(t)
	x := startPipe(t, "--wait=4s", p.url)
	c := p.conn(t)
	x.stdin.Close()
	w, err := c.Writer(t.Context(), websocket.OpText)
	if err != nil {
		t.Fatal(err)
	}
	piece := strings.Repeat("x", 16<<10) // a fragment
	pace := time.NewTicker(450 * time.Millisecond)
	defer pace.Stop()
	for range 10 {
		if _, err := io.WriteString(w, piece); err != nil {
			t.Fatalf("the client has not waited for the end of the message: %v", err)
		}
		<-pace.C
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.wantClose(t, 1000, "")
	x.wantExit(t, 0, strings.Repeat(piece, 10)+"\n", "")
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("this system has no /dev/full")
	} else if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	p := newPeer(t)
	x := &pipe{cmd: exec.Command(os.Args[0], "--wait=-1s", p.url)}
	x.cmd.Env = append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0")
	x.cmd.Stdout, x.cmd.Stderr = full, &x.stderr
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := p.conn(t)
	send(t, c, "hello")
	c.Close(1000, "")
	x.wantExit(t, 1, "", "zerowire: standard output: ")
}

func TestInterruptedWhileConnecting(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	x := startPipe(t, "ws://"+ln.Addr().String())
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	x.cmd.Process.Signal(syscall.SIGINT)
	x.wantExit(t, 130, "", "interrupted")
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})}
	go srv.Serve(ln)
	defer srv.Close()
	x := startPipe(t, "--wait=50ms", "ws+unix://"+socket+":/echo")
	io.WriteString(x.stdin, "hello\n")
	x.stdin.Close()
	x.wantExit(t, 0, "hello\n", "")
}

// proxy is an HTTP proxy that counts the tunnels it has made.
type proxy struct{ tunnels atomic.Int32 }

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := parseProxyAuth(r); user != "ann" || password != "secret" {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	up, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer up.Close()
	down, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	p.tunnels.Add(1)
	io.WriteString(down, "HTTP/1.1 200 OK\r\n\r\n")
	go io.Copy(up, buf)
	io.Copy(down, up)
}

func parseProxyAuth(r *http.Request) (user, password string, ok bool) {
	return (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
}

func TestProxy(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	via := new(proxy)
	srv := &http.Server{Handler: via}
	go srv.Serve(ln)
	defer srv.Close()
	for _, tt := range []struct {
		name, proxy string
		exit        int
		tunnels     int32
		stderr      string
	}{
		{"signed in", "http://ann:secret@" + ln.Addr().String(), 0, 1, ""},
		{"not signed in", "http://" + ln.Addr().String(), 1, 0, "Sign in to the proxy with --proxy http://USER:PASSWORD@HOST:PORT."},
		{"none", "none", 0, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			via.tunnels.Store(0)
			x := startPipe(t, "--wait=0", "--proxy", tt.proxy, newPeer(t).url)
			x.stdin.Close()
			x.wantExit(t, tt.exit, "", tt.stderr)
			if got := via.tunnels.Load(); got != tt.tunnels {
				t.Errorf("%d tunnels, want %d", got, tt.tunnels)
			}
		})
	}
}

func TestInputThatCannotBeRead(t *testing.T) {
	p := newPeer(t)
	dir, err := os.Open(t.TempDir()) // reading it fails
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, args := range [][]string{{p.url}, {"--binary", p.url}} {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0")
		cmd.Stdin = dir
		out, err := cmd.CombinedOutput()
		if _, ok := errors.AsType[*exec.ExitError](err); !ok || !strings.Contains(string(out), "zerowire: standard input: ") {
			t.Errorf("connect %q ended with %v and %q, want what is wrong with standard input", args, err, out)
		}
		p.conn(t)
		p.wantClose(t, 1000, "")
	}
}

// TestLineOfATerminalIsWhole types lines at a terminal that only standard input is.
func TestLineOfATerminalIsWhole(t *testing.T) {
	for _, tt := range []struct {
		name   string
		length int
		sent   bool
	}{
		{"short", 10, true},
		{"as long as a terminal passes on", 4094, true},
		{"longer", 4095, false},
		{"much longer", 5000, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t)
			typist, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer typist.Close()
			defer tty.Close()
			x := &pipe{cmd: exec.Command(os.Args[0], "--wait=0", p.url)}
			x.cmd.Env = append(os.Environ(), asCommand+"=1", "GORACE=atexit_sleep_ms=0")
			x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = tty, &x.stdout, &x.stderr
			if err := x.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { x.cmd.Process.Kill() }) // fails if it has ended already
			p.conn(t)
			text := strings.Repeat("x", tt.length)
			io.WriteString(typist, text+"\n\x04")
			if tt.sent {
				p.wantMessage(t, text)
				x.wantExit(t, 0, "", "")
			} else {
				x.wantExit(t, 1, "", "line 1 is longer than a terminal passes on")
			}
		})
	}
}
