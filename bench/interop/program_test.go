package interop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// command is what a program is told, as a line of JSON. Payloads are base64.
type command struct {
	ID   int    `json:"id"` // of the connection
	Do   string `json:"do"` // dial, dialHTTP2, listen, listenHTTP2, send, ping, close, end
	URL  string `json:"url,omitempty"`
	Code int    `json:"code,omitempty"`

	Subprotocols []string `json:"subprotocols"`
	Origin       string   `json:"origin,omitempty"`
	Limit        int64    `json:"limit,omitempty"`

	Deflate    bool `json:"deflate"`
	Takeover   bool `json:"takeover"`
	WindowBits int  `json:"windowBits"` // 15 if it does not matter

	Text   bool     `json:"text,omitempty"`
	Parts  [][]byte `json:"parts,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// report is what a program says, as a line of JSON.
type report struct {
	ID          int    `json:"id"`
	Event       string `json:"event"` // listening, open, refused, failed, message, pong, closed
	URL         string `json:"url"`
	Subprotocol string `json:"subprotocol"`
	Status      int    `json:"status"`
	Error       string `json:"error"`
	Text        bool   `json:"text"`
	Payload     []byte `json:"payload"`
	Code        int    `json:"code"`
	Reason      string `json:"reason"`
}

// program is a library of another language, driven over its standard input and
// output.
type program struct {
	http2    bool // dials and listens over HTTP/2
	mu       sync.Mutex
	commands *json.Encoder
	ends     []*programEnd // by ID
}

// startProgram starts a program that ends when its standard input does.
func startProgram(t *testing.T, name string, args ...string) *program {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = t.Output()
	cmd.WaitDelay = patience
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("StdinPipe: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("StdoutPipe: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	p := &program{commands: json.NewEncoder(stdin)}
	read := make(chan error, 1)
	go func() { read <- p.read(stdout) }()
	t.Cleanup(func() {
		stdin.Close()
		giveUp := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer giveUp.Stop()
		if err := <-read; err != nil {
			t.Errorf("reading from %s: %v", name, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return p
}

// read gives each report to its connection.
func (p *program) read(stdout io.Reader) error {
	for reports := json.NewDecoder(stdout); ; {
		var r report
		if err := reports.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		p.mu.Lock()
		e := p.ends[r.ID]
		p.mu.Unlock()
		e.report(r)
	}
}

func (p *program) do(c command) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.commands.Encode(c)
}

// newEnd makes an end and tells the program to begin it with c.
func (p *program) newEnd(t *testing.T, c command) *programEnd {
	t.Helper()
	p.mu.Lock()
	e := &programEnd{program: p, id: len(p.ends), opening: make(chan report, 2), inbox: newInbox()}
	p.ends = append(p.ends, e)
	p.mu.Unlock()
	c.ID = e.id
	if err := p.do(c); err != nil {
		t.Fatalf("%s: %v", c.Do, err)
	}
	t.Cleanup(func() { p.do(command{ID: e.id, Do: "end"}) })
	return e
}

// opening returns c with the settings of an end.
func opening(c command, s settings) command {
	c.Subprotocols, c.Origin, c.Limit = s.subprotocols, s.origin, s.limitOr(roomy)
	c.Deflate, c.Takeover, c.WindowBits = s.deflate.on, s.deflate.takeover, s.deflate.bits
	if c.WindowBits == 0 {
		c.WindowBits = 15
	}
	return c
}

// overHTTP2 is the name of a command for the version of HTTP that p uses.
func (p *program) overHTTP2(do string) string {
	if p.http2 {
		return do + "HTTP2"
	}
	return do
}

func (p *program) Dial(t *testing.T, url string, s settings) (end, error) {
	e := p.newEnd(t, opening(command{Do: p.overHTTP2("dial"), URL: url}, s))
	r := e.awaitOpening(t)
	switch r.Event {
	case "open":
		e.subprotocol = r.Subprotocol
		return e, nil
	case "refused":
		return nil, refused(r.Status)
	}
	return nil, errors.New(r.Error)
}

func (p *program) Listen(t *testing.T, s settings) (string, <-chan end) {
	e := p.newEnd(t, opening(command{Do: p.overHTTP2("listen")}, s))
	listening := e.awaitOpening(t)
	accepted := make(chan end, 1)
	go func() {
		select {
		case r := <-e.opening:
			e.subprotocol = r.Subprotocol
			accepted <- e
		case <-t.Context().Done():
		}
	}()
	return listening.URL, accepted
}

// programEnd is a connection of a program.
type programEnd struct {
	program     *program
	id          int
	subprotocol string
	opening     chan report // listening, open, refused, failed
	inbox
}

func (e *programEnd) awaitOpening(t *testing.T) report {
	t.Helper()
	select {
	case r := <-e.opening:
		return r
	case <-time.After(patience):
		t.Fatalf("the program has not answered in %v", patience)
		panic("not reached")
	}
}

func (e *programEnd) report(r report) {
	switch r.Event {
	case "message":
		op := websocket.OpBinary
		if r.Text {
			op = websocket.OpText
		}
		e.received(op, r.Payload)
	case "pong":
		e.pongs <- r.Payload
	case "closed":
		e.ended(websocket.StatusCode(r.Code), r.Reason)
	default:
		e.opening <- r
	}
}

func (e *programEnd) Subprotocol() string { return e.subprotocol }

func (e *programEnd) Send(op websocket.Opcode, parts ...[]byte) error {
	return e.program.do(command{ID: e.id, Do: "send", Text: op == websocket.OpText, Parts: parts})
}

func (e *programEnd) Ping(ctx context.Context) error {
	payload := []byte("from a program")
	if err := e.program.do(command{ID: e.id, Do: "ping", Parts: [][]byte{payload}}); err != nil {
		return err
	}
	return e.awaitPong(ctx, payload)
}

func (e *programEnd) Close(code websocket.StatusCode, reason string) error {
	return e.program.do(command{ID: e.id, Do: "close", Code: int(code), Reason: reason})
}

// need skips the test if something is missing, or fails it if that must not be.
func need(t *testing.T, err error, install string) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%v: install it with %s", err, install)
	default:
		t.Skipf("%v: install it with %s", err, install)
	}
}
