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

// maxRefusalBody is how much of a refusal's body is kept, in bytes.
const maxRefusalBody = 4 << 10

// bodyTime is how long the body of a refusal may take: status and header are what counts,
// and some bodies never come.
const bodyTime = 500 * time.Millisecond

// answer is the response to an opening handshake or to CONNECT. release has to be called.
type answer struct {
	head       codec.Response
	most       int          // bytes that the head may have, with those of 1xx responses
	in         *pool.Buffer // all that was received
	start, end int          // of the head in it
	raw        net.Conn     // what the response comes through in the end
	trace      trace
}

// newAnswer returns an answer that comes through raw and is traced with t.
func (d *dialing) newAnswer(raw net.Conn, t trace) *answer {
	a := &answer{most: d.settings.MaxHeadBytes, raw: raw, trace: t}
	if a.most <= 0 {
		a.most = codec.MaxHeadBytes
	}
	a.head.MaxBytes, a.head.MaxLines = a.most, d.settings.MaxHeadFields
	return a
}

// read reads the head of the response from nc, and those of the 1xx responses before it.
func (a *answer) read(nc net.Conn) error {
	err := a.readHead(nc)
	switch err {
	case codec.ErrHeadTooBig:
		return fmt.Errorf("%w of %d bytes: raise Options.MaxHeadBytes", err, a.most)
	case codec.ErrTooManyLines:
		return fmt.Errorf("%w: raise Options.MaxHeadFields", err)
	}
	return err
}

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

// receive reads at least a byte from nc.
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

// judged has the name of the field that a refusal is about.
var judged = map[codec.Refusal]string{
	codec.ErrUpgrade:              "Upgrade",
	codec.ErrConnection:           "Connection",
	codec.ErrExtension:            "Sec-Websocket-Extensions",
	codec.ErrSubprotocolSeveral:   "Sec-Websocket-Protocol",
	codec.ErrSubprotocolUnoffered: "Sec-Websocket-Protocol",
}

// refused makes an error of the response, without its body.
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

// body returns the begin of the response's body, as much as has been received or, if wait
// is true, comes soon. method is that of the request. It may close the connection.
func (a *answer) body(nc net.Conn, method string, wait bool) []byte {
	received := io.Reader(bytes.NewReader(a.in.B[a.start:]))
	if wait {
		// Not a deadline: connections that NetDial returns may have none.
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

// release gives the buffer back.
func (a *answer) release() { pool.Put(a.in) }
