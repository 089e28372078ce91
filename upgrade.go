package websocket

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Upgrader performs the server's side of the opening handshake for requests of
// net/http. Its connections share one copy of the settings. Set Options before the
// first use, and do not change them afterwards. The methods may be called concurrently.
// The zero value is valid.
//
//	var upgrader = websocket.Upgrader{Options: websocket.Options{MaxMessage: 64 << 10}}
//
//	func chat(w http.ResponseWriter, r *http.Request) {
//		c, err := upgrader.Upgrade(w, r)
//		if err != nil {
//			return // the client has been answered
//		}
//		c.Serve(handler)
//	}
//
// A [Server] is an http.Handler that also counts, limits and shuts down its
// connections.
type Upgrader struct {
	// Options are the settings of every connection.
	Options Options

	once sync.Once
	upgrader
}

// Upgrade performs the server's side of the opening handshake (RFC 6455 §4.2) on r, and
// takes the connection over from net/http. Read the connection in the same goroutine,
// or pass it to [Conn.Serve] or [Conn.Start].
//
// A request that violates the rules is answered, and its connection is closed. The
// error is then a [*HandshakeError], in which errors.As finds the [codec.Refusal].
// Other errors report invalid Options, a w that cannot be hijacked, a header that must
// not be sent, or an error of the network. After an error, nothing more has to be sent
// to w.
//
// http.ResponseController must be able to hijack w: the wrapper of a middleware needs a
// method Unwrap or Hijack. Wrappers see the status 101. The header that was set on w is
// sent with the response, without fields that describe a body or the connection. Bytes
// that follow the request are the first frames. The limits of http.Server for the size
// and the number of fields of a request apply, instead of those of Options. The deadlines
// and the Shutdown of http.Server no longer apply to the connection.
//
// Over HTTP/2, Upgrade accepts an extended CONNECT for a WebSocket (RFC 8441) if
// net/http has announced support for it; docs/http2.md in the repository says how. The response is then 200.
// The caller has to serve the connection in the handler: net/http ends the stream when
// the handler returns. [Conn.CloseNow] waits until the stream is no longer used, for at
// most six seconds.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	u.init()
	c, err := u.upgrade(w, r, nil, false)
	if c != nil {
		c.watchReading()
	}
	return c, err
}

func (u *Upgrader) init() {
	u.once.Do(func() { u.upgrader = newUpgrader(&u.Options) })
}

// Upgrade is [Upgrader.Upgrade] with the settings opts, which may be nil. Each call with
// opts prepares them anew, which costs about a microsecond and 1 KB. In a handler that is
// called often, use an [Upgrader].
func Upgrade(w http.ResponseWriter, r *http.Request, opts *Options) (*Conn, error) {
	u := &defaultUpgrader
	if opts != nil {
		u = &Upgrader{Options: *opts}
	}
	return u.Upgrade(w, r)
}

var defaultUpgrader Upgrader

// upgrader holds the prepared Options of an Upgrader or a Server.
type upgrader struct {
	settings *settings
	origins  originPolicy
	invalid  error // reports invalid Options
}

func newUpgrader(o *Options) upgrader {
	u := upgrader{settings: o.resolve()}
	u.origins, u.invalid = o.validate()
	return u
}

// upgrade implements Upgrader.Upgrade, and calls Hooks.Refused. admit may refuse a valid
// request; it may be nil. blocks is passed to acceptHTTP2.
func (u *upgrader) upgrade(w http.ResponseWriter, hr *http.Request, admit func(*Request) error, blocks bool) (c *Conn, err error) {
	r := requests.Get().(*Request)
	r.http = hr
	defer func() {
		if refused := u.settings.Hooks.Refused; err != nil && refused != nil {
			refused(r, err)
		}
		r.reset()
		requests.Put(r)
	}()
	switch {
	case u.invalid != nil:
		return nil, fail(w, hr, u.invalid)
	case !isExtendedConnect(hr):
		err = u.judgeHTTP(r, hr.Proto, hr.Header, admit)
	case isWebSocket(hr):
		err = u.judgeHTTP(r, "HTTP/2.0", hr.Header, admit)
	default:
		err = errProtocol
	}
	if err != nil {
		return nil, refuseHTTP(w, hr, err)
	}
	protocol := selectSubprotocol(u.settings.Subprotocols, &r.head)
	ext := u.settings.Compression.accept(r.head.Extensions())
	if isExtendedConnect(hr) {
		return u.acceptHTTP2(w, r, protocol, ext, blocks)
	}
	return u.accept(w, r, protocol, ext)
}

// accept answers r with 101 and hijacks its connection.
func (u *upgrader) accept(w http.ResponseWriter, r *Request, protocol string, ext extension) (*Conn, error) {
	out := pool.Get(pool.MinSize)
	defer pool.Put(out)
	var err error
	if out.B, err = codec.AppendResponse(out.B, r.head.Key(), protocol, ext.String()); err == nil {
		out.B, err = appendFields(out.B, w.Header())
	}
	if err != nil {
		return nil, fail(w, r.http, err)
	}
	sent := announce(w, r.head.Key(), protocol, ext)
	nc, in, err := hijack(w)
	if err != nil {
		return nil, fail(w, r.http, err)
	}
	early, _ := in.Reader.Peek(in.Reader.Buffered())
	nc, early = original(nc, early)
	if !sent {
		if err := u.send(nc, out.B); err != nil {
			return nil, err
		}
	}
	nc.SetDeadline(time.Time{}) // removes the deadline of http.Server
	c := newConn(nc, RoleServer, u.settings, protocol, ext, early, r)
	*in.Reader = *noInput // net/http refers to the reader, and its 4 KiB, until the handler returns
	return c, nil
}

// noInput is at its end, and has the smallest buffer. Nothing is written into that.
var noInput = bufio.NewReaderSize(http.NoBody, 0)

// send sends the 101, within the time limit of the opening handshake.
func (u *upgrader) send(nc net.Conn, response []byte) error {
	var limit time.Time
	if d := u.settings.HandshakeTimeout; d > 0 {
		limit = time.Now().Add(d)
	}
	nc.SetDeadline(limit)
	if err := writeAll(nc, response); err != nil {
		nc.Close()
		return fmt.Errorf("websocket: upgrade: %w", err)
	}
	return nil
}
