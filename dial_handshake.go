package websocket

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// request returns the opening handshake and its key, which is random.
func (d *dialing) request() (request []byte, key [24]byte, err error) {
	var nonce [16]byte
	rand.Read(nonce[:])
	header := d.header()
	var last string // the header name that an error refers to
	p := codec.RequestParams{
		Host:         d.opts.Host,
		Target:       d.to.url.RequestURI(),
		Key:          codec.EncodeKey(nonce),
		Origin:       header.Get("Origin"),
		Subprotocols: d.settings.Subprotocols,
		Extensions:   d.settings.Compression.offer(),
		Header: func(yield func(name, value string) bool) {
			for _, last = range slices.Sorted(maps.Keys(header)) {
				for i, value := range header[last] {
					if last == "Origin" && i == 0 {
						continue // set above; a second value is refused
					}
					if !yield(last, value) {
						return
					}
				}
			}
		},
	}
	if p.Host == "" {
		p.Host = d.to.host()
	}
	request, err = codec.AppendRequest(nil, p)
	switch err {
	case codec.MisuseHeader:
		err = fmt.Errorf("header %q: %w", last, err)
	case codec.MisuseReserved:
		err = fmt.Errorf("header %q: %w: %s", last, err, insteadOf(last))
	case codec.MisuseHost: // DialOptions.Host: newEndpoint has checked the URL's
		err = explainHost("DialOptions.Host", &url.URL{Host: d.opts.Host}, err)
	case codec.MisuseOrigin:
		err = fmt.Errorf("header %q: %w", "Origin", err)
	case codec.MisuseSubprotocol:
		err = fmt.Errorf("Options.Subprotocols %q: %w", d.settings.Subprotocols, err)
	}
	return request, p.Key, err
}

// insteadOf returns the advice for a reserved header: what to do instead of setting it.
func insteadOf(name string) string {
	switch name {
	case "Host":
		return "set DialOptions.Host"
	case "Sec-Websocket-Protocol":
		return "set Options.Subprotocols"
	case "Sec-Websocket-Extensions":
		return "set Options.Compression"
	case "Origin":
		return "set one"
	}
	return "leave it out"
}

// defaultUserAgent is the value of User-Agent if Header does not set one.
const defaultUserAgent = "zerowire"

// userAgent returns the value of User-Agent, or "" to send none.
func (d *dialing) userAgent() string {
	if _, set := d.opts.Header["User-Agent"]; set {
		return strings.TrimSpace(d.opts.Header.Get("User-Agent"))
	}
	return defaultUserAgent
}

// header returns the caller's header, with fields added from the URL and the cookie jar.
func (d *dialing) header() http.Header {
	r := http.Request{Header: d.opts.Header.Clone()}
	if agent := d.userAgent(); agent != "" {
		r.Header.Set("User-Agent", agent)
	} else {
		r.Header.Del("User-Agent")
	}
	if _, set := r.Header["Authorization"]; !set && d.to.user != nil {
		password, _ := d.to.user.Password()
		r.SetBasicAuth(d.to.user.Username(), password)
	}
	if lines := r.Header["Cookie"]; len(lines) > 1 {
		r.Header["Cookie"] = []string{strings.Join(lines, "; ")} // one field: RFC 6265 §5.4
	}
	if d.opts.Jar != nil {
		for _, cookie := range d.opts.Jar.Cookies(d.to.url) {
			r.AddCookie(cookie)
		}
	}
	return r.Header
}

// exchange sends the opening handshake and reads the response. If the response does not
// accept the connection, the error is a [*HandshakeError].
func (d *dialing) exchange(nc net.Conn, request []byte, key [24]byte, a *answer) (ext extension, err error) {
	err = writeAll(nc, request)
	if d.trace.wroteRequest(request, err); err != nil {
		return ext, fmt.Errorf("opening handshake: %w", err)
	}
	if err := a.read(nc); err != nil {
		return ext, fmt.Errorf("opening handshake: %w", err)
	}
	header := a.header()
	if d.opts.Jar != nil {
		if cookies := (&http.Response{Header: header}).Cookies(); len(cookies) > 0 {
			d.opts.Jar.SetCookies(d.to.url, cookies)
		}
	}
	compression := d.settings.Compression
	if err := a.head.Check(key, d.settings.Subprotocols, compression != nil); err != nil {
		refused := a.refused(err.(codec.Refusal))
		if err == codec.ErrStatus {
			refused.Body = a.body(nc, http.MethodGet, !d.redirects(refused))
		}
		return ext, refused
	}
	if compression != nil {
		var ok bool
		if ext.params, ext.on, ok = compression.policy().Agreed(a.head.Extensions()); !ok {
			return ext, a.refused(codec.ErrExtension)
		}
	}
	if d.opts.Accepted != nil {
		err = d.opts.Accepted(header)
	}
	return ext, err
}
