package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// NetConn returns a net.Conn that carries a stream of bytes in the messages of
// c, for protocols that are written for a net.Conn: tunnels, MQTT, multiplexers.
// op is the type of the messages, nearly always OpBinary: with OpText every
// Write must be valid UTF-8 by itself. NetConn panics if op is neither.
//
// Read returns the bytes of one message after the other and skips empty ones. It
// returns io.EOF after the peer has closed the connection with
// StatusNormalClosure or StatusGoingAway, and the error of [Conn.Read] if the
// connection ended in another way: a stream without a normal closure may be
// incomplete. A message of another type than op closes the connection with
// StatusUnsupportedData. A message is received as a whole before Read returns
// its first byte, so Options.MaxMessage bounds what the peer may send in one
// Write.
//
// Write copies p and sends it as one message; it sends nothing if p is empty. It
// returns before the message has been sent, and blocks while 64 KiB or more of
// earlier messages wait for the peer. A later call reports why an earlier message
// could not be sent.
//
// Deadlines bound calls, not the connection: after a timeout, and before the
// deadline is moved, calls return os.ErrDeadlineExceeded. Then the stream goes on
// where it was. A Read that has timed out has consumed nothing; a Write that has
// timed out returns 0 and has sent nothing.
//
// Close sends what Write has accepted, performs the closing handshake with
// StatusNormalClosure, and closes the connection. It blocks until the peer has
// answered, or a time limit in Options is exceeded: [Options.WriteTimeout] while
// the peer takes no data, then [Options.CloseTimeout]. Calls under way return
// ErrClosed, which is a net.ErrClosed, at once. [Conn.CloseNow] on c does not
// wait.
//
// All methods may be called concurrently. NetConn takes ownership of c: the caller
// must neither read from c nor write to it, but may call CloseNow, Ping, and the
// methods that only report. Options.Overflow must be Block or Disconnect, because
// a stream cannot lose a message.
func NetConn(c *Conn, op Opcode) net.Conn {
	if !op.IsData() {
		panic("websocket: NetConn: " + ErrMessageType.Error())
	}
	n := &netConn{c: c, op: op}
	n.in.deadline.renew()
	n.out.init(c, op)
	return n
}

// netConn is what NetConn returns.
type netConn struct {
	c  *Conn
	op Opcode
	in struct {
		deadline netDeadline
		mu       sync.Mutex // held by the Read that reads from c
		rest     []byte     // of the message that c.Read returned last
	}
	out netWriter // netconn_write.go
}

// Read implements net.Conn.
func (n *netConn) Read(p []byte) (int, error) {
	n.in.mu.Lock()
	defer n.in.mu.Unlock()
	ctx := n.in.deadline.context()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if len(p) == 0 {
		return 0, nil
	}
	for len(n.in.rest) == 0 {
		op, m, err := n.c.Read(ctx)
		switch {
		case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return 0, context.Cause(ctx)
		case err != nil:
			return 0, streamEnd(err)
		case op != n.op:
			n.c.StartClose(StatusUnsupportedData, "unexpected message type")
			return 0, fmt.Errorf("websocket: read from a stream: found a message of type %v, want %v", op, n.op)
		}
		n.in.rest = m
	}
	k := copy(p, n.in.rest)
	n.in.rest = n.in.rest[k:]
	return k, nil
}

// streamEnd returns what err, the end of the connection, is for a stream.
func streamEnd(err error) error {
	e, ok := errors.AsType[*CloseError](err)
	if ok && e.Err == nil && (e.Code == StatusNormalClosure || e.Code == StatusGoingAway) {
		return io.EOF
	}
	return err
}

// Write implements net.Conn.
func (n *netConn) Write(p []byte) (int, error) { return n.out.write(p) }

// Close implements net.Conn. Calls after the first one return ErrClosed.
func (n *netConn) Close() error {
	if !n.in.deadline.close() {
		return ErrClosed
	}
	n.out.finish()
	return n.c.Close(StatusNormalClosure, "")
}

// LocalAddr implements net.Conn.
func (n *netConn) LocalAddr() net.Addr { return n.c.LocalAddr() }

// RemoteAddr implements net.Conn.
func (n *netConn) RemoteAddr() net.Addr { return n.c.RemoteAddr() }

// SetDeadline implements net.Conn.
func (n *netConn) SetDeadline(t time.Time) error {
	return errors.Join(n.SetReadDeadline(t), n.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (n *netConn) SetReadDeadline(t time.Time) error { return n.in.deadline.set(t) }

// SetWriteDeadline implements net.Conn.
func (n *netConn) SetWriteDeadline(t time.Time) error { return n.out.deadline.set(t) }
