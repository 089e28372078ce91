package websocket

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
)

// trace calls the hooks that net/http/httptrace has put into a context.
type trace struct{ hooks httptrace.ClientTrace }

func traceOf(ctx context.Context) trace {
	if hooks := httptrace.ContextClientTrace(ctx); hooks != nil {
		return trace{*hooks}
	}
	return trace{}
}

func (t *trace) getConn(addr string) {
	if t.hooks.GetConn != nil {
		t.hooks.GetConn(addr)
	}
}

func (t *trace) startTLS() {
	if t.hooks.TLSHandshakeStart != nil {
		t.hooks.TLSHandshakeStart()
	}
}

func (t *trace) doneTLS(conn *tls.Conn, err error) {
	switch {
	case t.hooks.TLSHandshakeDone == nil:
	case err != nil:
		t.hooks.TLSHandshakeDone(tls.ConnectionState{}, err)
	default:
		t.hooks.TLSHandshakeDone(conn.ConnectionState(), nil)
	}
}

func (t *trace) gotConn(nc net.Conn) {
	if t.hooks.GotConn != nil {
		t.hooks.GotConn(httptrace.GotConnInfo{Conn: nc})
	}
}

// wroteRequest reports to the hooks that request has been sent, or that sending failed.
func (t *trace) wroteRequest(request []byte, err error) {
	if t.hooks.WroteHeaderField != nil && err == nil {
		for i, line := range bytes.Split(bytes.TrimSuffix(request, []byte("\r\n\r\n")), []byte("\r\n")) {
			if name, value, ok := bytes.Cut(line, []byte(": ")); ok && i > 0 {
				t.hooks.WroteHeaderField(string(name), []string{string(value)})
			}
		}
	}
	if t.hooks.WroteHeaders != nil && err == nil {
		t.hooks.WroteHeaders()
	}
	if t.hooks.WroteRequest != nil {
		t.hooks.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
}

func (t *trace) gotFirstByte() {
	if t.hooks.GotFirstResponseByte != nil {
		t.hooks.GotFirstResponseByte()
	}
}

// gotInterim reports a 1xx response to the hooks. Their error ends the request.
func (t *trace) gotInterim(a *answer) error {
	if t.hooks.Got100Continue != nil && a.head.Status() == http.StatusContinue {
		t.hooks.Got100Continue()
	}
	if t.hooks.Got1xxResponse == nil {
		return nil
	}
	return t.hooks.Got1xxResponse(a.head.Status(), textproto.MIMEHeader(a.header()))
}
