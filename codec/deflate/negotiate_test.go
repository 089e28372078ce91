package deflate

import (
	"iter"
	"slices"
	"strings"
	"testing"
)

// lines are header values, one for each line of s.
func lines(s string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range strings.SplitSeq(s, "\n") {
			if !yield([]byte(line)) {
				return
			}
		}
	}
}

func TestPromise11OffersAreAcceptedByTheBook(t *testing.T) {
	takeover := Policy{Takeover: true}
	for _, tt := range []struct {
		name   string
		policy Policy
		offers string
		want   string // "" for no extension
	}{
		{"nothing", takeover, "", ""},
		{"another extension", takeover, "x-webkit-deflate-frame", ""},
		{"plain", takeover, "permessage-deflate", "permessage-deflate"},
		{"plain, no takeover", Policy{}, "permessage-deflate", "permessage-deflate; client_no_context_takeover"},
		{"Chromium's", takeover, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
		{"Chromium's, small window", Policy{true, 10}, "permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=10"},
		{"a window that was not offered to be small", Policy{true, 10}, "permessage-deflate", "permessage-deflate"},
		{"the client's is smaller", Policy{true, 10}, "permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9"},
		{"the client's is larger", Policy{true, 10}, "permessage-deflate; client_max_window_bits=12", "permessage-deflate; client_max_window_bits=10"},
		{"all four", takeover, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=15",
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=15"},
		{"smallest window", takeover, "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8"},
		{"ours is smaller", Policy{true, 9}, "permessage-deflate; server_max_window_bits=12", "permessage-deflate; server_max_window_bits=9"},
		{"quoted", takeover, `permessage-deflate; server_max_window_bits="10"`, "permessage-deflate; server_max_window_bits=10"},
		{"white space", takeover, "  permessage-deflate \t;\tserver_max_window_bits =\t10 ", "permessage-deflate; server_max_window_bits=10"},
		{"empty elements", takeover, ", ,permessage-deflate,", "permessage-deflate"},
		{"behind another", takeover, "foo; bar=baz, permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"},
		{"first of two", takeover, "permessage-deflate; server_max_window_bits=10, permessage-deflate", "permessage-deflate; server_max_window_bits=10"},
		{"second of two", takeover, "permessage-deflate; server_max_window_bits=7, permessage-deflate", "permessage-deflate"},
		{"in the second line", takeover, "foo\npermessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
		{"behind a line that breaks the grammar", takeover, "foo bar\npermessage-deflate", "permessage-deflate"},
		{"unknown parameter", takeover, "permessage-deflate; mem_level=1", ""},
		{"name in capitals", takeover, "Permessage-Deflate", ""},
		{"repeated flag", takeover, "permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
		{"repeated size", takeover, "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", ""},
		{"repeated, the first without a value", takeover, "permessage-deflate; client_max_window_bits; client_max_window_bits=10", ""},
		{"repeated, the second without a value", takeover, "permessage-deflate; client_max_window_bits=10; client_max_window_bits", ""},
		{"repeated without values", takeover, "permessage-deflate; client_max_window_bits; client_max_window_bits", ""},
		{"flag with a value", takeover, "permessage-deflate; server_no_context_takeover=1", ""},
		{"size without a value", takeover, "permessage-deflate; server_max_window_bits", ""},
		{"too small", takeover, "permessage-deflate; server_max_window_bits=7", ""},
		{"too large", takeover, "permessage-deflate; server_max_window_bits=16", ""},
		{"far too large", takeover, "permessage-deflate; client_max_window_bits=266", ""},
		{"leading zero", takeover, "permessage-deflate; client_max_window_bits=08", ""},
		{"not a number", takeover, "permessage-deflate; client_max_window_bits=1x", ""},
		{"signed", takeover, "permessage-deflate; client_max_window_bits=+9", ""},
		{"empty value", takeover, "permessage-deflate; client_max_window_bits=", ""},
		{"empty quoted value", takeover, `permessage-deflate; client_max_window_bits=""`, ""},
		{"quote without end", takeover, `permessage-deflate; client_max_window_bits="10`, ""},
		{"empty parameter", takeover, "permessage-deflate;", ""},
		{"two words", takeover, "permessage-deflate server_no_context_takeover", ""},
	} {
		agreed, ok := tt.policy.Accept(lines(tt.offers))
		got := ""
		if ok {
			got = agreed.String()
		}
		if got != tt.want {
			t.Errorf("%s: %+v.Accept(%q) = %q, want %q", tt.name, tt.policy, tt.offers, got, tt.want)
		}
	}
}

func TestPromise11AnswersAreAcceptedByTheBook(t *testing.T) {
	takeover := Policy{Takeover: true}
	const refused = "refused"
	for _, tt := range []struct {
		name   string
		policy Policy
		answer string
		want   string // "" for no extension
	}{
		{"no extension", takeover, "", ""},
		{"plain", takeover, "permessage-deflate", "permessage-deflate"},
		{"all four", takeover, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8",
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8"},
		{"empty elements", takeover, ", ,permessage-deflate, ,", "permessage-deflate"},
		{"nothing but empty elements", takeover, ", ,", ""},
		{"as wanted", Policy{}, "permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
		{"small window as wanted", Policy{true, 10}, "permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9"},
		{"takeover that was not wanted", Policy{}, "permessage-deflate", refused},
		{"window that was not wanted", Policy{true, 10}, "permessage-deflate", refused},
		{"window larger than wanted", Policy{true, 10}, "permessage-deflate; server_max_window_bits=11", refused},
		{"our window larger than offered", Policy{true, 10}, "permessage-deflate; server_max_window_bits=10; client_max_window_bits=11", refused},
		{"another extension", takeover, "foo", refused},
		{"and another extension", takeover, "permessage-deflate, foo", refused},
		{"twice", takeover, "permessage-deflate, permessage-deflate", refused},
		{"twice in two lines", takeover, "permessage-deflate\npermessage-deflate", refused},
		{"unknown parameter", takeover, "permessage-deflate; foo", refused},
		{"repeated parameter", takeover, "permessage-deflate; server_no_context_takeover; server_no_context_takeover", refused},
		{"out of range", takeover, "permessage-deflate; server_max_window_bits=16", refused},
		{"size without a value", takeover, "permessage-deflate; client_max_window_bits", refused},
		{"grammar", takeover, "permessage-deflate; =", refused},
	} {
		agreed, on, ok := tt.policy.Agreed(lines(tt.answer))
		got := ""
		switch {
		case !ok:
			got = refused
		case on:
			got = agreed.String()
		}
		if got != tt.want {
			t.Errorf("%s: %+v.Agreed(%q) = %q, want %q", tt.name, tt.policy, tt.answer, got, tt.want)
		}
	}
}

// What one end offers, the other one's answer keeps to, whatever the two want.
func TestOfferAndAnswer(t *testing.T) {
	var policies []Policy
	for bits := range 16 {
		if bits == 0 || bits >= 8 {
			policies = append(policies, Policy{false, bits}, Policy{true, bits})
		}
	}
	for _, client := range policies {
		offer := client.AppendOffer(nil)
		for _, server := range policies {
			agreed, ok := server.Accept(slices.Values([][]byte{offer}))
			if !ok {
				t.Errorf("%+v declines the offer of %+v: %s", server, client, offer)
			}
			if again, on, ok := client.Agreed(slices.Values([][]byte{agreed.Append(nil)})); !on || !ok || again != agreed {
				t.Errorf("%+v answers the offer of %+v with %v: %v, %v, %v", server, client, agreed, again, on, ok)
			}
			if !server.Takeover && !agreed.ClientNoContextTakeover {
				t.Errorf("%+v answers %v", server, agreed)
			}
		}
	}
}

func TestNegotiationAllocatesNothing(t *testing.T) {
	offers := [][]byte{[]byte(`foo; bar="x", permessage-deflate; client_max_window_bits; server_max_window_bits="10"`)}
	room := make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() {
		agreed, ok := Policy{}.Accept(slices.Values(offers))
		if !ok {
			t.Fatal("declined")
		}
		room = agreed.Append(room[:0])
	}); n > 1 { // the iterator
		t.Errorf("Accept and Append: %v allocations, want 1 at most", n)
	}
}
