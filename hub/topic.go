package hub

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTopic is the length of the longest topic or pattern, in bytes.
const MaxTopic = 255

// CheckTopic returns a *TopicError unless topic is one: tokens with a '.' between
// them, none of them empty or "*", of valid UTF-8 without control characters, and
// at most MaxTopic bytes in all. Topics that begin with '$' are the hub's own.
func CheckTopic(topic string) error { return check(topic, false) }

// CheckPattern returns a *TopicError unless pattern is a topic, or a topic with
// ".*" behind it, or "*".
func CheckPattern(pattern string) error { return check(pattern, true) }

func check(topic string, pattern bool) error {
	wrong := ""
	switch {
	case len(topic) > MaxTopic:
		topic, wrong = topic[:MaxTopic], "longer than 255 bytes"
	case !utf8.ValidString(topic):
		wrong = "not UTF-8"
	case strings.ContainsFunc(topic, unicode.IsControl):
		wrong = "has a control character"
	case strings.HasPrefix(topic, "$"):
		wrong = "begins with $, which is for the hub itself"
	default:
		wrong = checkTokens(topic, pattern)
	}
	if wrong == "" {
		return nil
	}
	return &TopicError{Topic: strings.Clone(topic), Reason: wrong}
}

func checkTokens(topic string, pattern bool) (wrong string) {
	for rest, more := topic, true; more; {
		var token string
		switch token, rest, more = strings.Cut(rest, "."); {
		case token == "":
			return "has an empty token"
		case token == "*" && !pattern:
			return "has a wildcard, which only a pattern may"
		case token == "*" && more:
			return "has a wildcard that is not the last token"
		}
	}
	return ""
}

// below splits a pattern with a wildcard: into what it matches everything below
// of, "" for all there is.
func below(pattern string) (prefix string, wildcard bool) {
	if pattern == "*" {
		return "", true
	}
	return strings.CutSuffix(pattern, ".*")
}
