package natsbroker

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTopic reports a topic or pattern that cannot be converted to a NATS subject: it is
// empty, has an empty token, or is too long.
var ErrTopic = errors.New("natsbroker: not a topic")

// maxSubject limits a subject in bytes: a server accepts 4,096 bytes for the whole line that
// contains the subject.
const maxSubject = 2048

// subjects converts topics to NATS subjects and back. The tokens of a topic follow the
// prefix. Bytes with a meaning in NATS are replaced by %XX.
type subjects struct {
	prefix string // including the dot at its end
}

// all returns the subject that matches all subjects below the prefix.
func (s subjects) all() string { return s.prefix + ">" }

// subject returns the subject of a topic.
func (s subjects) subject(topic string) (string, error) {
	return s.checked(topic, s.prefix+escape(topic))
}

// filter returns the subject that matches a pattern.
func (s subjects) filter(pattern string) (string, error) {
	if pattern == "*" {
		return s.all(), nil
	}
	if above, ok := strings.CutSuffix(pattern, ".*"); ok {
		return s.checked(above, s.prefix+escape(above)+".>")
	}
	return s.subject(pattern)
}

func (s subjects) checked(topic, subject string) (string, error) {
	if len(subject) > maxSubject {
		return "", fmt.Errorf("%w: the subject would have %d bytes, at most %d are allowed", ErrTopic, len(subject), maxSubject)
	}
	for token := range strings.SplitSeq(topic, ".") {
		if token == "" {
			return "", fmt.Errorf("%w: %q has an empty token", ErrTopic, topic)
		}
	}
	return subject, nil
}

// topic returns the topic of a subject. It returns false if the method subject cannot return
// that subject.
func (s subjects) topic(subject string) (string, bool) {
	escaped, ok := strings.CutPrefix(subject, s.prefix)
	if !ok {
		return "", false
	}
	return unescape(escaped)
}

const hexDigits = "0123456789ABCDEF"

// special reports whether a byte must be escaped in a subject.
func special(c byte) bool {
	return c <= ' ' || c == 0x7f || c == '*' || c == '>' || c == '%'
}

func escape(topic string) string {
	plain := 0
	for plain < len(topic) && !special(topic[plain]) {
		plain++
	}
	if plain == len(topic) {
		return topic
	}
	b := []byte(topic[:plain])
	for _, c := range []byte(topic[plain:]) {
		if special(c) {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

// unescape reverts escape. It returns false if escape cannot return escaped.
func unescape(escaped string) (string, bool) {
	if strings.IndexByte(escaped, '%') < 0 {
		return escaped, true
	}
	var b []byte
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c == '%' {
			if len(escaped)-i < 3 {
				return "", false
			}
			high, low := strings.IndexByte(hexDigits, escaped[i+1]), strings.IndexByte(hexDigits, escaped[i+2])
			if high < 0 || low < 0 || !special(byte(high<<4|low)) {
				return "", false
			}
			c = byte(high<<4 | low)
			i += 2
		}
		b = append(b, c)
	}
	return string(b), true
}
