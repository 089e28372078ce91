package codec

// maxSubprotocols bounds the work of finding one that is offered twice.
const maxSubprotocols = 64

// Check judges a parsed request by RFC 6455 §4.2.1 and returns the first
// Refusal of, in this order: method, Upgrade, Connection, version, key, body,
// sub-protocols, Origin. Whether the origin is welcome is the caller's to say.
//
// speaks are the sub-protocols that the server speaks: those that are no tokens may be
// offered all the same. More than 64 sub-protocols are refused. Extensions are not looked
// at.
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

// announcesBody reports whether anything but Content-Length: 0 says where a
// body ends (RFC 9112 §6.3). What one reader takes for a body another takes for
// the next request.
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

// checkSubprotocols judges Sec-WebSocket-Protocol: in all lines together one
// token or name of speaks or more, each once. Empty elements of the list are no fault (RFC 9110
// §5.6.1.2).
//
// NOTE: it needs so much stack that a request without the header must not come
// here: most goroutines that serve a handshake would grow theirs for it.
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
