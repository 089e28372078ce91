package websocket

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// maxRefusalBody is the number of bytes of a refusal's body that are kept.
const maxRefusalBody = 4 << 10

// bodyTime limits the wait for the body of a refusal. Status and header matter more, and
// some bodies never arrive.
const bodyTime = 500 * time.Millisecond

// answer is the response to an opening handshake or to CONNECT. It holds a pooled buffer
// until release.
type answer struct {
	head       codec.Response
	most       int          // limit of the head in bytes, including 1xx responses
	in         *pool.Buffer // all received bytes
	start, end int          // of the head in in
	raw        net.Conn     // the network connection below TLS
	trace      trace
}

// newAnswer returns an answer that is received through raw and traced with t.
func (d *dialing) newAnswer(raw net.Conn, t trace) *answer {
	a := &answer{most: d.settings.MaxHeadBytes, raw: raw, trace: t}
	if a.most <= 0 {
		a.most = codec.MaxHeadBytes
	}
	a.head.MaxBytes, a.head.MaxLines = a.most, d.settings.MaxHeadFields
	return a
}

// read reads the head of the response from nc, and the heads of 1xx responses before it.
func (a *answer) read(nc net.Conn) error {
	err := a.readHead(nc)
	switch err {
	case codec.ErrHeadTooBig:
		return fmt.Errorf("%w of %d bytes: raise Options.MaxHeadBytes", err, a.most)
	case codec.ErrTooManyLines:
		return fmt.Errorf("%w: raise Options.MaxHeadFields", err)
	case codec.ErrStatusLine:
		if first := a.in.B[a.start]; first == recordAlert || first == recordHandshake {
			return fmt.Errorf("%w: the answer is TLS: use wss, or https for a proxy", err)
		}
	}
	return err
}

// The types of the first record that a TLS server sends (RFC 8446 §5.1).
const (
	recordAlert     = 21
	recordHandshake = 22
)

func (a *answer) readHead(nc net.Conn) error {
	a.in = pool.Get(firstHead)
	for {
		n, err := a.head.Parse(a.in.B[a.start:])
		switch {
		case err == nil && a.interim():
			if err := a.trace.gotInterim(a); err != nil {
				return err
			}
			if a.start += n; a.start >= a.most {
				return codec.ErrHeadTooBig
			}
			a.head.Reset()
			a.head.MaxBytes = a.most - a.start
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

// receive reads at least one byte from nc.
func (a *answer) receive(nc net.Conn) error {
	first := len(a.in.B) == 0
	if len(a.in.B) == cap(a.in.B) {
		a.in = pool.Grow(a.in, 2*cap(a.in.B))
	}
	n, err := nc.Read(a.in.B[len(a.in.B):cap(a.in.B)])
	a.in.B = a.in.B[:len(a.in.B)+n]
	switch {
	case n > 0:
		if first {
			a.trace.gotFirstByte()
		}
		return nil // the next Read returns the error again
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

// rest returns the bytes that were received after the head, valid until release.
func (a *answer) rest() []byte { return a.in.B[a.end:] }

// judged holds the header field that caused a refusal.
var judged = map[codec.Refusal]string{
	codec.ErrUpgrade:              "Upgrade",
	codec.ErrConnection:           "Connection",
	codec.ErrExtension:            "Sec-Websocket-Extensions",
	codec.ErrSubprotocolSeveral:   "Sec-Websocket-Protocol",
	codec.ErrSubprotocolUnoffered: "Sec-Websocket-Protocol",
}

// refused converts the response to an error, without its body.
func (a *answer) refused(refusal codec.Refusal) *HandshakeError {
	e := &HandshakeError{Status: a.head.Status(), Reason: reason(refusal), Header: a.header(), cause: refusal}
	if refusal == codec.ErrStatus {
		if e.Reason = string(a.head.Reason()); e.Reason == "" {
			e.Reason = http.StatusText(e.Status)
		}
	} else if values := e.Header[judged[refusal]]; len(values) > 0 {
		e.Reason += ": " + shortQuote(strings.Join(values, ", "))
	}
	return e
}

// body returns the first bytes of the response's body: those that have been received and,
// if wait is true, those that arrive within bodyTime. method is the method of the request.
// body may close the connection.
func (a *answer) body(nc net.Conn, method string, wait bool) []byte {
	received := io.Reader(bytes.NewReader(a.in.B[a.start:]))
	if wait {
		// Not a deadline: a connection that NetDial returns may not support one.
		late := time.AfterFunc(bodyTime, func() { a.raw.Close() })
		defer late.Stop()
		received = io.MultiReader(received, nc)
	}
	r, err := http.ReadResponse(bufio.NewReader(received), &http.Request{Method: method})
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxRefusalBody))
	return body
}

// release returns the buffer to the pool.
func (a *answer) release() { pool.Put(a.in) }
