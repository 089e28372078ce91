package fuzz

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// FuzzServerConn: whatever a client sends, however it is cut, and in whichever form
// the application reads, it gets the messages that a model finds in it, and the error
// that ends them; what it is sent are legal frames, its Pongs and echoes, and one
// Close frame that says what was wrong, the last frame; and nothing is left, neither
// a goroutine nor a buffer.
func FuzzServerConn(f *testing.F) { fuzzConn(f, codec.Server) }

// FuzzClientConn is FuzzServerConn for what a server sends to a client.
func FuzzClientConn(f *testing.F) { fuzzConn(f, codec.Client) }

func fuzzConn(f *testing.F, role codec.Role) {
	for i, stream := range streams(role) {
		f.Add(stream, uint16(setting(i%len(forms))<<formShift|setting(i)&stays), uint16(1000), uint16(100))
		f.Add(stream, uint16(setting(i%len(forms))<<formShift|echoing|early|compressed|setting(i)&(smallLimit|noTakeover)), uint16(0), uint16(2))
	}
	f.Fuzz(func(t *testing.T, stream []byte, options, first, then uint16) {
		if len(stream) > 32<<10 {
			return
		}
		s := setting(options)
		want := expect(stream, role, s.terms())
		lent := pool.Lent()
		synctest.Test(t, func(t *testing.T) {
			play(t, stream, role, s, &want, int(first)+1, int(then)+1)
		})
		if left := pool.Lent() - lent; left != 0 {
			t.Fatalf("%d buffers are left", left)
		}
	})
}

// streams are what a peer may send to role, a bit of everything.
func streams(role codec.Role) (all [][]byte) {
	wire := func(frames ...wstest.Frame) (b []byte) {
		for _, f := range frames {
			if role == codec.Server {
				b = f.AppendMasked(b, wstest.RFCKey)
			} else {
				b = f.Append(b)
			}
		}
		return b
	}
	for i, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7") {
		if b := c.Bytes(role == codec.Server); len(b) < 1000 && i%3 == 0 {
			all = append(all, b)
		}
	}
	for i, v := range wstest.DeflateVectors {
		if b := wire(v.Frames...); len(b) < 1000 && i%3 == 0 {
			all = append(all, b, wire(v.Split(3)...))
		}
	}
	zeros := wstest.CompressedFrames(codec.OpBinary, wstest.Bomb(50_000), 100)
	return append(all,
		wire(wstest.Text("Grüße"), wstest.Ping("1"), wstest.Binary([]byte{0xFF}), wstest.Close(1001, "bye")),
		wire(wstest.Text("Gr\xC3").More(), wstest.Ping("inside"), wstest.Continuation("\xBCße"), wstest.CloseBody("")),
		wire(zeros...),
		wire(slices.Repeat([]wstest.Frame{wstest.Pong("")}, flood+1)...),
		wire(wstest.Text(string(wstest.TextPayload(5000))), wstest.Text("x").More()),
	)
}

// play gives a Conn the stream and its application the messages, and checks all that
// comes of it.
func play(t *testing.T, stream []byte, role codec.Role, s setting, want *course, sizes ...int) {
	var begin []byte
	if s.has(early) {
		begin = stream[:min(len(stream), sizes[0])]
	}
	w := newWire(stream[len(begin):], s.has(stays), s.form().pause, sizes...)
	defer w.wait()
	ended := 0
	options := s.options()
	options.Hooks.Closed = func(_ *websocket.Conn, err error) {
		ended++
		want.wantError(t, err, s)
	}
	h := s.handshake()
	h.Early = begin
	c := testkit.NewConn(w, role, h, options)
	c.AfterClose(func() { ended++ })
	live(t, c, s.terms(), want)
	want.wantSent(t, w.sent, role, s.terms())
	if ended != 2 {
		t.Fatalf("Hooks.Closed and AfterClose were called %d times, want once each", ended)
	}
}

// live gives an application the messages that come on c until it ends.
func live(t *testing.T, c *websocket.Conn, agreed terms, want *course) {
	a := application{t: t, want: want, echoes: agreed.echoes()}
	err := agreed.form().read(&a, c)
	want.wantError(t, err, agreed.setting)
	if a.received != len(want.messages) {
		t.Fatalf("%d messages came, want %d", a.received, len(want.messages))
	}
	wantOver(t, c, err)
}

// wantOver checks that a Conn on which reading ended with err says so ever after.
func wantOver(t *testing.T, c *websocket.Conn, err error) {
	t.Helper()
	if _, _, again := c.Read(context.Background()); again != err && again != websocket.ErrClosed && !errors.Is(again, websocket.ErrHandlerReads) {
		t.Fatalf("Read after %v says %v", err, again)
	}
	if err := c.Write(context.Background(), websocket.OpText, nil); !errors.Is(err, websocket.ErrClosed) {
		t.Fatalf("Write to a connection that has ended: %v, want ErrClosed", err)
	}
	if err := c.CloseNow(); err != nil {
		t.Fatalf("CloseNow: %v", err)
	}
}

// application is who uses a Conn that is fuzzed.
type application struct {
	t        *testing.T
	want     *course
	echoes   int // so many messages are sent back
	received int // messages
}

// next returns the message that has to come, or fails if none has.
func (a *application) next() wstest.Event {
	a.t.Helper()
	if a.received == len(a.want.messages) {
		a.t.Fatalf("a message came behind the last of %d", a.received)
	}
	a.received++
	return a.want.messages[a.received-1]
}

// take checks a message that has come, and sends it back.
func (a *application) take(c *websocket.Conn, op websocket.Opcode, p []byte) {
	a.t.Helper()
	want := a.next()
	if op != want.Opcode || !bytes.Equal(p, want.Payload) {
		a.t.Fatalf("message %d is %v, want %v", a.received, wstest.Event{Opcode: op, Payload: p}, want)
	}
	if a.received <= a.echoes {
		if err := c.Write(context.Background(), op, p); err != nil {
			a.t.Fatalf("Write of message %d: %v", a.received, err)
		}
	}
	clear(p) // it may be changed
}

// form is a way to use a Conn.
type form struct {
	read      func(a *application, c *websocket.Conn) error // until it ends
	pause     time.Duration                                 // between the pieces that come
	takesTime bool                                          // between reads
	silent    bool                                          // sends nothing back
}

// forms are all there are.
var forms = []form{
	{read: (*application).read},
	{read: (*application).serve},
	{read: (*application).stream},
	{read: (*application).mix, silent: true},
	{read: (*application).dawdle, takesTime: true, silent: true},
	{read: (*application).hurry, takesTime: true, pause: 10 * time.Microsecond},
	{read: (*application).serve, takesTime: true, pause: 300 * time.Microsecond},
}

// read reads with Read.
func (a *application) read(c *websocket.Conn) error {
	for {
		op, p, err := c.Read(context.Background())
		if err != nil {
			return err
		}
		a.take(c, op, p)
	}
}

// serve has the messages come to a Handler.
func (a *application) serve(c *websocket.Conn) error {
	h := &handler{a: a}
	err := c.Serve(h)
	if h.opened != 1 || h.closed != 1 || h.err != err {
		a.t.Fatalf("Open was called %d times, Close %d times, with %v; Serve returns %v", h.opened, h.closed, h.err, err)
	}
	return err
}

type handler struct {
	a              *application
	opened, closed int
	err            error
}

func (h *handler) Open(*websocket.Conn) { h.opened++ }

func (h *handler) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	h.a.t.Helper()
	h.a.take(c, op, p)
}

func (h *handler) Close(_ *websocket.Conn, err error) { h.closed, h.err = h.closed+1, err }

// stream reads with Reader.
func (a *application) stream(c *websocket.Conn) error {
	for {
		op, r, err := c.Reader(context.Background())
		if err != nil {
			return err
		}
		p, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		a.take(c, op, p)
	}
}

// mix reads in all ways in turn, and does not read every third message to its end.
func (a *application) mix(c *websocket.Conn) error {
	ctx := context.Background()
	for turn := 0; ; turn++ {
		var op websocket.Opcode
		var p []byte
		var r io.Reader
		var err error
		switch turn % 3 {
		case 0:
			op, p, err = c.ReadAppend(ctx, []byte("dst"))
			p = bytes.TrimPrefix(p, []byte("dst"))
		case 1:
			op, p, err = c.Read(ctx)
		case 2:
			if op, r, err = c.Reader(ctx); err == nil {
				p = make([]byte, turn%40)
				n, err := io.ReadFull(r, p)
				if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
					return err
				}
				a.skip(op, p[:n])
				continue
			}
		}
		if err != nil {
			return err
		}
		a.take(c, op, p)
	}
}

// skip checks the begin of a message, which may be one that does not end.
func (a *application) skip(op websocket.Opcode, begin []byte) {
	a.t.Helper()
	if a.received == len(a.want.messages) {
		return
	}
	if want := a.next(); op != want.Opcode || !bytes.HasPrefix(want.Payload, begin) {
		a.t.Fatalf("message %d begins %v, want %v", a.received, wstest.Event{Opcode: op, Payload: begin}, want)
	}
}

// dawdle reads with Read, and uses a message for so long that the library reads in its
// place meanwhile.
func (a *application) dawdle(c *websocket.Conn) error {
	for {
		op, p, err := c.Read(context.Background())
		if err != nil {
			return err
		}
		if a.received < 10 {
			time.Sleep(1500 * time.Millisecond)
		}
		a.take(c, op, p)
	}
}

// hurry reads with contexts that end soon, in the middle of frames.
func (a *application) hurry(c *websocket.Conn) error {
	for attempt := 0; ; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), 25*time.Microsecond)
		if attempt > 200 {
			ctx = context.Background()
		}
		op, p, err := c.Read(ctx)
		cancel()
		switch {
		case err == nil:
			a.take(c, op, p)
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
	}
}
