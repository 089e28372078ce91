package h2stream

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Accept answers the extended CONNECT request r with status 200 and the header of w, and
// returns its stream. The handler must not return before [Conn.Done] is closed. Accept removes
// deadlines that http.Server has set for the stream.
//
// With wait, [Conn.Close] waits until Done is closed, for at most six seconds, so that the
// handler may return after Close.
func Accept(w http.ResponseWriter, r *http.Request, wait bool) (*Conn, error) {
	s := &serverStream{ctx: r.Context(), w: innermost(w)}
	s.rc = http.NewResponseController(s.w)
	s.rc.SetReadDeadline(time.Time{})
	s.rc.SetWriteDeadline(time.Time{})
	s.w.WriteHeader(http.StatusOK)
	if err := s.rc.Flush(); err != nil {
		return nil, endOf(err)
	}
	local, _ := s.ctx.Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		local = addr("")
	}
	c := newConn(r.Body, local, parseAddr(r.RemoteAddr), nil)
	c.finish = func(drained, _ bool) { s.finish(r.Body, drained) }
	if wait {
		c.waiting = 2 * lingerTime
	}
	c.out.begin = func() { go s.send(c) }
	c.start()
	return c, nil
}

// serverStream is the server's direction of a stream.
type serverStream struct {
	ctx context.Context // ends at the latest when the handler returns
	w   http.ResponseWriter
	rc  *http.ResponseController
}

// send sends the pending bytes of c, and returns when there are none.
func (s *serverStream) send(c *Conn) {
	if !c.enter() {
		c.out.fail(net.ErrClosed)
		return
	}
	defer c.leave()
	for {
		buffer, pending, ok := c.out.take()
		if !ok {
			return
		}
		c.out.done(buffer, s.guard(func() error {
			if _, err := s.w.Write(pending); err != nil {
				return err
			}
			return s.rc.Flush()
		}))
	}
}

// finish prepares the end of the stream. When the handler returns, net/http sends END_STREAM,
// and RST_STREAM with NO_ERROR if the peer has not ended its side. If the peer makes no room,
// the stream is reset with INTERNAL_ERROR: net/http has no way to choose the code.
func (s *serverStream) finish(body io.Closer, drained bool) {
	if !drained {
		s.guard(func() error { return s.rc.SetWriteDeadline(time.Unix(1, 0)) })
	}
	body.Close()
}

// guard calls use, which uses the ResponseWriter. After the handler has returned, net/http
// panics in such calls. The handler may return at any time, also during the call, so guard
// converts the panic to an error.
func (s *serverStream) guard(use func() error) (err error) {
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("http2: the handler returned before its stream was closed: %v", p)
		}
	}()
	return use()
}

// innermost returns the ResponseWriter below the wrappers of middlewares, as
// [http.ResponseController] finds it. The wrappers must not change the bytes of a WebSocket.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

// addr is an address that is not an IP address with a port.
type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

func parseAddr(s string) net.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return net.TCPAddrFromAddrPort(ap)
	}
	return addr(s)
}
