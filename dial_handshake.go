package websocket

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// maxRefusalBody is how much of a refusal's body is kept, in bytes.
const maxRefusalBody = 4 << 10

// bodyTime is how long the body of a refusal or a redirect may take: status and header
// are what counts, and some bodies never come.
const bodyTime = 500 * time.Millisecond

// request returns the opening handshake, and the key in it, which nobody can
// guess.
func (d *dialing) request() (request []byte, key [24]byte, err error) {
	var nonce [16]byte
	rand.Read(nonce[:])
	header := d.header()
	var last string // the name that is at fault if one is
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
						continue // Origin above; a second one is refused
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
	}
	return request, p.Key, err
}

// insteadOf says what to do instead of setting a reserved header.
func insteadOf(name string) string {
	switch name {
	case "Host":
		return "set DialOptions.Host"
	case "Sec-Websocket-Protocol":
		return "set Options.Subprotocols"
	case "Origin":
		return "set one"
	}
	return "leave it out"
}

// header returns the caller's header with what follows from URL and cookie jar.
func (d *dialing) header() http.Header {
	r := http.Request{Header: d.opts.Header.Clone()}
	if _, set := r.Header["Authorization"]; !set && d.to.user != nil {
		password, _ := d.to.user.Password()
		r.SetBasicAuth(d.to.user.Username(), password)
	}
	if d.opts.Jar != nil {
		if lines := r.Header["Cookie"]; len(lines) > 1 { // AddCookie keeps the first only
			r.Header["Cookie"] = []string{strings.Join(lines, "; ")} // one field: RFC 6265 §5.4
		}
		for _, cookie := range d.opts.Jar.Cookies(d.to.url) {
			r.AddCookie(cookie)
		}
	}
	return r.Header
}

// exchange sends the opening handshake and reads the answer to it. The error is a
// *HandshakeError if the answer is no.
func (d *dialing) exchange(nc net.Conn, request []byte, key [24]byte, a *answer) (ext extension, err error) {
	if err := writeAll(nc, request); err != nil {
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
		return ext, a.refused(nc, http.MethodGet, err.(codec.Refusal))
	}
	if compression != nil {
		var ok bool
		if ext.params, ext.on, ok = compression.policy().Agreed(a.head.Extensions()); !ok {
			return ext, a.refused(nc, http.MethodGet, codec.ErrExtension)
		}
	}
	if d.opts.Accepted != nil {
		err = d.opts.Accepted(header)
	}
	return ext, err
}

// answer is the response to an opening handshake or to CONNECT. The zero value
// is ready for read; release has to be called.
type answer struct {
	head       codec.Response
	in         *pool.Buffer // all that was received
	start, end int          // of the head in it
}

// read reads the head of the response from nc, and at most 16 KiB with those of
// the 1xx responses before it.
func (a *answer) read(nc net.Conn) error {
	a.in = pool.Get(firstHead)
	for {
		n, err := a.head.Parse(a.in.B[a.start:])
		switch {
		case err == nil && a.interim():
			if a.start += n; a.start >= codec.MaxHeadBytes {
				return codec.ErrHeadTooBig
			}
			a.head.Reset()
			a.head.MaxBytes = codec.MaxHeadBytes - a.start
		case err == nil:
			a.end = a.start + n
			return nil
		case err != codec.ErrShort:
			return err
		default:
			if err := a.receive(nc); err != nil {
				return err
			}
		}
	}
}

// interim reports whether another response follows this one.
func (a *answer) interim() bool {
	status := a.head.Status()
	return status < 200 && status != http.StatusSwitchingProtocols
}

// receive reads at least a byte from nc.
func (a *answer) receive(nc net.Conn) error {
	if len(a.in.B) == cap(a.in.B) {
		a.in = pool.Grow(a.in, 2*cap(a.in.B))
	}
	n, err := nc.Read(a.in.B[len(a.in.B):cap(a.in.B)])
	a.in.B = a.in.B[:len(a.in.B)+n]
	switch {
	case n > 0:
		return nil // an error with it comes again
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}

// header returns a copy of the header lines.
func (a *answer) header() http.Header {
	h := http.Header{}
	for name, value := range a.head.Fields() {
		h.Add(string(name), string(value))
	}
	return h
}

// rest returns what was received behind the head, valid until release.
func (a *answer) rest() []byte { return a.in.B[a.end:] }

// refused makes an error of the response. It reads the begin of its body from
// nc, or what comes of it.
func (a *answer) refused(nc net.Conn, method string, refusal codec.Refusal) *HandshakeError {
	e := &HandshakeError{Status: a.head.Status(), Reason: reason(refusal), Header: a.header(), cause: refusal}
	switch refusal {
	case codec.ErrStatus:
	case codec.ErrSubprotocolUnoffered:
		e.Reason += ": " + shortQuote(string(a.head.Subprotocol()))
		return e
	case codec.ErrExtension:
		e.Reason += ": " + shortQuote(strings.Join(e.Header["Sec-Websocket-Extensions"], ", "))
		return e
	default:
		return e
	}
	if e.Reason = string(a.head.Reason()); e.Reason == "" {
		e.Reason = http.StatusText(e.Status)
	}
	nc.SetReadDeadline(time.Now().Add(bodyTime))
	in := bufio.NewReader(io.MultiReader(bytes.NewReader(a.in.B[a.start:]), nc))
	if r, err := http.ReadResponse(in, &http.Request{Method: method}); err == nil {
		e.Body, _ = io.ReadAll(io.LimitReader(r.Body, maxRefusalBody))
	}
	return e
}

// release gives the buffer back.
func (a *answer) release() { pool.Put(a.in) }
