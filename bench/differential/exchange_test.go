package differential

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzExchange: what one library writes, another one reads, in both roles, compressed
// or not, whole or in fragments: ours what the others write, and they what ours does.
func FuzzExchange(f *testing.F) {
	for how := range byte(24) {
		f.Add([]byte("hello, Grüße and €"), how, uint16(7), uint16(3))
		f.Add(slices.Concat(wstest.TextPayload(700), wstest.BinaryPayload(700)), how, uint16(300), uint16(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, how byte, size, part uint16) {
		if len(data) > 20<<10 {
			return
		}
		theirs, role, agreed := others[how%3], codec.Role(how/3%2), ""
		if how/6%2 == 1 && theirs.name != "gobwas" {
			agreed = extension
		}
		from, to := theirs, ours
		if how/12%2 == 1 {
			from, to = to, from
		}
		messages := messagesOf(data, int(size)+1)
		if part > 0 {
			part = max(part, uint16(len(data)/500)) // the pipe holds no more headers
		}
		var wire []byte
		synctest.Test(t, func(t *testing.T) { wire = write(t, from, role, agreed, messages, int(part)) })
		v := receive(t, to, wire, role.Peer(), agreed, int(part)+1)
		if v.end != cut || !slices.EqualFunc(v.messages, messages, wstest.Event.Equal) {
			t.Fatalf("%v writes as a %v (extension %q)\n %v\n% x\nwhat %v makes of it:\n %v", from.name, role, agreed, messages, wire, to.name, v)
		}
	})
}

// messagesOf makes messages of data, at most 100, of text where it is that.
func messagesOf(data []byte, size int) (messages []wstest.Event) {
	for piece := range wstest.Pieces(data, size, size/2+1) {
		if len(messages) == 100 {
			break
		}
		e := wstest.Event{Opcode: codec.OpBinary, Payload: piece}
		if len(piece)%2 == 0 {
			e.Opcode, e.Payload = codec.OpText, []byte(strings.ToValidUTF8(string(piece), "?"))
		}
		messages = append(messages, e)
	}
	return append(messages, wstest.Event{Opcode: codec.OpText})
}

// write returns what l writes of messages, in fragments of part bytes unless that
// is 0.
func write(t *testing.T, l library, role codec.Role, agreed string, messages []wstest.Event, part int) []byte {
	t.Helper()
	near, far := pipe.New()
	c, err := l.open(near, role, agreed)
	if err != nil {
		t.Fatalf("%s: opening handshake: %v", l.name, err)
	}
	for _, m := range messages {
		pieces := [][]byte{bytes.Clone(m.Payload)} // some of them mask in place
		if part > 0 && len(m.Payload) > part {
			pieces = slices.Collect(wstest.Pieces(pieces[0], part))
		}
		if err := c.send(m.Opcode, pieces); err != nil {
			t.Fatalf("%s: a message of %d bytes in %d pieces: %v", l.name, len(m.Payload), len(pieces), err)
		}
	}
	c.drop()
	wire, err := io.ReadAll(far)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(wire, []byte("HTTP/1.1 101 ")) {
		_, wire, _ = bytes.Cut(wire, []byte("\r\n\r\n"))
	}
	return wire
}
