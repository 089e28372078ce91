package fuzz

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// FuzzAPI: whatever is passed to a Conn, with whatever Options and by whichever
// goroutines at once, what it puts on the wire are legal frames, of messages that
// somebody wrote, whole and no more often than they were written; a call that is not
// legal is an error and sends nothing; and nothing is left.
//
// One thing a Conn takes its caller's word for: that text is UTF-8.
func FuzzAPI(f *testing.F) {
	for i, code := range []string{
		"\x00\x01\x00\x05hello\x00" + "\x00\x07\x00\x05hello\x00" + "\x01\x08\x00\x00\x00" + "\x02\x02\x01\x03abc\x00" + "\x03\x00",
		"\x04\x01\x05hello\x00\x00\x00" + "\x04\x09\x05hello\x00\x00\x01" + "\x05\x01\x00\x20" + string(wstest.TextPayload(32)) + "\xFF\xFF\x40\x00",
		"\x05\x02\x00\x3F" + string(wstest.BinaryPayload(63)) + "\xFE\xFF\xFF\x01" + "\x05\x01\x00\x01a\x00\x00\x02" + "\x00\x01\x01\x01b\x00",
		"\x06\x00" + "\x07\x00\x03\xE8\x03bye" + "\x00\x01\x00\x01a\x00" + "\x07\x00\x03\xED\x00" + "\x07\x00\x03\xE8\x02\xFF\xFF",
		"\x08\x07" + "\x09\x00" + "\x00\x02\x00\x01a\x00",
		"\x00\x02\x00\x3F" + string(wstest.BinaryPayload(63)) + "\xFF" + "\x00\x02\x00\x3F" + string(wstest.BinaryPayload(63)) + "\xF0\x09\x00\x07\x00\x0B\xB8\x00",
	} {
		for how := range 4 {
			f.Add([]byte(code), []byte{byte(i*how + how), byte(how), 3, 0x80, byte(i), 4, 9, 2}, "permessage-deflate; server_max_window_bits=9")
			f.Add([]byte(code), []byte{byte(how), byte(how + 4), byte(i)}, "")
		}
	}
	letters := "\x3F" + string(wstest.TextPayload(63))
	slow := "\x00\x00\x02" + letters + "\xFE" + "\x05\x00\x02" + letters + "\xD0\xFF\xFF\x00" + strings.Repeat("\x00\x00\x01"+letters+"\x81"+"\x06\x02", 5)
	for overflow := range byte(5) { // a peer that takes little, and more than may wait for it
		f.Add([]byte(slow), []byte{2, overflow, 1}, "")
		f.Add([]byte(slow), []byte{3, overflow, 100}, "permessage-deflate")
	}
	f.Fuzz(func(t *testing.T, code, options []byte, agreed string) {
		lent := pool.Lent()
		synctest.Test(t, func(t *testing.T) { misuse(t, code, program{code: options}, agreed) })
		if left := pool.Lent() - lent; left != 0 {
			t.Fatalf("%d buffers are left", left)
		}
	})
}

// misuse has up to three goroutines do what code says to one Conn.
func misuse(t *testing.T, code []byte, options program, agreed string) {
	how := options.byte()
	role := codec.Role(how & 1)
	var in []byte
	for _, frame := range []wstest.Frame{wstest.Ping("1"), wstest.Ping("2"), wstest.Text("text"), wstest.Ping("3")} {
		if role == codec.Server {
			in = frame.AppendMasked(in, wstest.RFCKey)
		} else {
			in = frame.Append(in)
		}
	}
	w := newWire(in, true, 0, 3)
	w.slow = time.Duration(how>>1&1) * time.Millisecond
	o := anyOptions(&options, agreed)
	u := &user{t: t, known: map[uint32]*written{}, closings: map[codec.StatusCode]bool{}}
	o.Hooks.Closed = func(*websocket.Conn, error) { u.cut.Store(true) }
	c, err := websocket.NewConn(w, role, websocket.Handshake{Extensions: agreed}, o)
	if errors.Is(err, websocket.ErrOptions) {
		makeValid(o)
		c, err = websocket.NewConn(w, role, websocket.Handshake{Extensions: agreed}, o)
	}
	if err != nil {
		c = testkit.NewConn(w, role, websocket.Handshake{}, o) // a handshake that is not valid: none
	}
	u.c = c
	agreed = u.c.Extensions()

	var all sync.WaitGroup
	switch how >> 2 & 3 {
	case 1:
		all.Go(func() {
			for range u.c.Messages(context.Background()) {
			}
		})
	case 2:
		all.Go(func() { u.c.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {})) })
	}
	users := 1 + int(how>>4)%3
	for i := range users {
		part := code[i*len(code)/users : (i+1)*len(code)/users]
		all.Go(func() { u.run(&program{code: part, room: 80_000}) })
	}
	time.Sleep(20 * time.Second)
	flushed, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if u.c.Flush(flushed) != nil {
		u.cut.Store(true)
	}
	whole := o.Overflow == websocket.Block && !u.cut.Load()
	u.c.CloseNow()
	all.Wait()
	for _, s := range u.streams {
		s.Close() // gives its buffer back
	}
	time.Sleep(time.Minute) // whoever sleeps wakes up and ends
	u.wantLegal(w.sent, role, agreed, whole)
}

// anyOptions returns Options as a caller may set them, rightly or wrongly.
func anyOptions(p *program, agreed string) *websocket.Options {
	small := func() int { return int(int8(p.byte())) }
	limit := func() time.Duration {
		return [...]time.Duration{0, -1, 700 * time.Millisecond, 3 * time.Second}[p.byte()%4]
	}
	o := &websocket.Options{
		Overflow:         websocket.Overflow(p.byte() % 5), // the last one is none
		MaxPending:       100 * small(),
		MaxMessage:       int64(small()),
		MaxControlFrames: small(),
		MessageTimeout:   limit(),
		IdleTimeout:      limit(),
		PingInterval:     limit(),
		PongTimeout:      limit(),
		WriteTimeout:     limit(),
		CloseTimeout:     limit(),
		FlushDelay:       limit(),
	}
	if agreed != "" {
		o.Compression = &websocket.Compression{
			Takeover:   p.byte()%2 == 0,
			Level:      small(),
			WindowBits: small(),
			Threshold:  small(),
		}
	}
	return o
}

// makeValid replaces the values of anyOptions that have no meaning by the nearest ones that
// have one.
func makeValid(o *websocket.Options) {
	o.Overflow = min(o.Overflow, websocket.Disconnect)
	if z := o.Compression; z != nil {
		z.Level = min(max(z.Level, 0), 9)
		z.WindowBits = min(max(z.WindowBits, 8), 15)
	}
}

// user is who uses a Conn without having read its documentation.
type user struct {
	t   *testing.T
	c   *websocket.Conn
	cut atomic.Bool // what is pending may have been lost

	mu       sync.Mutex
	known    map[uint32]*written // by the number in its first bytes
	closings map[codec.StatusCode]bool
	streams  []io.Closer
}

// written is a message that somebody has passed to the Conn.
type written struct {
	op      websocket.Opcode
	payload []byte
	calls   int // that may have sent it
	taken   int // of them, those that said so
	seen    int // on the wire
}

// message returns a message that is told from all others.
func (u *user) message(op websocket.Opcode, p *program) *written {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := uint32(len(u.known))
	m := &written{op: op, payload: append(binary.BigEndian.AppendUint32(nil, n), p.payload()...)}
	u.known[n] = m
	return m
}

// wrote notes what came of a call that was to send m, for times times.
func (u *user) wrote(m *written, err error, times int) {
	u.t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	wrong := !m.op.IsData()
	if wrong != errors.Is(err, websocket.ErrMessageType) {
		u.t.Errorf("a message of type %d: %v", m.op, err)
	}
	if wrong || errors.Is(err, websocket.ErrOverflow) {
		return
	}
	m.calls += times
	if err == nil {
		m.taken += times
	} else if !documented(err) {
		u.t.Errorf("a call that sends says %v", err)
	}
}

// documented reports whether a call that sends may return err.
func documented(err error) bool {
	for _, target := range []error{context.Canceled, context.DeadlineExceeded, websocket.ErrClosed, websocket.ErrTimeout, websocket.ErrOverflow} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// run makes the calls of a program.
func (u *user) run(p *program) {
	for calls := 0; calls < 40 && !p.done(); calls++ {
		call := p.byte() % 10
		ctx, cancel := context.WithTimeout(context.Background(), [...]time.Duration{time.Second, time.Millisecond, -1, 100 * time.Microsecond}[p.byte()%4])
		u.call(ctx, call, p)
		cancel()
	}
}

func (u *user) call(ctx context.Context, call byte, p *program) {
	c := u.c
	switch call {
	case 0:
		m := u.message(websocket.Opcode(p.byte()), p)
		u.wrote(m, c.Write(ctx, m.op, bytes.Clone(m.payload)), 1)
	case 1:
		m := u.message(websocket.Opcode(p.byte()), p)
		u.wrote(m, c.WriteUncompressed(ctx, m.op, bytes.Clone(m.payload)), 1)
	case 2:
		m := u.message(websocket.Opcode(p.byte()), p)
		u.wrote(m, c.Queue(ctx, m.op, bytes.Clone(m.payload)), 1)
	case 3:
		if err := c.Flush(ctx); err != nil && !documented(err) {
			u.t.Errorf("Flush: %v", err)
		}
	case 4:
		u.prepare(ctx, p)
	case 5:
		u.stream(ctx, p)
	case 6:
		if _, err := c.Ping(ctx); err == nil || !documented(err) {
			u.t.Errorf("Ping of a peer that does not answer: %v", err)
		}
	case 7:
		u.close(p)
	case 8:
		c.Read(ctx)
		c.AfterClose(func() {})
		if p.byte() == 7 {
			u.cut.Store(true)
			c.CloseNow()
		}
	case 9:
		time.Sleep(time.Duration(p.byte()) * time.Millisecond)
	}
}

// prepare writes a message twice that was prepared once.
func (u *user) prepare(ctx context.Context, p *program) {
	m := u.message(websocket.Opcode(p.byte()), p)
	prepared, err := websocket.Prepare(m.op, bytes.Clone(m.payload))
	if err != nil {
		u.wrote(m, err, 0)
		return
	}
	u.wrote(m, u.c.WritePrepared(ctx, prepared), 1)
	n, err := u.c.TryWritePrepared(prepared, prepared, prepared)
	if u.wrote(m, nil, n); err != nil && !documented(err) {
		u.t.Errorf("TryWritePrepared: %v", err)
	}
}

// stream writes a message as a stream, and perhaps goes on after its end, or forgets
// to end it.
func (u *user) stream(ctx context.Context, p *program) {
	m := u.message(websocket.Opcode(p.byte()), p)
	s, err := u.c.Writer(ctx, m.op)
	if err != nil {
		u.wrote(m, err, 1)
		return
	}
	for _, piece := range p.pieces(bytes.Clone(m.payload)) {
		if n, err := s.Write(piece); err == nil && n != len(piece) || err != nil && !documented(err) {
			u.t.Errorf("Write of %d bytes to a stream = %d, %v", len(piece), n, err)
		}
	}
	if p.byte()%4 == 1 {
		u.mu.Lock()
		u.streams = append(u.streams, s)
		u.mu.Unlock()
		u.cut.Store(true) // the message has no end, and others wait for it
		u.wrote(m, context.Canceled, 1)
		return
	}
	u.wrote(m, s.Close(), 1)
	if _, err := s.Write([]byte("x")); err == nil {
		u.t.Error("a stream that was closed takes more")
	}
	if s.Close() == nil {
		u.t.Error("a stream can be closed twice")
	}
}

// close does the closing handshake with whatever code and reason.
func (u *user) close(p *program) {
	code := codec.StatusCode(p.byte())<<8 | codec.StatusCode(p.byte())
	reason := string(p.payload())
	legal := utf8.ValidString(reason) && (code.Sendable() || code == codec.StatusNoStatusReceived && reason == "")
	if legal {
		u.mu.Lock()
		u.closings[code] = true
		u.mu.Unlock()
		u.cut.Store(true) // messages behind it are not sent
	}
	err := u.c.Close(code, reason)
	if _, illegal := errors.AsType[codec.Violation](err); illegal == legal && !u.cut.Load() {
		u.t.Errorf("Close(%d, %q): %v", code, reason, err)
	}
}
