package fuzz

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
)

// extension is one element of Sec-WebSocket-Extensions (RFC 6455 §9.1), with white
// space where RFC 9110 §5.6 allows it.
var extension = func() *regexp.Regexp {
	const (
		token = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"
		space = "[ \t]*"
		value = space + "=" + space + "(" + token + `|"` + token + `")`
		param = space + ";" + space + token + "(" + value + ")?"
	)
	return regexp.MustCompile("^" + space + token + "(" + param + ")*" + space + "$")
}()

// FuzzExtension: a server accepts the first offer that an independent parser finds
// acceptable, or none if that finds none, and its answer has nothing that was not
// offered; a client takes an answer only if it keeps to what was offered.
func FuzzExtension(f *testing.F) {
	for _, line := range []string{
		"permessage-deflate",
		"permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=10; server_max_window_bits=9; client_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; server_max_window_bits=8, permessage-deflate",
		"permessage-deflate; server_max_window_bits=16, x-webkit-deflate-frame, permessage-deflate;client_no_context_takeover",
		`permessage-deflate ; server_max_window_bits = "12" ,, permessage-bzip2; x="y"`,
		"permessage-deflate; server_no_context_takeover; server_no_context_takeover, permessage-deflate; server_no_context_takeover=1",
		"permessage-deflate; client_max_window_bits=07, permessage-deflate; client_max_window_bits=7, permessage-deflate; server_max_window_bits",
		"permessage-deflate; a=\"b, permessage-deflate",
		",", ";", "", " ", "permessage-deflate;", "permessage-deflate; =1", "PERMESSAGE-DEFLATE",
	} {
		seed(f, line, false, byte(0))
		seed(f, line, true, byte(9))
	}
	f.Fuzz(func(t *testing.T, line string, takeover bool, bits byte) {
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) {
			return // no header has it
		}
		p := deflate.Policy{Takeover: takeover, WindowBits: 8 + int(bits%8)}
		values := slices.Values([][]byte{[]byte(line)})

		offer, acceptable := firstOffer(line)
		answer, ok := p.Accept(values)
		if ok != acceptable {
			t.Fatalf("Accept(%q) = %v, %t; the first offer is %v, %t", line, answer, ok, offer, acceptable)
		}
		if ok {
			wantAnswer(t, offer, answer)
		}

		ours := offersOf(t, string(p.AppendOffer(nil)))
		if agreed, on, ok := p.Agreed(values); ok && on {
			answers := offersOf(t, withoutEmpty(line))
			if len(answers) != 1 || wstest.JudgeResponse(ours, answers[0]) != "" || agreed.String() != answers[0].String() {
				t.Fatalf("Agreed(%q) = %v, to the offer %v", line, agreed, ours)
			}
		}
	})
}

// firstOffer returns the first offer in line that RFC 7692 §7 has a server not
// decline. What breaks the grammar, and what is behind it, is no offer.
func firstOffer(line string) (offer wstest.DeflateParams, ok bool) {
	for element := range strings.SplitSeq(line, ",") {
		if strings.Trim(element, " \t") == "" {
			continue
		}
		if !extension.MatchString(element) {
			return offer, false
		}
		if offers, err := wstest.ParseDeflate([]string{element}); err == nil {
			return offers[0], true
		}
	}
	return offer, false
}

// withoutEmpty returns line without the empty elements of its list, which a recipient
// ignores (RFC 9110 §5.6.1.2).
func withoutEmpty(line string) string {
	elements := slices.DeleteFunc(strings.Split(line, ","), func(s string) bool { return strings.Trim(s, " \t") == "" })
	return strings.Join(elements, ",")
}

// offersOf parses a header that has to be right.
func offersOf(t *testing.T, line string) []wstest.DeflateParams {
	t.Helper()
	offers, err := wstest.ParseDeflate([]string{line})
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return offers
}

// wantAnswer checks an answer, and that any client takes it whose offer it was.
func wantAnswer(t *testing.T, offer wstest.DeflateParams, answer deflate.Params) {
	t.Helper()
	got := offersOf(t, answer.String())
	if len(got) != 1 || got[0].String() != answer.String() {
		t.Fatalf("the answer %v is written as %q", answer, got)
	}
	if why := wstest.JudgeResponse([]wstest.DeflateParams{offer}, got[0]); why != "" {
		t.Fatalf("the offer %v is answered with %v: %s", offer, answer, why)
	}
}
