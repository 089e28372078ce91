package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// originPolicy decides which pages may connect (RFC 6455 §10.2).
//
// A page of the server's own host always may: the host and port of its Origin
// are those of the request's Host, where the port may be left out on either
// side if it is the default of the origin's scheme. The scheme is not compared,
// because behind a proxy that ends TLS it is not known. All comparison is of
// whole strings, in ASCII without regard to case.
type originPolicy struct {
	any     bool
	decide  func(origin, host string) bool // alone, if it is not nil
	allowed []originPattern
}

type originPattern struct {
	scheme, host string // in lower case, without a default port
	below        bool   // matches every host below this one, and not it itself
}

// newOriginPolicy returns the policy of o. The error names an entry that would match
// nothing.
func newOriginPolicy(o *Options) (p originPolicy, err error) {
	if p.decide = o.OriginFunc; p.decide != nil && len(o.Origins) > 0 {
		return p, errors.New("websocket: Options.Origins and OriginFunc are both set: set one of them")
	}
	for _, entry := range o.Origins {
		if entry == "*" {
			p.any = true
			continue
		}
		pattern, wrong := parseOriginPattern(entry)
		if wrong != "" {
			return p, fmt.Errorf("websocket: Options.Origins: %q matches no origin: %s", entry, wrong)
		}
		p.allowed = append(p.allowed, pattern)
	}
	return p, nil
}

// parseOriginPattern reads an entry of Options.Origins, or says what is wrong with it.
func parseOriginPattern(entry string) (p originPattern, wrong string) {
	entry = strings.ToLower(entry)
	if entry == "null" {
		return originPattern{scheme: "null"}, ""
	}
	scheme, host, ok := strings.Cut(entry, "://")
	switch {
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
	if below {
		name = "." + name
	}
	return originPattern{scheme, trimPort(scheme, name), below}, ""
}

// check returns why a page of origin may not connect to host, nil if it may. No origin
// means no browser.
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

// shortQuote quotes in ASCII what a client has sent, up to 200 bytes of it.
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

// splitOrigin splits the serialised origin of RFC 6454 §6.2 into scheme, and host with
// port. A path behind it, which clients send that are no browsers, is left out. scheme is
// "" if it is no origin.
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

// isOriginText reports whether s is of visible ASCII characters.
func isOriginText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F {
			return false
		}
	}
	return true
}

// trimPort takes the default port of scheme from host.
func trimPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}
