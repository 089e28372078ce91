package conform

import (
	"strings"
	"time"

	"github.com/zerowire/websocket/internal/wstest"
)

// verdict is the judgement on a whole case.
type verdict int

// The verdicts, from the best to the worst.
const (
	pass          verdict = iota
	informational         // recorded, not judged
	unimplemented         // the server does not do what the case is about, and need not
	nonStrict             // permitted, but later or less than it should be
	failed
)

var verdictNames = [...]string{"pass", "info", "unsupported", "non-strict", "FAIL"}

// String returns the word in the report.
func (v verdict) String() string { return verdictNames[v] }

// MarshalText is String, for JSON.
func (v verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// verdictOf returns what one of the suite's two verdicts makes of a case.
func verdictOf(v wstest.Verdict) verdict {
	switch v {
	case wstest.OK:
		return pass
	case wstest.Informational:
		return informational
	case wstest.NonStrict:
		return nonStrict
	case wstest.Unimplemented:
		return unimplemented
	}
	return failed
}

// result is what a case came to. The names in JSON are those of the field's
// reference suite where it has one.
type result struct {
	ID            string   `json:"id"`
	Group         string   `json:"group"`
	Name          string   `json:"name"`
	Mode          string   `json:"mode"`
	Behavior      string   `json:"behavior"`
	BehaviorClose string   `json:"behaviorClose"`
	Verdict       verdict  `json:"verdict"`
	Why           []string `json:"why,omitempty"`
	Duration      float64  `json:"duration"` // in milliseconds
	CloseCode     int      `json:"remoteCloseCode,omitempty"`
	Received      string   `json:"received"`
	Expected      string   `json:"expected"`
}

func newResult(g game, took time.Duration, r wstest.Report) result {
	res := result{
		ID: g.ID, Group: g.Group(), Name: g.Name, Mode: g.mode.String(),
		Behavior: r.Behavior.String(), BehaviorClose: r.BehaviorClose.String(),
		Verdict:  max(verdictOf(r.Behavior), verdictOf(r.BehaviorClose)),
		Duration: milliseconds(took),
		Received: r.Got(), Expected: r.Wanted(),
	}
	if why := strings.TrimSpace(r.Explanation); why != "" {
		res.Why = strings.Split(why, "\n")
	}
	if r.Close != nil && len(r.Close.Payload) >= 2 {
		res.CloseCode = int(r.Close.Payload[0])<<8 | int(r.Close.Payload[1])
	}
	return res
}

// unreachable is the result where there was no connection to play on.
func unreachable(g game, took time.Duration, err error) result {
	return newResult(g, took, wstest.Report{
		Case: g.Case, Behavior: wstest.Failed, BehaviorClose: wstest.Failed,
		Explanation: "no connection: " + err.Error(),
	})
}
