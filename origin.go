package websocket

import "strings"

// originPolicy decides which pages may connect (RFC 6455 §10.2).
//
// A page of the server's own host always may: the host and port of its Origin
// are those of the request's Host, where the port may be left out on either
// side if it is the default of the origin's scheme. The scheme is not compared,
// because behind a proxy that ends TLS nobody knows it. All comparison is of
// whole strings, in ASCII without regard to case; "null" is no origin.
type originPolicy struct {
	any     bool
	allowed []originPattern
}

type originPattern struct {
	scheme, host string // in lower case, without a default port
	below        bool   // matches every host below this one, and not it itself
}

func newOriginPolicy(origins []string) originPolicy {
	var p originPolicy
	for _, o := range origins {
		if o == "*" {
			p.any = true
		}
		if scheme, host, ok := splitOrigin(o); ok {
			below := strings.HasPrefix(host, "*.")
			p.allowed = append(p.allowed, originPattern{scheme, strings.TrimPrefix(host, "*"), below})
		}
	}
	return p
}

// allow reports whether a page of origin may connect to host. No origin means
// no browser.
func (p *originPolicy) allow(origin, host []byte) bool {
	if origin == nil || p.any {
		return true
	}
	scheme, from, ok := splitOrigin(string(origin))
	if !ok {
		return false
	}
	if from == trimPort(scheme, strings.ToLower(string(host))) {
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

// splitOrigin splits the serialised origin of RFC 6454 §6.2 into scheme and host
// with port.
func splitOrigin(origin string) (scheme, host string, ok bool) {
	for i := range len(origin) {
		if c := origin[i]; c <= ' ' || c >= 0x7F {
			return "", "", false
		}
	}
	scheme, host, ok = strings.Cut(strings.ToLower(origin), "://")
	if !ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#@\\,") {
		return "", "", false
	}
	return scheme, trimPort(scheme, host), true
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
