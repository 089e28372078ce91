package websocket

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// originPolicy decides which pages may connect (RFC 6455 §10.2).
//
// Pages of the server's own host are always allowed: the host and port of their
// Origin equal those of the request's Host. Either side may omit the default
// port of the origin's scheme. The scheme is not compared, because it is not
// known behind a proxy that terminates TLS. Whole strings are compared, in ASCII
// and without regard to case.
type originPolicy struct {
	any     bool
	decide  func(origin, host string) bool // if not nil, it replaces all other rules
	allowed []originPattern
}

type originPattern struct {
	scheme, host string // in lower case, without a default port
	below        bool   // matches every host below this one, but not this one
}

// newOriginPolicy returns the policy of o. The error names an entry that cannot match any
// origin.
func newOriginPolicy(o *Options) (p originPolicy, err error) {
	if p.decide = o.OriginFunc; p.decide != nil && len(o.Origins) > 0 {
		return p, fmt.Errorf("%w: Origins and OriginFunc are both set: set one of them", ErrOptions)
	}
	for _, entry := range o.Origins {
		if entry == "*" {
			p.any = true
			continue
		}
		pattern, wrong := parseOriginPattern(entry)
		if wrong != "" {
			return p, fmt.Errorf("%w: Origins: %q matches no origin: %s", ErrOptions, entry, wrong)
		}
		p.allowed = append(p.allowed, pattern)
	}
	return p, nil
}

// parseOriginPattern parses an entry of Options.Origins. wrong describes an invalid entry,
// and is "" for a valid one.
func parseOriginPattern(entry string) (p originPattern, wrong string) {
	entry = strings.ToLower(entry)
	if entry == "null" {
		return originPattern{scheme: "null"}, ""
	}
	scheme, host, ok := strings.Cut(entry, "://")
	switch {
	case strings.ContainsFunc(entry, func(c rune) bool { return c >= utf8.RuneSelf }):
		return p, "it is not ASCII: use the xn-- form of the host, which golang.org/x/net/idna computes"
	case !ok || scheme == "" || !isOriginText(entry):
		return p, `want scheme://host[:port], such as "https://example.com"`
	case strings.ContainsAny(host, "/?#"):
		return p, "an origin has no path: leave out what follows the host"
	case strings.ContainsAny(host, "@\\,"):
		return p, "want scheme://host[:port], without a user and without a list"
	case host == "" && (scheme == "http" || scheme == "https"):
		return p, "want a host behind the scheme"
	}
	name, below := strings.CutPrefix(host, "*.")
	if strings.Contains(name, "*") || below && (name == "" || name[0] == ':') {
		return p, "* stands only for whole labels at the begin of a host, or as an entry of its own: list the ports and hosts, or set OriginFunc"
	}
	if !isHostAndPort(name) {
		return p, "want a host with a port from 1 to 65535, or without one; an IPv6 address in brackets"
	}
	if below {
		name = "." + name
	}
	return originPattern{scheme, trimPort(scheme, name), below}, ""
}

// isHostAndPort reports whether s is a host or an IPv6 address in brackets, with a port as
// an origin has it, or none.
func isHostAndPort(s string) bool {
	colon := strings.LastIndexByte(s, ':')
	if strings.HasSuffix(s, "]") || colon < 0 {
		return (colon >= 0) == strings.HasPrefix(s, "[")
	}
	host, port := s[:colon], s[colon+1:]
	if host == "" || strings.Contains(host, ":") && !(strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")) {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && port[0] != '0'
}

// check returns an error if a page of origin may not connect to host. It allows a nil
// origin, because browsers always send one.
func (p *originPolicy) check(origin []byte, host string) error {
	if origin == nil || p.any {
		return nil
	}
	allowed := false
	if p.decide != nil {
		allowed = p.decide(string(origin), host)
	} else {
		allowed = p.allows(string(origin), host)
	}
	if allowed {
		return nil
	}
	return &HandshakeError{
		Status: http.StatusForbidden,
		Reason: fmt.Sprintf("origin %s not allowed for host %s", shortQuote(string(origin)), shortQuote(host)),
		cause:  codec.ErrOrigin,
	}
}

// shortQuote quotes at most 200 bytes of a client's text, in ASCII.
func shortQuote(s string) string {
	if len(s) > 200 {
		return fmt.Sprintf("%+q…", s[:200])
	}
	return fmt.Sprintf("%+q", s)
}

func (p *originPolicy) allows(origin, host string) bool {
	scheme, from := splitOrigin(origin)
	if scheme == "" {
		return false
	}
	if from != "" && from == trimPort(scheme, strings.ToLower(host)) {
		return true
	}
	for _, o := range p.allowed {
		if o.scheme == scheme && o.matches(from) {
			return true
		}
	}
	return false
}

func (o originPattern) matches(host string) bool {
	if o.below {
		return len(host) > len(o.host) && strings.HasSuffix(host, o.host)
	}
	return host == o.host
}

// splitOrigin splits a serialised origin (RFC 6454 §6.2) into scheme, and host with port.
// It ignores a path, which some clients other than browsers send. scheme is "" if origin
// is not valid.
func splitOrigin(origin string) (scheme, host string) {
	if origin == "null" {
		return "null", ""
	}
	scheme, host, ok := strings.Cut(strings.ToLower(origin), "://")
	if !ok || scheme == "" || !isOriginText(origin) {
		return "", ""
	}
	host, _, _ = strings.Cut(host, "/")
	if strings.ContainsAny(host, "?#@\\,") || host == "" && (scheme == "http" || scheme == "https") {
		return "", ""
	}
	return scheme, trimPort(scheme, host)
}

// isOriginText reports whether s consists of visible ASCII characters.
func isOriginText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F {
			return false
		}
	}
	return true
}

// trimPort removes the default port of scheme from host.
func trimPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}
