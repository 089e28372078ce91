package relay

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// answer is what a server has said: a message, or how it closes. Two are equal
// exactly if what they say is.
type answer struct {
	opcode codec.Opcode
	length int
	digest [sha256.Size]byte
	begins string // the first bytes, for people
}

// shownBytes is how much of an answer a difference shows.
const shownBytes = 60

func (a answer) String() string {
	switch {
	case a.opcode == codec.OpClose && a.length == 0:
		return "close without a code"
	case a.opcode == codec.OpClose:
		code, reason, _ := codec.ParseClose([]byte(a.begins))
		return fmt.Sprintf("close %d %q", code, reason)
	case a.opcode == codec.OpText:
		return fmt.Sprintf("text of %d bytes, %q", a.length, a.begins)
	}
	return fmt.Sprintf("binary of %d bytes, % x", a.length, a.begins)
}

// answers collects what a server says from the events of a Session.
type answers struct {
	all       []answer
	times     []float64 // when each was recorded, in seconds since the beginning
	at        float64   // when the next one was
	violation error     // what the server broke, if it did
	messages  trace.Messages
}

// event takes an event. Pings and Pongs are none of the application's.
func (a *answers) event(e trace.Event) {
	if e.From != codec.Server {
		return
	}
	if e.Kind == trace.Violation {
		a.violation = e.Err
	}
	if p, ok := a.messages.Add(e); ok {
		a.all = append(a.all, answer{e.Message, len(p), sha256.Sum256(p), string(p[:min(len(p), shownBytes)])})
		a.times = append(a.times, a.at)
	}
}

// closes reports whether the last answer is a Close frame.
func (a *answers) closes() bool {
	return len(a.all) > 0 && a.all[len(a.all)-1].opcode == codec.OpClose
}

// recordedAnswers returns what the server has said on a recorded connection.
func recordedAnswers(c *recording.Connection) *answers {
	a := new(answers)
	if c.Heads[codec.Client] == nil {
		return a
	}
	var now time.Time
	s := trace.NewSession(true, recording.WholeMessages, a.event)
	s.Strict()
	s.Write(codec.Client, now, c.Heads[codec.Client])
	s.Write(codec.Server, now, c.Heads[codec.Server])
	for _, sent := range c.Sent[codec.Server] {
		a.at = sent.At
		s.Write(codec.Server, now, sent.Bytes)
	}
	return a
}

// differences says where got differs from a. If the client has closed where the
// recorded one had not, the answer to that is no difference.
func (a *answers) differences(got *answers, closed bool) (list []string) {
	if got.violation != nil && a.violation == nil {
		rule, section := trace.Rule(got.violation)
		list = append(list, fmt.Sprintf("the server broke a rule: %s (%s)", rule, section))
	}
	want, have := a.all, got.all
	if closed && got.closes() {
		have = have[:len(have)-1]
	}
	for i := range max(len(want), len(have)) {
		switch {
		case i >= len(have):
			return append(list, fmt.Sprintf("answer %d and %d behind it did not come; recorded was %s", i+1, len(want)-i-1, want[i]))
		case i >= len(want):
			return append(list, fmt.Sprintf("answer %d and %d behind it were not recorded: %s", i+1, len(have)-i-1, have[i]))
		case want[i] != have[i]:
			list = append(list, fmt.Sprintf("answer %d is %s; recorded was %s", i+1, have[i], want[i]))
		}
	}
	return list
}
