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
// c, for protocols that need a net.Conn: tunnels, MQTT, multiplexers. op is the
// type of the messages, nearly always OpBinary. With OpText every Write must be
// valid UTF-8 by itself. NetConn panics if op is neither.
//
// Read returns the bytes of one message after the other, and skips empty
// messages. It returns io.EOF after the peer has closed the connection with
// StatusNormalClosure or StatusGoingAway. If the connection ended in another way,
// the stream may be incomplete, and Read returns the error of [Conn.Read]. A
// message of another type than op closes the connection with
// StatusUnsupportedData. Read receives a whole message before it returns the
// first byte, so that Options.MaxMessage limits the size of the peer's messages.
//
// Write copies p and sends it as one message; it sends nothing if p is empty. It
// returns before the message has been sent, and blocks while 64 KiB or more of
// earlier messages wait for the peer. A later call reports why an earlier message
// could not be sent.
//
// Deadlines limit calls, not the connection. After a timeout, calls return
// os.ErrDeadlineExceeded until the deadline is moved. Then the stream continues
// at the same byte. A Read that has timed out has consumed nothing. A Write that
// has timed out returns 0 and has sent nothing.
//
// Close sends the data that Write has accepted, performs the closing handshake
// with StatusNormalClosure, and closes the connection. It blocks until the peer
// has answered, or a time limit is exceeded: [Options.WriteTimeout] while the
// peer takes no data, then [Options.CloseTimeout]. Other calls return
// [ErrClosed] immediately. [Conn.CloseNow] on c does not wait.
//
// All methods may be called concurrently. NetConn takes ownership of c: the caller
// must neither read from c nor write to it, but may call CloseNow, Ping, and
// methods that only return a property. Options.Overflow must be Block or
// Disconnect, because the other policies drop messages.
func NetConn(c *Conn, op Opcode) net.Conn {
	if !op.IsData() {
		panic("websocket: NetConn: " + ErrMessageType.Error())
	}
	n := &netConn{c: c, op: op}
	n.in.deadline.renew()
	n.out.init(c, op)
	return n
}

// netConn is the net.Conn of NetConn.
type netConn struct {
	c  *Conn
	op Opcode
	in struct {
		deadline netDeadline
		mu       sync.Mutex // held by the Read that reads from c
		rest     []byte     // unread part of the last message of c.Read
		err      error      // a message of another type was received
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
		if n.in.err != nil {
			return 0, n.in.err
		}
		op, m, err := n.c.Read(ctx)
		switch {
		case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return 0, context.Cause(ctx)
		case err != nil:
			return 0, streamEnd(err)
		case op != n.op:
			n.c.StartClose(StatusUnsupportedData, "unexpected message type")
			n.in.err = fmt.Errorf("websocket: read from a stream: found a message of type %v, want %v", op, n.op)
			return 0, n.in.err
		}
		n.in.rest = m
	}
	k := copy(p, n.in.rest)
	n.in.rest = n.in.rest[k:]
	return k, nil
}

// streamEnd returns the error of the stream for err, the end of the connection: io.EOF
// after a normal closure.
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
