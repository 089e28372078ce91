package fuzz

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// FuzzRoundTrip: what an application sends by whatever calls, in whatever order, is on
// the wire as legal frames in that order, and what another Conn receives is the same,
// however it is cut and in whichever form it is read.
func FuzzRoundTrip(f *testing.F) {
	for i, code := range []string{
		"\x00\x01\x05hello\x00" + "\x01\x00\x03\xFF\xFE\xFD\x00" + "\x02\x01\x02ab\x00" + "\x03" + "\x07" + "\x00\x01\x00\x00",
		"\x04\x01\x20abcdefghijklmnopqrstuvwxyz012345\xFF" + "\x05\x02\x01\x03abc\x00\x00\x02xy\x90\x01\x01z\x00" + "\x03",
		"\x06\x01\x3F" + string(wstest.TextPayload(63)) + "\xFF\xFF\x40\x10\x10\x01\x01" + "\x02\x01\x3F" + string(wstest.TextPayload(63)) + "\xFF",
		"\x06\x00\x3F" + string(wstest.BinaryPayload(63)) + "\xC0\x00\x00\xFF\xFF" + "\x00\x00\x01a\xFF" + "\x07\x07",
		"\x00\x00\x01a\x85\x00\x00\x01a\x86\x00\x00\x3F" + string(wstest.BinaryPayload(63)) + "\xFF\x01\x00\x3F" + string(wstest.BinaryPayload(63)) + "\xB3",
	} {
		for form := range len(forms) {
			f.Add([]byte(code), uint16(setting(form)<<formShift|setting(i+form)&(compressed|noTakeover|smallWindow|compressesAll|early)), byte(i+form), uint16(1000), uint16(i*i))
		}
	}
	letters := "\x3F" + string(wstest.TextPayload(63)) + "\x80"
	for how := range byte(2) { // a message prepared, between others that refer to it
		f.Add([]byte("\x00\x01"+letters+"\x04\x01"+letters+"\x00\x01"+letters+"\x05\x00\x01"+letters+"\x00\x01"+letters), uint16(compressed|compressesAll), how, uint16(1000), uint16(1))
	}
	f.Fuzz(func(t *testing.T, code []byte, options uint16, how byte, first, then uint16) {
		s := setting(options) &^ smallLimit
		role := codec.Role(how & 1)
		lent := pool.Lent()
		var sent []byte
		a := author{program: program{code: code, room: largeLimit}, overflow: websocket.Overflow(how >> 1 % 4)}
		synctest.Test(t, func(t *testing.T) {
			a.t = t
			sent = a.write(role, s)
		})
		if got := framesOf(t, sent, role, s.terms()); !slices.EqualFunc(got, a.sent, wstest.Event.Equal) {
			t.Fatalf("what was written is on the wire as\n %v\nwant\n %v", got, a.sent)
		}
		want := expect(sent, role.Peer(), s.terms())
		if messages := slices.DeleteFunc(a.sent, isControl); !slices.EqualFunc(want.messages, messages, wstest.Event.Equal) {
			t.Fatalf("what was written is received as\n %v\nwant\n %v", want.messages, messages)
		}
		synctest.Test(t, func(t *testing.T) {
			play(t, sent, role.Peer(), s, &want, int(first)+1, int(then)+1)
		})
		if left := pool.Lent() - lent; left != 0 {
			t.Fatalf("%d buffers are left", left)
		}
	})
}

func isControl(e wstest.Event) bool { return e.Opcode.IsControl() }

// author is an application that writes what a program says, and all of it rightly.
type author struct {
	t *testing.T
	program
	overflow websocket.Overflow
	c        *websocket.Conn
	pings    int
	written  []byte         // the message that the next call is given
	sent     []wstest.Event // what has to be on the wire
}

func (a *author) message() (websocket.Opcode, []byte) {
	op, p := a.program.message()
	a.written = bytes.Clone(p)
	return op, p
}

// write runs the program on a Conn in that role, ends with the closing handshake, and
// returns what was sent.
func (a *author) write(role codec.Role, s setting) []byte {
	answer := wstest.Close(codec.StatusNormalClosure, "")
	in := answer.Append(nil)
	if role == codec.Server {
		in = answer.AppendMasked(nil, wstest.RFCKey)
	}
	w := newWire(in, s.has(stays), 0, len(in))
	options := s.options()
	options.Overflow = a.overflow
	a.c = testkit.NewConn(w, role, s.handshake(), options)
	for calls := 0; calls < 40 && !a.done(); calls++ {
		a.call()
		synctest.Wait() // with some policies a goroutine sends: it may take its time, and they drop
	}
	code, reason := codec.StatusCode(1000+int(a.byte()%4)), string(wstest.TextPayload(int(a.byte())))
	if !code.Sendable() {
		code = codec.StatusGoingAway
	}
	if err := a.c.Close(code, reason); err != nil {
		a.t.Fatalf("Close(%d, %q): %v, and the peer has answered", code, reason, err)
	}
	a.sent = append(a.sent, closeEvent(code, reason))
	a.c.CloseNow()
	synctest.Wait()
	return w.sent
}

// call does the next call of the program.
func (a *author) call() {
	ctx := context.Background()
	switch a.byte() % 8 {
	case 0:
		op, p := a.message()
		a.wrote("Write", a.c.Write(ctx, op, p), op, p)
	case 1:
		op, p := a.message()
		a.wrote("WriteUncompressed", a.c.WriteUncompressed(ctx, op, p), op, p)
	case 2:
		op, p := a.message()
		a.wrote("Queue", a.c.Queue(ctx, op, p), op, p)
	case 3:
		if err := a.c.Flush(ctx); err != nil || a.c.Pending() != 0 {
			a.t.Fatalf("Flush: %v, and then %d bytes are pending", err, a.c.Pending())
		}
	case 4:
		m, op, p := a.prepared()
		a.wrote("WritePrepared", a.c.WritePrepared(ctx, m), op, p)
	case 5:
		a.offer()
	case 6:
		a.stream()
	case 7:
		a.ping()
	}
}

// wrote notes a message that a call has taken.
func (a *author) wrote(call string, err error, op websocket.Opcode, p []byte) {
	a.t.Helper()
	if err != nil {
		a.t.Fatalf("%s(%v, %d bytes): %v", call, op, len(p), err)
	}
	if !bytes.Equal(p, a.written) {
		a.t.Fatalf("%s changes the message from % x to % x", call, a.written, p)
	}
	clear(p) // it was not retained
	a.sent = append(a.sent, wstest.Event{Opcode: op, Payload: a.written})
}

func (a *author) prepared() (*websocket.Prepared, websocket.Opcode, []byte) {
	op, p := a.message()
	m, err := websocket.Prepare(op, p)
	if err != nil || m.Size() != len(p) {
		a.t.Fatalf("Prepare(%v, %d bytes) = %d bytes, %v", op, len(p), m.Size(), err)
	}
	return m, op, p
}

// offer calls TryWritePrepared with a few messages, some of them twice, until all are
// taken.
func (a *author) offer() {
	var ms []*websocket.Prepared
	var events []wstest.Event
	for range 1 + a.byte()%3 {
		m, op, p := a.prepared()
		ms = append(ms, m, m)
		clear(p)
		events = append(events, wstest.Event{Opcode: op, Payload: a.written}, wstest.Event{Opcode: op, Payload: a.written})
	}
	for len(ms) > 0 {
		n, err := a.c.TryWritePrepared(ms...)
		if n == 0 || err != nil {
			a.t.Fatalf("TryWritePrepared of %d messages takes %d: %v", len(ms), n, err)
		}
		a.sent = append(a.sent, events[:n]...)
		ms, events = ms[n:], events[n:]
		synctest.Wait()
	}
}

// stream writes a message with Writer, and perhaps a Ping between its pieces.
func (a *author) stream() {
	op, p := a.message()
	s, err := a.c.Writer(context.Background(), op)
	if err != nil {
		a.t.Fatalf("Writer: %v", err)
	}
	for _, piece := range a.pieces(p) {
		if n, err := s.Write(piece); n != len(piece) || err != nil {
			a.t.Fatalf("Write of %d bytes to a stream = %d, %v", len(piece), n, err)
		}
		synctest.Wait()
		if len(piece) == 1 {
			a.ping()
		}
	}
	a.wrote("Close of a stream", s.Close(), op, p)
	if _, err := io.WriteString(s, "x"); err == nil {
		a.t.Fatal("a stream that was closed takes more")
	}
}

// ping sends a Ping and does not wait for its Pong.
func (a *author) ping() {
	if a.pings++; a.pings > flood {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 1)
	defer cancel()
	if _, err := a.c.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		a.t.Fatalf("Ping with a context that ends: %v", err)
	}
	number := [8]byte{7: byte(a.pings)}
	a.sent = append(a.sent, wstest.Event{Opcode: codec.OpPing, Payload: number[:]})
}
