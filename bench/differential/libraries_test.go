package differential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// library is an implementation of the protocol.
type library struct {
	name string
	open func(nc net.Conn, role codec.Role, extension string) (conn, error)
}

// conn is a connection of a library.
type conn interface {
	receive() (wstest.Event, error)                 // the next message
	closed(err error) (*websocket.CloseError, bool) // whether err says that the peer has closed
	send(op codec.Opcode, pieces [][]byte) error    // one message, in fragments if there are several
	drop()
}

// ours is the library that the others are compared with.
var ours = library{"zerowire", openOurs}

type ourConn struct{ *websocket.Conn }

func openOurs(nc net.Conn, role codec.Role, extension string) (conn, error) {
	o := &websocket.Options{MaxMessage: -1, MaxControlFrames: -1}
	if extension != "" {
		o.Compression = &websocket.Compression{Takeover: true, Threshold: -1}
	}
	return ourConn{testkit.NewConn(nc, role, websocket.Handshake{Extensions: extension}, o)}, nil
}

func (c ourConn) receive() (wstest.Event, error) {
	op, p, err := c.ReadAppend(context.Background(), nil)
	return wstest.Event{Opcode: op, Payload: p}, err
}

func (c ourConn) closed(err error) (*websocket.CloseError, bool) {
	e, ok := errors.AsType[*websocket.CloseError](err)
	return e, ok && e.Err == nil
}

func (c ourConn) send(op codec.Opcode, pieces [][]byte) error {
	if len(pieces) == 1 {
		return c.Write(context.Background(), op, pieces[0])
	}
	w, err := c.Writer(context.Background(), op)
	return writePieces(w, err, pieces)
}

func (c ourConn) drop() { c.CloseNow() }

// writePieces writes a message as a stream, if that could be begun.
func writePieces(w io.WriteCloser, err error, pieces [][]byte) error {
	for _, p := range pieces {
		if err == nil {
			_, err = w.Write(p)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return err
}

// gorilla/websocket

type gorillaConn struct{ *gorilla.Conn }

func openGorilla(nc net.Conn, role codec.Role, extension string) (conn, error) {
	if role == codec.Server {
		w, r := request(nc, extension)
		u := gorilla.Upgrader{EnableCompression: extension != ""}
		c, err := u.Upgrade(w, r, nil)
		return gorillaConn{c}, err
	}
	d := gorilla.Dialer{
		EnableCompression: extension != "",
		NetDial:           func(string, string) (net.Conn, error) { return newAnswered(nc, extension), nil },
	}
	c, _, err := d.Dial("ws://server.example/", nil)
	return gorillaConn{c}, err
}

func (c gorillaConn) receive() (wstest.Event, error) {
	op, p, err := c.ReadMessage()
	return wstest.Event{Opcode: codec.Opcode(op), Payload: p}, err
}

// closed: 1006 is what gorilla makes of a connection that ends without a Close frame.
func (c gorillaConn) closed(err error) (*websocket.CloseError, bool) {
	e, ok := errors.AsType[*gorilla.CloseError](err)
	if !ok || e.Code == gorilla.CloseAbnormalClosure {
		return nil, false
	}
	return &websocket.CloseError{Code: codec.StatusCode(e.Code), Reason: e.Text}, true
}

func (c gorillaConn) send(op codec.Opcode, pieces [][]byte) error {
	if len(pieces) == 1 {
		return c.WriteMessage(int(op), pieces[0])
	}
	w, err := c.NextWriter(int(op))
	return writePieces(w, err, pieces)
}

func (c gorillaConn) drop() { c.Close() }

// coder/websocket

type coderConn struct{ *coder.Conn }

func openCoder(nc net.Conn, role codec.Role, extension string) (conn, error) {
	mode := coder.CompressionDisabled
	if extension != "" {
		mode = coder.CompressionNoContextTakeover
	}
	var c *coder.Conn
	var err error
	if role == codec.Server {
		w, r := request(nc, extension)
		c, err = coder.Accept(w, r, &coder.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1})
	} else {
		t := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return newAnswered(nc, extension), nil }}
		c, _, err = coder.Dial(context.Background(), "ws://server.example/", &coder.DialOptions{
			HTTPClient: &http.Client{Transport: t}, CompressionMode: mode, CompressionThreshold: 1,
		})
	}
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(-1)
	return coderConn{c}, nil
}

func (c coderConn) receive() (wstest.Event, error) {
	op, p, err := c.Read(context.Background())
	return wstest.Event{Opcode: codec.Opcode(op), Payload: p}, err
}

func (c coderConn) closed(err error) (*websocket.CloseError, bool) {
	e, ok := errors.AsType[coder.CloseError](err)
	return &websocket.CloseError{Code: codec.StatusCode(e.Code), Reason: e.Reason}, ok
}

func (c coderConn) send(op codec.Opcode, pieces [][]byte) error {
	if len(pieces) == 1 {
		return c.Write(context.Background(), coder.MessageType(op), pieces[0])
	}
	w, err := c.Writer(context.Background(), coder.MessageType(op))
	return writePieces(w, err, pieces)
}

func (c coderConn) drop() { c.CloseNow() }

// gobwas/ws: the loop over frames that it leaves to its users.

type gobwasConn struct {
	nc     net.Conn
	state  ws.State
	reader *wsutil.Reader
}

func openGobwas(nc net.Conn, role codec.Role, _ string) (conn, error) {
	c := &gobwasConn{nc: nc, state: ws.StateServerSide}
	if role == codec.Client {
		c.state = ws.StateClientSide
	}
	c.reader = &wsutil.Reader{Source: nc, State: c.state, CheckUTF8: true, OnIntermediate: c.control}
	return c, nil
}

func (c *gobwasConn) receive() (wstest.Event, error) {
	for {
		h, err := c.reader.NextFrame()
		if err != nil {
			return wstest.Event{}, err
		}
		if !h.OpCode.IsControl() {
			p, err := io.ReadAll(c.reader)
			return wstest.Event{Opcode: codec.Opcode(h.OpCode), Payload: p}, err
		}
		if err := c.control(h, c.reader); err != nil {
			return wstest.Event{}, err
		}
	}
}

func (c *gobwasConn) control(h ws.Header, r io.Reader) error {
	answer := wsutil.ControlHandler{Src: r, Dst: c.nc, State: c.state, DisableSrcCiphering: true}
	return answer.Handle(h)
}

func (c *gobwasConn) closed(err error) (*websocket.CloseError, bool) {
	e, ok := errors.AsType[wsutil.ClosedError](err)
	return &websocket.CloseError{Code: codec.StatusCode(e.Code), Reason: e.Reason}, ok
}

func (c *gobwasConn) send(op codec.Opcode, pieces [][]byte) error {
	for i, p := range pieces {
		f := ws.NewFrame(ws.OpCode(op), i == len(pieces)-1, p)
		if i > 0 {
			f.Header.OpCode = ws.OpContinuation
		}
		if c.state.ClientSide() {
			f = ws.MaskFrame(f)
		}
		if err := ws.WriteFrame(c.nc, f); err != nil {
			return err
		}
	}
	return nil
}

func (c *gobwasConn) drop() { c.nc.Close() }

var others = []library{{"gorilla", openGorilla}, {"coder", openCoder}, {"gobwas", openGobwas}}

// verdict is what a library makes of a stream.
type verdict struct {
	messages []wstest.Event
	end      end
	closed   websocket.CloseError // if the peer has closed
	err      error
}

// end is how a connection ends.
type end string

const (
	closed   end = "closed"  // by the peer's Close frame
	refused  end = "refused" // what came is not legal
	cut      end = "cut"     // the stream ends, and nothing was wrong with it
	panicked end = "panicked"
)

func (v verdict) String() string {
	s := ""
	for _, m := range v.messages {
		s += m.String() + ", "
	}
	if v.end == closed {
		return fmt.Sprintf("%sclosed with %d %q", s, uint16(v.closed.Code), v.closed.Reason)
	}
	return fmt.Sprintf("%s%s: %v", s, v.end, v.err)
}

// observe returns what l makes of what nc brings.
func observe(l library, nc net.Conn, role codec.Role, extension string) (v verdict, err error) {
	defer func() {
		if p := recover(); p != nil {
			v.end, v.err = panicked, fmt.Errorf("panic: %v", p)
		}
	}()
	t := &tracked{Conn: nc}
	c, err := l.open(t, role, extension)
	if err != nil {
		return v, err
	}
	defer c.drop()
	for {
		e, err := c.receive()
		if err == nil {
			v.messages = append(v.messages, e)
			continue
		}
		v.err = err
		e2, peer := c.closed(err)
		_, violation := errors.AsType[codec.Violation](err)
		switch {
		case peer:
			v.end, v.closed = closed, *e2
		case violation, !t.ended.Load():
			v.end = refused
		default:
			v.end = cut
		}
		return v, nil
	}
}
