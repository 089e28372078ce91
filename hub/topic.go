package hub

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTopic is the maximum length of a topic or pattern, in bytes.
const MaxTopic = 255

// CheckTopic returns a [*TopicError] if topic is not valid. A topic consists of tokens
// separated by '.'. No token is empty or "*". It is valid UTF-8 without control
// characters, and has at most MaxTopic bytes. Topics that begin with '$' are reserved
// for the hub.
func CheckTopic(topic string) error { return check(topic, false) }

// CheckPattern returns a [*TopicError] if pattern is not valid. A pattern is a topic, a
// topic followed by ".*", or "*".
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
		wrong = "begins with $, which is reserved for the hub"
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
			return "has a wildcard, which is allowed only in a pattern"
		case token == "*" && more:
			return "has a wildcard that is not the last token"
		}
	}
	return ""
}

// below returns the prefix of a pattern with a wildcard: the topic above the wildcard,
// or "" for the pattern "*".
func below(pattern string) (prefix string, wildcard bool) {
	if pattern == "*" {
		return "", true
	}
	return strings.CutSuffix(pattern, ".*")
}
