package codec

// maxSubprotocols limits the work of finding duplicates.
const maxSubprotocols = 64

// Check checks a parsed request against RFC 6455 §4.2.1. The error is a [Refusal]: the first
// in the order method, Upgrade, Connection, version, key, body, sub-protocols, Origin. Check
// ignores extensions. The caller must decide whether the origin is allowed.
//
// speaks are the sub-protocols of the server. A client may offer them even if they are not
// tokens. Check refuses more than 64 sub-protocols.
func (r *Request) Check(speaks ...string) error {
	if v := r.check(speaks); v != 0 {
		return v
	}
	return nil
}

func (r *Request) check(speaks []string) Refusal {
	switch {
	case string(r.Method()) != "GET":
		return ErrMethod
	case !r.lists(fieldUpgrade, "websocket"):
		return ErrUpgrade
	case !r.lists(fieldConnection, "upgrade"):
		return ErrConnection
	case r.count[fieldVersion] > 1:
		return ErrVersionTwice
	case string(r.value(fieldVersion)) != "13":
		return ErrVersion
	case r.count[fieldKey] == 0:
		return ErrKeyMissing
	case r.count[fieldKey] > 1:
		return ErrKeyTwice
	case !ValidKey(r.Key()):
		return ErrKey
	case r.announcesBody():
		return ErrBody
	}
	if r.count[fieldProtocol] > 0 {
		if v := r.checkSubprotocols(speaks); v != 0 {
			return v
		}
	}
	if r.count[fieldOrigin] > 1 {
		return ErrOriginTwice
	}
	return 0
}

// announcesBody reports whether the request has Transfer-Encoding or a Content-Length other
// than 0 (RFC 9112 §6.3). Such a request is refused, because one reader can take for a body
// what another takes for the next request (request smuggling).
func (r *Request) announcesBody() bool {
	if r.count[fieldTransferEncoding] > 0 {
		return true
	}
	body := false
	r.all(fieldContentLength, func(v []byte) bool {
		body = string(v) != "0"
		return !body
	})
	return body
}

// checkSubprotocols checks Sec-WebSocket-Protocol. All its lines together must list at least
// one name. Each name must be a token or in speaks, and must not be repeated. Empty elements
// are allowed (RFC 9110 §5.6.1.2).
//
// NOTE: it uses much stack. Call it only if the request has the header: otherwise the stack
// of most goroutines that serve a handshake would grow.
func (r *Request) checkSubprotocols(speaks []string) Refusal {
	var (
		seen [maxSubprotocols][]byte
		n    int
	)
	for name := range r.Subprotocols() {
		if n == len(seen) || !IsToken(name) && !contains(speaks, name) {
			return ErrSubprotocol
		}
		for _, other := range seen[:n] {
			if string(name) == string(other) {
				return ErrSubprotocolTwice
			}
		}
		seen[n] = name
		n++
	}
	if n == 0 {
		return ErrSubprotocol
	}
	return 0
}
