package reach

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// CheckURL finds the mistakes that are made most often in the URL of a server;
// [websocket.Dial] finds them all.
func CheckURL(raw string) error {
	scheme, rest, ok := strings.Cut(raw, ":")
	unix := strings.HasSuffix(strings.ToLower(scheme), "+unix")
	switch {
	case raw == "":
		return errors.New("no URL of a server is given: want one such as ws://localhost:8000/echo")
	case strings.HasPrefix(raw, ":"):
		return fmt.Errorf("URL %q has no scheme and no host: did you mean ws://localhost%s?", raw, raw)
	case !ok || !strings.HasPrefix(rest, "//") && !unix:
		return fmt.Errorf("URL %q has no scheme: did you mean ws://%s?", raw, raw)
	}
	switch strings.ToLower(scheme) {
	case "ws", "wss", "http", "https", "ws+unix", "wss+unix":
	default:
		return fmt.Errorf("URL with scheme %q: want ws:// or wss://, or ws+unix:// for a unix socket", scheme)
	}
	u, err := url.Parse(raw)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the URL may contain a password
	}
	switch {
	case err != nil:
		return fmt.Errorf("malformed URL: %w", err)
	case u.Hostname() == "" && !unix:
		return fmt.Errorf("URL %q has no host: did you mean ws://localhost?", raw)
	case strings.Contains(raw, "#"):
		return errors.New("a WebSocket URL has no fragment (RFC 6455 §3): write %23 for a # in it")
	}
	return nil
}

// WithoutPassword returns raw as it may be shown.
func WithoutPassword(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Redacted()
}
