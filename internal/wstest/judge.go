package wstest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// Report is the judgement on one case. The strict pass is OK twice, or
// INFORMATIONAL twice where the case says so.
type Report struct {
	Case          *Case
	Behavior      Verdict // what the peer sent
	BehaviorClose Verdict // how the connection ended
	Explanation   string  // of each verdict that is not OK, a line each
	Want          []Event
	Received      []Event
	Compressed    int    // how many of the messages received were compressed
	Close         *Frame // the peer's first Close frame; nil if none came
}

// Passed reports the strict verdict.
func (r Report) Passed() bool {
	if r.Case.Informational {
		return r.Behavior == Informational && r.BehaviorClose == Informational
	}
	return r.Behavior == OK && r.BehaviorClose == OK
}

// String shows the case, its verdicts, why, and what was wanted and received.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n  behavior %s, close %s\n", r.Case.ID, r.Case.Name, r.Behavior, r.BehaviorClose)
	for line := range strings.Lines(r.Explanation) {
		b.WriteString("  " + line)
	}
	fmt.Fprintf(&b, "  got:  %s\n", list(r.Received, r.Close))
	fmt.Fprintf(&b, "  want: %s, closed by the %s", list(r.Want, nil), r.Case.Closing.By)
	if r.Case.Closing.Clean {
		b.WriteString(", cleanly")
	}
	fmt.Fprintf(&b, " with one of %d\n", codes(r.Case.Closing.Codes))
	return b.String()
}

// String names the side.
func (s Side) String() string {
	if s == Suite {
		return "suite"
	}
	return "peer"
}

func codes(c []codec.StatusCode) []uint16 {
	n := make([]uint16, len(c))
	for i := range c {
		n[i] = uint16(c[i])
	}
	return n
}

// list shows events on one line, and a Close frame behind them.
func list(events []Event, closed *Frame) string {
	const most = 12
	var parts []string
	for _, e := range events[:min(len(events), most)] {
		parts = append(parts, e.String())
	}
	if len(events) > most {
		parts = append(parts, fmt.Sprintf("… %d more", len(events)-most))
	}
	if closed != nil {
		parts = append(parts, closed.String())
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// judge decides the two verdicts of a case.
func judge(c *Case, s Script, r result) Report {
	report := Report{Case: c, Want: s.Want, Received: r.received, Compressed: r.compressed, Close: r.close}
	var why []string
	explain := func(v Verdict, reason string) Verdict {
		if reason != "" {
			why = append(why, fmt.Sprintf("%s: %s", v, reason))
		}
		return v
	}
	report.BehaviorClose = explain(judgeClose(c, r))
	report.Behavior = explain(judgeBehavior(s, r))
	why = slices.Compact(why) // a violation decides both, and is said once
	if v := report.BehaviorClose; v != OK && v == c.Closing.Fatal && report.Behavior != Failed {
		report.Behavior = explain(Failed, "the way of closing decides this case")
	}
	if c.Informational && r.violation == "" {
		report.Behavior, report.BehaviorClose = Informational, Informational
	}
	report.Explanation = strings.Join(why, "\n")
	if len(why) > 0 {
		report.Explanation += "\n"
	}
	return report
}

// judgeBehavior compares what came with what was wanted.
func judgeBehavior(s Script, r result) (Verdict, string) {
	switch {
	case r.violation != "":
		return Failed, r.violation
	case r.tooEarly:
		return Failed, "the peer failed the connection before it was sent anything invalid"
	case slices.EqualFunc(r.received, s.Want, Event.Equal):
		if r.tooLate {
			return NonStrict, "the peer failed the connection only after the last part"
		}
		return OK, ""
	}
	for _, also := range s.NonStrict {
		if slices.EqualFunc(r.received, also, Event.Equal) {
			return NonStrict, "an echo is missing that was due before the failure"
		}
	}
	return Failed, difference(r, s.Want)
}

// difference says where the two lists part.
func difference(r result, want []Event) string {
	got := r.received
	i := 0
	for i < len(got) && i < len(want) && got[i].Equal(want[i]) {
		i++
	}
	switch {
	case i == len(want):
		return fmt.Sprintf("event %d is one too many: %s", i+1, got[i])
	case i < len(got):
		return fmt.Sprintf("event %d is %s, want %s", i+1, got[i], want[i])
	case r.unwritten:
		return fmt.Sprintf("event %d did not come: %s; the peer stopped reading", i+1, want[i])
	}
	return fmt.Sprintf("event %d did not come: %s", i+1, want[i])
}

// judgeClose decides in the order that the first verdict which applies wins:
// wrong side, unclean, wrong code, TCP not dropped.
func judgeClose(c *Case, r result) (Verdict, string) {
	switch {
	case r.violation != "":
		return Failed, r.violation
	case r.gaveUp:
		return Failed, "the peer did not fail the connection, the suite had to close it"
	case c.Closing.By == Suite && !r.suiteLed:
		return Failed, "the peer closed the connection, which was for the suite to do"
	case c.Closing.Clean && !r.clean && r.close == nil:
		return Unclean, "the peer did not answer the Close frame"
	case c.Closing.Clean && !r.clean:
		return Unclean, "the peer answered the Close frame but did not drop TCP"
	}
	if r.close != nil {
		if code, ok := r.close.code(); ok && !slices.Contains(c.Closing.Codes, code) {
			return WrongCode, fmt.Sprintf("the peer closed with %d, want one of %d", code, codes(c.Closing.Codes))
		}
	}
	if r.role == codec.Server && r.dropped {
		return FailedByClient, "the peer did not drop TCP"
	}
	return OK, ""
}
