package fuzz

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
)

// setting is what a connection that is fuzzed was agreed on, what it allows, and how
// the application uses it: its bits, and above them the form of reading.
type setting uint16

const (
	compressed    setting = 1 << iota // permessage-deflate
	noTakeover                        // in either direction
	smallWindow                       // of 512 bytes from the server, of 1 KiB from the client
	compressesAll                     // however small it is
	smallLimit                        // of a message, of 200 bytes
	echoing                           // the first messages are sent back
	stays                             // the peer does not close its side
	early                             // the first piece comes with the opening handshake

	formShift = iota
)

const (
	largeLimit = 100_000 // bytes a message, without smallLimit
	mostEchoes = 50
	flood      = 20 // Pings and Pongs that may come at once; one more is too many
)

func (s setting) has(bit setting) bool { return s&bit != 0 }

func (s setting) form() form { return forms[int(s>>formShift)%len(forms)] }

// terms are what two ends have agreed on.
type terms struct {
	setting
	deflates bool
	params   deflate.Params
}

// terms returns what is agreed on where there was no opening handshake.
func (s setting) terms() terms {
	params := deflate.Params{ServerNoContextTakeover: s.has(noTakeover), ClientNoContextTakeover: s.has(noTakeover)}
	if s.has(smallWindow) {
		params.ServerMaxWindowBits, params.ClientMaxWindowBits = 9, 10
	}
	return terms{s, s.has(compressed), params}
}

// window returns how role compresses.
func (a *terms) window(role codec.Role) (takeover bool, bits int) {
	if role == codec.Server {
		return !a.params.ServerNoContextTakeover, int(cmp.Or(a.params.ServerMaxWindowBits, 15))
	}
	return !a.params.ClientNoContextTakeover, int(cmp.Or(a.params.ClientMaxWindowBits, 15))
}

func (a *terms) rsv() uint8 {
	if a.deflates {
		return codec.RSV1
	}
	return 0
}

func (s setting) limit() int {
	if s.has(smallLimit) {
		return 200
	}
	return largeLimit
}

// floods reports whether control frames are counted: where time passes between
// reads, how many come in a second is not ours to say.
func (s setting) floods() bool { return !s.form().takesTime }

// echoes returns how many messages are sent back.
func (s setting) echoes() int {
	if !s.has(echoing) || s.form().silent {
		return 0
	}
	return mostEchoes
}

// handshake returns the result of the opening handshake that there was none of.
func (s setting) handshake() (h websocket.Handshake) {
	if s.has(compressed) {
		h.Extensions = s.terms().params.String()
	}
	return h
}

func (s setting) options() *websocket.Options {
	o := &websocket.Options{MaxMessage: int64(s.limit()), MaxControlFrames: flood / 10}
	if !s.floods() {
		o.MaxControlFrames = -1
	}
	if s.has(compressed) {
		o.Compression = &websocket.Compression{Takeover: true}
		if s.has(compressesAll) {
			o.Compression.Threshold = -1
		}
	}
	return o
}

// course is what a Conn makes of what its peer sends, if each part of it does what
// its own target says: the Decoder finds the frames, the Decompressor inflates, and
// what is left for a Conn to do is said here once more.
type course struct {
	messages []wstest.Event
	sent     []wstest.Event // Pongs, and messages that go back
	err      error          // a codec.Violation, *websocket.CloseError or websocket.ErrControlFlood; nil if the stream ends before
	text     bool           // who inflates piece by piece may find before that the text is not UTF-8
}

// expect returns the course of a Conn in that role which is sent stream.
func expect(stream []byte, role codec.Role, agreed terms) (x course) {
	limit := agreed.limit()
	d := codec.Decoder{Role: role, RSV: agreed.rsv(), MaxMessage: uint64(limit), MaxExtended: uint64(limit + limit/8 + 1024)}
	defer d.Reset()
	z := deflate.Decompressor{MaxMessage: uint64(limit)}
	z.Takeover, z.WindowBits = agreed.window(role.Peer())
	defer z.Reset()
	d.Commit(copy(d.Space(len(stream)), stream))
	var message []byte
	var text codec.UTF8 // of a message that is compressed: the Decoder looks at others
	deflated := false
	for controls := 0; ; {
		f, err := d.Next()
		switch {
		case err == codec.ErrShort:
			return x
		case err != nil:
			x.err = err
			return x
		case f.Opcode == codec.OpClose:
			code, reason, _ := codec.ParseClose(f.Payload)
			x.err = &websocket.CloseError{Code: code, Reason: string(reason)}
			return x
		case f.Opcode.IsControl():
			if controls++; agreed.floods() && controls > flood {
				x.err = websocket.ErrControlFlood
				return x
			}
			if f.Opcode == codec.OpPing {
				x.sent = append(x.sent, wstest.Event{Opcode: codec.OpPong, Payload: bytes.Clone(f.Payload)})
			}
			continue
		case f.Opcode.IsData():
			message, text, deflated = nil, codec.UTF8{}, f.RSV != 0
		}
		p := f.Payload
		if deflated {
			if p, err = z.Write(f.Payload, f.Last()); err != nil {
				x.err, x.text = err, f.Message == codec.OpText
				return x
			}
		}
		message = append(message, p...)
		if deflated && f.Message == codec.OpText && (!text.Check(p) || f.Last() && !text.Complete()) {
			x.err = codec.ErrText
			return x
		}
		if !f.Last() {
			continue
		}
		e := wstest.Event{Opcode: f.Message, Payload: bytes.Clone(message)}
		x.messages = append(x.messages, e)
		if len(x.messages) <= agreed.echoes() {
			x.sent = append(x.sent, e)
		}
	}
}

// wantError checks the error that reading ends with.
func (x *course) wantError(t *testing.T, err error, s setting) {
	t.Helper()
	var ok bool
	switch want := x.err.(type) {
	case codec.Violation:
		got, _ := errors.AsType[codec.Violation](err)
		ok = got == want || x.text && got == codec.ErrText
	case *websocket.CloseError:
		got, _ := errors.AsType[*websocket.CloseError](err)
		ok = got != nil && *got == *want
	case nil:
		if s.has(stays) {
			ok = errors.Is(err, websocket.ErrTimeout) && websocket.CloseStatus(err) == websocket.StatusPolicyViolation
		} else {
			ok = errors.Is(err, io.ErrUnexpectedEOF) && websocket.CloseStatus(err) == websocket.StatusAbnormalClosure
		}
	default:
		ok = errors.Is(err, want)
	}
	if !ok {
		t.Fatalf("reading ends with %v, want %v", err, x.err)
	}
}

// wantSent checks the frames that were sent: they are legal, in the order of what
// came, and the last one is the Close frame that answers what has ended it all, if
// anything has to.
func (x *course) wantSent(t *testing.T, sent []byte, role codec.Role, agreed terms) {
	t.Helper()
	got := framesOf(t, sent, role, agreed)
	want := slices.Clone(x.sent)
	switch err := x.err.(type) {
	case codec.Violation:
		if text := closeEvent(codec.ErrText.StatusCode(), codec.ErrText.Rule()); x.text && len(got) > 0 && got[len(got)-1].Equal(text) {
			err = codec.ErrText
		}
		want = append(want, closeEvent(err.StatusCode(), err.Rule()))
	case *websocket.CloseError:
		want = append(want, closeEvent(err.Code, ""))
	case nil:
		if agreed.has(stays) {
			got = withoutKeepalive(t, got)
		}
	default:
		want = append(want, closeEvent(codec.StatusPolicyViolation, "too many control frames"))
	}
	if !slices.EqualFunc(got, want, wstest.Event.Equal) {
		t.Fatalf("the connection, ended by %v, sends\n %v\nwant\n %v", x.err, got, want)
	}
}

func closeEvent(code codec.StatusCode, reason string) wstest.Event {
	p, _ := codec.AppendClose(nil, code, reason)
	return wstest.Event{Opcode: codec.OpClose, Payload: p}
}

// withoutKeepalive takes off what a Conn sends to a peer that has become silent: a
// Ping, and in the end a Close frame.
func withoutKeepalive(t *testing.T, sent []wstest.Event) []wstest.Event {
	t.Helper()
	last := len(sent) - 1
	if last < 0 || sent[last].Opcode != codec.OpClose || binary.BigEndian.Uint16(sent[last].Payload) != uint16(codec.StatusPolicyViolation) {
		t.Fatalf("a peer that has become silent is sent %v, want a Close frame with 1008 at the end", sent)
	}
	if last > 0 && sent[last-1].Opcode == codec.OpPing {
		last--
	}
	return sent[:last]
}

// framesOf returns what role has sent, messages as a whole, or fails if not all of
// it is legal.
func framesOf(t *testing.T, sent []byte, role codec.Role, agreed terms) (events []wstest.Event) {
	t.Helper()
	d := codec.Decoder{Role: role.Peer(), RSV: agreed.rsv()}
	defer d.Reset()
	takeover, bits := agreed.window(role)
	z := wstest.Inflater{Window: 1 << bits, NoTakeover: !takeover}
	d.Commit(copy(d.Space(len(sent)), sent))
	var message wstest.Event
	deflated := false
	for {
		f, err := d.Next()
		if err != nil {
			ended := err == codec.ErrShort || err == codec.ErrAfterClose
			if !ended || !d.Idle() {
				t.Fatalf("what a %v sends is %v, with %d bytes left of % x", role, err, d.Buffered(), sent)
			}
			return events
		}
		if f.Opcode.IsControl() {
			events = append(events, wstest.Event{Opcode: f.Opcode, Payload: bytes.Clone(f.Payload)})
			continue
		}
		if f.Opcode.IsData() {
			message, deflated = wstest.Event{Opcode: f.Opcode}, f.RSV != 0
		}
		message.Payload = append(message.Payload, f.Payload...)
		if !f.Last() {
			continue
		}
		if deflated {
			inflated, err := z.Message(message.Payload)
			if err != nil {
				t.Fatalf("what a %v sends compressed, % x: %v", role, message.Payload, err)
			}
			message.Payload = bytes.Clone(inflated)
		}
		events = append(events, message)
	}
}
