package wstest

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket/codec"
)

// TestGotAndWanted: they are the two lines that String shows.
func TestGotAndWanted(t *testing.T) {
	for _, id := range []string{"1.1.2", "3.2", "7.7.5"} {
		t.Run(id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := play(t, codec.Server, faults{failAndLose: true}, id, Whole)
				if want := "\n  got:  " + r.Got() + "\n  want: " + r.Wanted() + "\n"; !strings.HasSuffix(r.String(), want) {
					t.Errorf("String() = %s\nwant at its end: %s", r, want)
				}
			})
		})
	}
}

func TestJudgeAnswer(t *testing.T) {
	asked := DeflateCases("13.5.1")[0] // server_no_context_takeover; server_max_window_bits=9
	for _, tt := range []struct {
		name   string
		answer []string
		want   string // part of the explanation; "" if it is right
		as     Verdict
	}{
		{"granted", []string{"permessage-deflate; server_no_context_takeover; server_max_window_bits=9"}, "", OK},
		{"declined", nil, "no compression was agreed on", Unimplemented},
		{"without what was asked for", []string{"permessage-deflate"}, "missing", Failed},
		{"twice", []string{"permessage-deflate; server_no_context_takeover; server_max_window_bits=9", "permessage-deflate"}, "accepts 2 offers", Failed},
		{"ill-formed", []string{"permessage-deflate; server_max_window_bits=99"}, "the response", Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := asked.judgeAnswer(tt.answer)
			if tt.want == "" {
				if err != nil {
					t.Errorf("judgeAnswer(%q) = %v, want no error", tt.answer, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("judgeAnswer(%q) = %v, want an error with %q", tt.answer, err, tt.want)
			}
			if r := refuse(&asked.Case, err); r.Behavior != tt.as || r.BehaviorClose != tt.as {
				t.Errorf("refuse(%v) = %s, %s, want %s", err, r.Behavior, r.BehaviorClose, tt.as)
			}
		})
	}
}
