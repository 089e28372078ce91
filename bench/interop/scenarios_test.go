package interop

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// scenario is something that happens on one connection between an end of ours
// and an end of theirs, whichever of them is the client.
type scenario struct {
	name                 string
	client, server       settings
	ourLimit, theirLimit int64 // of a message, in bytes
	tapped               bool  // play is given a tap
	refused              int   // the status with which the server refuses; then play is nil
	play                 func(t *testing.T, us, them end, p *tap)
}

// smallLimit is the message limit of the scenarios that break it.
const smallLimit = 1000

var (
	greeting  = []byte("Grüße, 世界 🌍")
	everyByte = func() (all []byte) {
		for b := range 256 {
			all = append(all, byte(b))
		}
		return all
	}()
	longReason = strings.Repeat("é", 61) + "!" // codec.MaxCloseReason bytes
)

// pattern is n bytes in which a shifted or repeated piece would show.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

// scenarios is the one table. The names are those that lacks refers to.
var scenarios = append([]scenario{
	{name: "text", play: both(websocket.OpText, greeting)},
	{name: "binary", play: both(websocket.OpBinary, everyByte)},
	{name: "empty", play: all(both(websocket.OpText, []byte{}), both(websocket.OpBinary, []byte{}))},
	{name: "each form of length", play: all(
		both(websocket.OpBinary, pattern(125)), both(websocket.OpBinary, pattern(126)),
		both(websocket.OpBinary, pattern(65535)), both(websocket.OpBinary, pattern(65536)))},
	{name: "1 MiB", play: all(
		both(websocket.OpBinary, pattern(1<<20)), both(websocket.OpText, bytes.Repeat([]byte("ab世🌍xyz"), 1<<20/12)))},
	{name: "fragments", tapped: true, play: playFragments},
	{name: "burst", play: playBurst},
	{name: "ping by us", play: func(t *testing.T, us, them end, _ *tap) { ping(t, "ours", us) }},
	{name: "ping by them", play: func(t *testing.T, us, them end, _ *tap) { ping(t, "theirs", them) }},

	{name: "sub-protocol", client: speak("v1", "v2"), server: speak("v2", "v3"), play: agreed("v2")},
	{name: "no common sub-protocol", client: speak("v1", "v2"), server: speak("v3"), play: agreed("")},
	{name: "no sub-protocol offered", server: speak("v3"), play: agreed("")},
	{name: "foreign origin", client: settings{origin: "https://elsewhere.example"}, refused: http.StatusForbidden},

	{name: "too large for us", ourLimit: smallLimit, play: playTooLarge(smallLimit + 1)},
	{name: "much too large for us", ourLimit: smallLimit, play: playTooLarge(1 << 20)},
	{name: "too large for them", theirLimit: smallLimit, play: playTooLargeForThem},
	{name: "not UTF-8", play: playNotUTF8},

	{name: "compressed", client: deflating, server: deflating, tapped: true, play: playCompressed},
	{name: "compressed with takeover", client: takingOver, server: takingOver, tapped: true, play: playCompressed},
	{name: "compressed in a small window", client: smallWindow, server: smallWindow, tapped: true, play: playCompressed},
	{name: "pings between compressed messages", client: takingOver, server: takingOver, play: playPingsBetween},
	{name: "compressed burst", client: takingOver, server: takingOver, play: playBurst},
	{name: "compression of the client alone", client: takingOver, tapped: true, play: playNotCompressed},
	{name: "compression of the server alone", server: takingOver, tapped: true, play: playNotCompressed},
	{name: "compressed, too large for us", client: deflating, server: deflating, ourLimit: smallLimit, play: playTooLarge(1 << 20)},

	{name: "empty close by us", play: closeBy(ourTurn, websocket.StatusNoStatusReceived, "")},
	{name: "empty close by them", play: closeBy(theirTurn, websocket.StatusNoStatusReceived, "")},
}, closes()...)

// closes is a scenario for each side and status.
func closes() (table []scenario) {
	for _, c := range []struct {
		code   websocket.StatusCode
		reason string
	}{
		{websocket.StatusNormalClosure, ""},
		{websocket.StatusGoingAway, "going away"},
		{websocket.StatusInternalError, "Grüße, 世界"},
		{3000, "a library's"},
		{4999, longReason},
	} {
		table = append(table,
			scenario{name: fmt.Sprintf("close %d by us", c.code), play: closeBy(ourTurn, c.code, c.reason)},
			scenario{name: fmt.Sprintf("close %d by them", c.code), play: closeBy(theirTurn, c.code, c.reason)})
	}
	return table
}

func speak(subprotocols ...string) settings { return settings{subprotocols: subprotocols} }

// all plays one after the other.
func all(plays ...func(*testing.T, end, end, *tap)) func(*testing.T, end, end, *tap) {
	return func(t *testing.T, us, them end, p *tap) {
		for _, play := range plays {
			play(t, us, them, p)
		}
	}
}

// both sends a message in each direction.
func both(op websocket.Opcode, payload []byte) func(*testing.T, end, end, *tap) {
	return func(t *testing.T, us, them end, _ *tap) {
		send(t, "ours to theirs", us, them, op, payload)
		send(t, "theirs to ours", them, us, op, payload)
	}
}

// send sends a message that has to arrive.
func send(t *testing.T, way string, from, to end, op websocket.Opcode, parts ...[]byte) {
	t.Helper()
	failed := make(chan error, 1)
	go func() { failed <- from.Send(op, parts...) }() // the other end may have to read first
	wantMessage(t, way, to, op, bytes.Join(parts, nil))
	if err := <-failed; err != nil {
		t.Fatalf("%s: Send(%v): %v", way, op, err)
	}
}

func wantMessage(t *testing.T, way string, to end, op websocket.Opcode, payload []byte) {
	t.Helper()
	want := event{op: op, payload: payload}
	if got := next(t, way, to); got.op != op || !bytes.Equal(got.payload, payload) {
		t.Fatalf("%s: received %v, want %v", way, got, want)
	}
}

// next returns what an end has received next.
func next(t *testing.T, way string, e end) event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case got := <-e.Events():
		return got
	case <-ctx.Done():
		t.Fatalf("%s: nothing was received in %v", way, patience)
		panic("not reached")
	}
}

// wantClosed waits for a Close frame of that code and reason.
func wantClosed(t *testing.T, way string, e end, code websocket.StatusCode, reason string) {
	t.Helper()
	want := event{op: codec.OpClose, code: code, reason: reason}
	if got := next(t, way, e); got.op != codec.OpClose || got.code != code || got.reason != reason {
		t.Fatalf("%s: received %v, want %v", way, got, want)
	}
}

// wantStatus is wantClosed for a reason that is the other library's choice.
func wantStatus(t *testing.T, way string, e end, code websocket.StatusCode) {
	t.Helper()
	if got := next(t, way, e); got.op != codec.OpClose || got.code != code {
		t.Fatalf("%s: received %v, want close %d", way, got, code)
	}
}

func ping(t *testing.T, whose string, e end) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 3 {
		if err := e.Ping(ctx); err != nil {
			t.Fatalf("Ping of %s: %v", whose, err)
		}
	}
}

func agreed(want string) func(*testing.T, end, end, *tap) {
	return func(t *testing.T, us, them end, p *tap) {
		if got := us.Subprotocol(); got != want {
			t.Errorf("our Subprotocol() = %q, want %q", got, want)
		}
		if got := them.Subprotocol(); got != want {
			t.Errorf("their Subprotocol() = %q, want %q", got, want)
		}
		both(websocket.OpText, greeting)(t, us, them, p)
	}
}

// playFragments sends messages in several frames, and looks at the wire to see
// that they were several.
func playFragments(t *testing.T, us, them end, p *tap) {
	text := bytes.Repeat([]byte("ab世🌍xyz"), 100_000/12)
	for _, m := range []struct {
		op   websocket.Opcode
		part []byte
	}{
		{websocket.OpBinary, pattern(100_000)},
		{websocket.OpText, text},
	} {
		send(t, "ours to theirs", us, them, m.op, m.part, m.part, m.part)
		send(t, "theirs to ours", them, us, m.op, m.part, m.part, m.part)
	}
	if client, server := p.continuations(); client < 4 || server < 4 {
		t.Errorf("client and server sent %d and %d continuation frames, want at least two a message", client, server)
	}
}

// playBurst has both ends send at once, many frames to a packet.
func playBurst(t *testing.T, us, them end, _ *tap) {
	const messages = 300
	number := func(i int) []byte { return fmt.Appendf(nil, "message %d", i) }
	sent := make(chan error, 2)
	for _, e := range []end{us, them} {
		go func() {
			for i := range messages {
				if err := e.Send(websocket.OpText, number(i)); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
	}
	for i := range messages {
		wantMessage(t, "ours to theirs", them, websocket.OpText, number(i))
		wantMessage(t, "theirs to ours", us, websocket.OpText, number(i))
	}
	for range 2 {
		if err := <-sent; err != nil {
			t.Errorf("Send: %v", err)
		}
	}
}

// playTooLarge sends a message of our limit, and one of n bytes.
func playTooLarge(n int) func(*testing.T, end, end, *tap) {
	return func(t *testing.T, us, them end, _ *tap) {
		send(t, "theirs to ours", them, us, websocket.OpBinary, pattern(smallLimit))
		go them.Send(websocket.OpBinary, pattern(n)) // it may fail: we do not read it
		wantStatus(t, "ours", us, websocket.StatusMessageTooBig)
		wantStatus(t, "theirs", them, websocket.StatusMessageTooBig)
	}
}

func playTooLargeForThem(t *testing.T, us, them end, _ *tap) {
	send(t, "ours to theirs", us, them, websocket.OpBinary, pattern(smallLimit))
	go us.Send(websocket.OpBinary, pattern(smallLimit+1))
	wantStatus(t, "ours", us, websocket.StatusMessageTooBig)
}

func playNotUTF8(t *testing.T, us, them end, _ *tap) {
	go them.Send(websocket.OpText, []byte("caf\xe9"))
	wantStatus(t, "ours", us, websocket.StatusInvalidPayload)
	wantStatus(t, "theirs", them, websocket.StatusInvalidPayload)
}

const (
	ourTurn   = true
	theirTurn = false
)

// closeBy has one side close. Its code and reason have to arrive. What comes back
// is each library's choice, but something has to.
func closeBy(ours bool, code websocket.StatusCode, reason string) func(*testing.T, end, end, *tap) {
	return func(t *testing.T, us, them end, _ *tap) {
		if !ours {
			closed := make(chan error, 1)
			go func() { closed <- them.Close(code, reason) }()
			wantClosed(t, "ours", us, code, reason)
			if err := <-closed; err != nil {
				t.Errorf("their Close(%d, %q) = %v, want nil", code, reason, err)
			}
			return
		}
		if err := us.Close(code, reason); err != nil {
			t.Errorf("our Close(%d, %q) = %v, want nil", code, reason, err)
		}
		wantClosed(t, "theirs", them, code, reason)
		if got := next(t, "ours", us); got.op != codec.OpClose || got.code == websocket.StatusAbnormalClosure {
			t.Errorf("ours: received %v, want a Close frame that answers ours", got)
		}
	}
}
