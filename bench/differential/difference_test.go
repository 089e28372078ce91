package differential

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"slices"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// difference is a stream of which two libraries make something else.
type difference struct {
	library      string // theirs
	stream       []byte
	role         codec.Role
	deflated     bool
	ours, theirs verdict
}

// none reports whether there is none.
func (d *difference) none() bool {
	return d.ours.end == d.theirs.end && d.ours.closed == d.theirs.closed && slices.EqualFunc(d.ours.messages, d.theirs.messages, wstest.Event.Equal)
}

// violation is the rule that we refuse the stream for, if we do.
func (d *difference) violation() codec.Violation {
	v, _ := errors.AsType[codec.Violation](d.ours.err)
	return v
}

// goesOn reports whether they have received at least the messages that we have.
func (d *difference) goesOn() bool {
	n := len(d.ours.messages)
	return len(d.theirs.messages) >= n && slices.EqualFunc(d.theirs.messages[:n], d.ours.messages, wstest.Event.Equal)
}

// passes reports whether they go on where we refuse the stream for v.
func (d *difference) passes(v codec.Violation) bool { return d.violation() == v && d.goesOn() }

// compressedMessage is a message as it came, inflated by the standard library alone.
type compressedMessage struct {
	index   int  // among all messages
	final   bool // it has a block that says it is the last one
	corrupt bool // not merely unfinished
}

// compressedMessages returns the messages in the stream that came compressed.
func (d *difference) compressedMessages() (all []compressedMessage) {
	if !d.deflated {
		return nil
	}
	decoder := codec.Decoder{Role: d.role, RSV: codec.RSV1}
	defer decoder.Reset()
	decoder.Commit(copy(decoder.Space(len(d.stream)), d.stream))
	var payload []byte
	deflated := false
	for index := 0; ; {
		f, err := decoder.Next()
		if err != nil {
			if deflated {
				all = append(all, inflate(index, payload))
			}
			return all
		}
		if f.Opcode.IsControl() {
			continue
		}
		if f.Opcode.IsData() {
			payload, deflated = nil, f.RSV != 0
		}
		payload = append(payload, f.Payload...)
		if !f.Last() {
			continue
		}
		if deflated {
			all = append(all, inflate(index, append(payload, wstest.DeflateTail...)))
		}
		deflated = false
		index++
	}
}

func inflate(index int, payload []byte) compressedMessage {
	_, err := io.Copy(io.Discard, flate.NewReader(bytes.NewReader(payload)))
	return compressedMessage{index, err == nil, err != nil && err != io.ErrUnexpectedEOF}
}

// finalBlock reports whether they are one up to a compressed message that has a block
// which says it is the last one.
func (d *difference) finalBlock() bool {
	for _, m := range d.compressedMessages() {
		if m.final {
			n := min(m.index, len(d.ours.messages), len(d.theirs.messages))
			return slices.EqualFunc(d.theirs.messages[:n], d.ours.messages[:n], wstest.Event.Equal)
		}
	}
	return false
}

// unfinished reports whether the message that we refuse ends inside a block.
func (d *difference) unfinished() bool {
	return slices.ContainsFunc(d.compressedMessages(), func(m compressedMessage) bool {
		return m.index == len(d.ours.messages) && !m.final && !m.corrupt
	})
}
