package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

func TestServeEchoes(t *testing.T) {
	p := startServe(t)
	for _, path := range []string{"/echo", "/ws", "/echo?from=test"} {
		t.Run(path, func(t *testing.T) {
			w := open(t, p.addr, path, "")
			for _, payload := range []string{"", "hello", strings.Repeat("long ", 50), strings.Repeat("x", 1<<20)} {
				w.send(t, true, text, payload)
				w.want(t, text, payload)
				w.send(t, true, binData, payload)
				w.want(t, binData, payload)
			}
			w.send(t, false, text, "in two ")
			w.send(t, true, ping, "between")
			w.send(t, true, 0, "frames")
			w.want(t, pong, "between")
			w.want(t, text, "in two frames")
			w.send(t, true, closing, closePayload(4001, "done"))
			w.want(t, closing, closePayload(4001, ""))
			w.wantEnd(t)
		})
	}
}

func TestServeAnswersTheCloseFrame(t *testing.T) {
	p := startServe(t)
	w := open(t, p.addr, "/echo", "")
	w.send(t, true, closing, closePayload(1000, "bye"))
	opcode, payload := w.receive(t)
	if opcode != closing || !strings.HasPrefix(payload, closePayload(1000, "")) {
		t.Errorf("received opcode %#x %q, want Close with 1000", opcode, payload)
	}
	w.wantEnd(t)
}

func TestServeLimitsMessages(t *testing.T) {
	p := startServe(t, "--max-message=1000")
	tests := []struct {
		name string
		send func(w *wire)
	}{
		{"in one frame", func(w *wire) { w.send(t, true, text, strings.Repeat("x", 1001)) }},
		{"in many frames", func(w *wire) {
			w.send(t, false, binData, strings.Repeat("x", 600))
			w.send(t, true, 0, strings.Repeat("x", 401))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, p.addr, "/echo", "")
			w.send(t, true, text, strings.Repeat("x", 1000))
			w.want(t, text, strings.Repeat("x", 1000))
			tt.send(w)
			w.wantClose(t, 1009)
		})
	}
}

func TestServeLogs(t *testing.T) {
	p := startServe(t)
	w := open(t, p.addr, "/echo", "")
	w.send(t, true, text, "two\nlines")
	w.want(t, text, "two\nlines")
	w.send(t, true, binData, "\x00\xff")
	w.want(t, binData, "\x00\xff")
	w.send(t, true, closing, closePayload(4001, "done"))
	w.want(t, closing, closePayload(4001, ""))
	w.wantEnd(t)
	w.Close()
	if err := p.stop(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	client := regexp.QuoteMeta(w.LocalAddr().String())
	want := regexp.MustCompile(`^\S+ \S+ INFO Connection established with ` + client + ` .*
\S+ \S+ INFO Received the message two\\nlines from=` + client + `
\S+ \S+ INFO Received the message \[2 bytes\] 00 ff from=` + client + `
\S+ \S+ INFO Connection ended with ` + client + ` code=4001 reason=done
$`)
	if !want.MatchString(p.stderr.String()) {
		t.Errorf("log:\n%swant match of\n%s", &p.stderr, want)
	}
}

func TestServeQuietLogsNothing(t *testing.T) {
	p := startServe(t, "--quiet")
	w := open(t, p.addr, "/ws", "chat")
	w.send(t, true, text, "no JSON")
	w.wantClose(t, 1007)
	w = open(t, p.addr, "/echo", "")
	w.send(t, true, text, "hello")
	w.want(t, text, "hello")
	w.Close()
	if err := p.stop(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	if p.stderr.String() != "" {
		t.Errorf("stderr:\n%swant nothing", &p.stderr)
	}
}

func TestServeEndsOnSignal(t *testing.T) {
	p := startServe(t)
	echoing := open(t, p.addr, "/echo", "")
	chatting := open(t, p.addr, "/ws", "chat")
	ended := make(chan error)
	go func() { ended <- p.stop() }()
	echoing.wantClose(t, 1001)
	chatting.wantClose(t, 1001)
	if err := <-ended; err != nil {
		t.Errorf("after SIGTERM: %v, want exit status 0; stderr:\n%s", err, &p.stderr)
	}
}

func TestServeRefusesWhatItCannotDo(t *testing.T) {
	p := startServe(t)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"address in use", []string{"serve", "--listen", p.addr}, "the port is taken by another process"},
		{"no address", []string{"serve", "--listen", "nowhere"}, "missing port"},
		{"no number", []string{"serve", "--max-message", "many"}, "--max-message"},
		{"no such command", []string{"swerve"}, "swerve"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := exec.Command("zerowire", tt.args...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.want) {
				t.Errorf("zerowire %q: %v, output:\n%swant a failure that mentions %q", tt.args, err, out, tt.want)
			}
		})
	}
}
