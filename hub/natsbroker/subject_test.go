package natsbroker

import (
	"errors"
	"strings"
	"testing"
)

func TestSubject(t *testing.T) {
	s := subjects{prefix: "zerowire."}
	for _, tt := range []struct{ name, topic, subject string }{
		{"plain", "chat.room1", "zerowire.chat.room1"},
		{"other scripts", "räume.部屋", "zerowire.räume.部屋"},
		{"space and tab", "a b.c\td", "zerowire.a%20b.c%09d"},
		{"line ends", "a\r\nb", "zerowire.a%0D%0Ab"},
		{"wildcards of NATS", "a>.*b.>", "zerowire.a%3E.%2Ab.%3E"},
		{"the escape itself", "100%.%20", "zerowire.100%25.%2520"},
		{"NUL and DEL", "\x00\x7f", "zerowire.%00%7F"},
		{"dollar", "$SYS.a", "zerowire.$SYS.a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			subject, err := s.subject(tt.topic)
			if err != nil || subject != tt.subject {
				t.Errorf("subject(%q) = %q, %v, want %q", tt.topic, subject, err, tt.subject)
			}
			topic, ok := s.topic(tt.subject)
			if !ok || topic != tt.topic {
				t.Errorf("topic(%q) = %q, %v, want %q", tt.subject, topic, ok, tt.topic)
			}
		})
	}
}

func TestFilter(t *testing.T) {
	s := subjects{prefix: "my.prefix."}
	for _, tt := range []struct{ pattern, filter string }{
		{"*", "my.prefix.>"},
		{"a.*", "my.prefix.a.>"},
		{"a b.c.*", "my.prefix.a%20b.c.>"},
		{"a.b", "my.prefix.a.b"},
		{"a*", "my.prefix.a%2A"},
		{"a.*.b", "my.prefix.a.%2A.b"},
	} {
		if filter, err := s.filter(tt.pattern); err != nil || filter != tt.filter {
			t.Errorf("filter(%q) = %q, %v, want %q", tt.pattern, filter, err, tt.filter)
		}
	}
}

func TestSubjectRefuses(t *testing.T) {
	s := subjects{prefix: "zerowire."}
	for _, topic := range []string{"", ".", "a.", ".a", "a..b", strings.Repeat("a", maxSubject), strings.Repeat(" ", maxSubject/3)} {
		if subject, err := s.subject(topic); !errors.Is(err, ErrTopic) {
			t.Errorf("subject(%.20q) = %.20q, %v, want ErrTopic", topic, subject, err)
		}
		if filter, err := s.filter(topic + ".*"); !errors.Is(err, ErrTopic) {
			t.Errorf("filter(%.20q + \".*\") = %.20q, %v, want ErrTopic", topic, filter, err)
		}
	}
	for _, subject := range []string{"other.a", "zerowire", "zerowire.%", "zerowire.%2", "zerowire.%2a", "zerowire.%41", "zerowire.%ZZ"} {
		if topic, ok := s.topic(subject); ok {
			t.Errorf("topic(%q) = %q, want none", subject, topic)
		}
	}
}

// Every byte comes back, and none is left that NATS would not take.
func TestEscapeIsReversible(t *testing.T) {
	for c := range 256 {
		topic := "a" + string([]byte{byte(c)}) + "b"
		escaped := escape(topic)
		if back, ok := unescape(escaped); !ok || back != topic {
			t.Errorf("unescape(%q) = %q, %v, want %q", escaped, back, ok, topic)
		}
		if strings.ContainsAny(escaped, " \t\r\n\f\x00*>") {
			t.Errorf("escape(%q) = %q, which NATS does not take", topic, escaped)
		}
	}
}

func TestInterestMatch(t *testing.T) {
	var i interest
	i.init()
	for _, pattern := range []string{"chat.a", "game.*", "x.y.*"} {
		i.set(pattern, true)
	}
	check := func(topic string, want bool) {
		t.Helper()
		if got := i.match(topic); got != want {
			t.Errorf("match(%q) = %v, want %v", topic, got, want)
		}
	}
	check("chat.a", true)
	check("chat.a.b", false)
	check("chat", false)
	check("game", false)
	check("game.1", true)
	check("game.1.2", true)
	check("games.1", false)
	check("x.z", false)
	check("x.y.z", true)
	i.set("*", true)
	check("chat", true)
	i.set("*", false)
	i.set("game.*", false)
	check("game.1", false)
}
