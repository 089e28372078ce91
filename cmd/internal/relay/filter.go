package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket/cmd/internal/bridge"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// filter is a program that decides what becomes of messages. It reads a JSON object per
// line for each message, and writes one with the same id for each.
type filter struct {
	program *bridge.Stream
	ended   chan struct{}           // closed when the program has ended
	cancel  context.CancelCauseFunc // called before, with the reason

	mu      sync.Mutex
	last    int64                  // id
	waiting map[int64]chan verdict // for the program's answer
	open    map[int]*connection    // by number
}

// question is a line for the program: a message, or that a connection begins or ends.
type question struct {
	ID         int64  `json:"id,omitempty"` // of a message
	Connection int    `json:"connection"`
	From       string `json:"from,omitempty"` // "client" or "server"
	content
	Event string `json:"event,omitempty"` // "open" or "close"
	Path  string `json:"path,omitempty"`  // what the client has asked for
}

// content is the payload of a text or binary message.
type content struct {
	Text   *string `json:"text,omitempty"`
	Base64 *[]byte `json:"base64,omitempty"` // also text that is not UTF-8
}

// verdict is a line of the program: what becomes of the message with an id, or a message
// of its own for an end of a connection.
type verdict struct {
	ID    int64   `json:"id"`
	Drop  bool    `json:"drop"`
	Delay float64 `json:"delay"` // seconds; what the same end sends later waits, too
	content

	Connection int    `json:"connection"`
	To         string `json:"to"` // "client" or "server"
}

// startFilter starts a program, which a shell finds. Its errors go to standard error.
// When it ends, cancel is called with the reason.
func startFilter(command string, cancel context.CancelCauseFunc) (*filter, error) {
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/c"
	}
	program, err := bridge.Start([]string{shell, flag, command})
	if err != nil {
		return nil, err
	}
	f := &filter{
		program: program,
		ended:   make(chan struct{}),
		cancel:  cancel,
		waiting: map[int64]chan verdict{},
		open:    map[int]*connection{},
	}
	go f.read(json.NewDecoder(program.In))
	return f, nil
}

// stop ends the program, and waits until it has ended.
func (f *filter) stop() {
	f.program.Out.Close()
	defer time.AfterFunc(stopTimeout, func() { f.program.Kill() }).Stop()
	<-f.ended
}

// read takes the lines of the program.
func (f *filter) read(lines *json.Decoder) {
	var err error
	for {
		var v verdict
		if err = lines.Decode(&v); err != nil {
			break
		}
		f.mu.Lock()
		answered, c := f.waiting[v.ID], f.open[v.Connection]
		delete(f.waiting, v.ID)
		f.mu.Unlock()
		switch {
		case answered != nil:
			answered <- v
		case c != nil && v.ID == 0:
			select {
			case c.injected <- v:
			default:
				c.client.Close() // an end has not taken many messages
			}
		}
	}
	if err == io.EOF {
		err = f.program.End()
	} else {
		err = fmt.Errorf("a line that is not as it should be: %w", err)
		f.program.Kill()
		f.program.End()
	}
	f.cancel(errors.Join(errors.New("the filter has ended"), err))
	close(f.ended)
}

// tell writes a line to the program.
func (f *filter) tell(q question) {
	f.mu.Lock()
	defer f.mu.Unlock()
	json.NewEncoder(f.program.Out).Encode(q) // if it fails, the program has ended
}

// note reports to the program that a connection begins ("open") or ends ("close").
func (f *filter) note(c *connection, event, path string) {
	f.mu.Lock()
	if event == "open" {
		f.open[c.number] = c
	} else {
		delete(f.open, c.number)
	}
	f.mu.Unlock()
	f.tell(question{Connection: c.number, Event: event, Path: path})
}

// errFiltered reports that a message has to be left out because nothing decides about it.
var errFiltered = errors.New("the filter has not answered")

// ask returns the program's verdict on a message, after the delay that it wants. It
// returns errFiltered if ctx has ended, as it does with the program.
func (f *filter) ask(ctx context.Context, number int, from codec.Role, op codec.Opcode, payload []byte) (verdict, error) {
	answer := make(chan verdict, 1)
	f.mu.Lock()
	f.last++
	id := f.last
	f.waiting[id] = answer
	f.mu.Unlock()
	f.tell(question{ID: id, Connection: number, From: from.String(), content: contentOf(op, payload)})
	select {
	case v := <-answer:
		select {
		case <-time.After(time.Duration(v.Delay * float64(time.Second))):
			return v, nil
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return verdict{}, errFiltered
}

func contentOf(op codec.Opcode, payload []byte) content {
	if op == codec.OpText && utf8.Valid(payload) {
		text := string(payload)
		return content{Text: &text}
	}
	return content{Base64: &payload}
}

// message returns what the program has written in place of a message; ok is false if it
// has written nothing.
func (c *content) message() (op codec.Opcode, payload []byte, ok bool) {
	switch {
	case c.Text != nil:
		return codec.OpText, []byte(*c.Text), true
	case c.Base64 != nil:
		return codec.OpBinary, *c.Base64, true
	}
	return 0, nil, false
}

// maxSifted is how long a message may be that a filter sees, in bytes.
const maxSifted = 64 << 20

var errSifted = errors.New("a message is too long for the filter")

// sift has the filter decide about the message that a piece ends, if it does. Control
// frames pass as they are.
func (p *pump) sift(piece trace.Piece) {
	h := piece.Header
	payload := &p.message
	if h.Opcode.IsControl() {
		payload = &p.control
	} else if h.Opcode.IsData() {
		p.op = h.Opcode
	}
	from := len(*payload)
	if from+len(piece.Payload) > maxSifted {
		p.sending.Lock()
		defer p.sending.Unlock()
		p.lose(errSifted)
		return
	}
	*payload = append(*payload, piece.Payload...)
	codec.Mask((*payload)[from:], h.Key, int(piece.Pos&3))
	switch {
	case !piece.End:
	case h.Opcode.IsControl():
		p.send(h.Opcode, p.control)
		p.control = p.control[:0]
	case h.Fin:
		p.decide()
		p.message = nil
	}
}

// decide asks the filter about the message, and does what it says.
func (p *pump) decide() {
	v, err := p.conn.proxy.filter.ask(p.conn.ctx, p.conn.number, p.from, p.op, p.message)
	switch op, payload, changed := v.message(); {
	case err != nil || v.Drop:
	case changed:
		p.send(op, payload)
	default:
		p.send(p.op, p.message)
	}
}

// send writes a frame to dst, unless a Close frame has been written there.
func (p *pump) send(op codec.Opcode, payload []byte) {
	b := wholeFrame(p.from, op, payload)
	p.sending.Lock()
	defer p.sending.Unlock()
	if !p.silent {
		p.silent = op == codec.OpClose
		p.write(b)
	}
}

// maxInjected is how many messages of the filter's may wait for an end that is slow to
// take them.
const maxInjected = 1024

// inject sends the filter's own messages to the ends until the connection has ended.
func (c *connection) inject() {
	for {
		select {
		case v := <-c.injected:
			op, payload, ok := v.message()
			switch {
			case !ok:
			case v.To == "client":
				c.pumps[codec.Server].send(op, payload)
			case v.To == "server":
				c.pumps[codec.Client].send(op, payload)
			}
		case <-c.ctx.Done():
			return
		}
	}
}
