package bench

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/gorilla/websocket"

	ours "github.com/zerowire/websocket/gorilla"
)

// gorillaConn is what a Conn of gorilla/websocket and one of package gorilla have in
// common.
type gorillaConn interface {
	ReadMessage() (int, []byte, error)
	WriteMessage(int, []byte) error
	NextReader() (int, io.Reader, error)
	NextWriter(int) (io.WriteCloser, error)
	Close() error
}

// gorillaLibrary upgrades connections, and prepares messages.
type gorillaLibrary struct {
	name    string
	upgrade func(w http.ResponseWriter, r *http.Request, deflate bool) (gorillaConn, error)
	prepare func(p []byte) (send func(gorillaConn) error, err error)
}

var gorillaLibraries = [...]gorillaLibrary{
	{
		"ours",
		func(w http.ResponseWriter, r *http.Request, deflate bool) (gorillaConn, error) {
			u := ours.Upgrader{EnableCompression: deflate}
			return u.Upgrade(w, r, nil)
		},
		func(p []byte) (func(gorillaConn) error, error) {
			m, err := ours.NewPreparedMessage(ours.BinaryMessage, p)
			return func(c gorillaConn) error { return c.(*ours.Conn).WritePreparedMessage(m) }, err
		},
	},
	{
		"gorilla",
		func(w http.ResponseWriter, r *http.Request, deflate bool) (gorillaConn, error) {
			u := websocket.Upgrader{EnableCompression: deflate}
			return u.Upgrade(w, r, nil)
		},
		func(p []byte) (func(gorillaConn) error, error) {
			m, err := websocket.NewPreparedMessage(websocket.BinaryMessage, p)
			return func(c gorillaConn) error { return c.(*websocket.Conn).WritePreparedMessage(m) }, err
		},
	},
}

// gorillaWay is one of the ways in which applications of gorilla/websocket echo a message.
type gorillaWay func(gorillaConn) error

func echoWhole(c gorillaConn) error {
	op, p, err := c.ReadMessage()
	if err != nil {
		return err
	}
	return c.WriteMessage(op, p)
}

func echoStreamed(c gorillaConn) error {
	op, r, err := c.NextReader()
	if err != nil {
		return err
	}
	w, err := c.NextWriter(op)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return w.Close()
}

// serve serves connections of l that echo, until tb ends, and returns the address. Each is
// sent to upgraded once it has echoed a message.
func (l *gorillaLibrary) serve(tb testing.TB, echo gorillaWay, deflate bool, upgraded chan<- gorillaConn) netip.AddrPort {
	tb.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := l.upgrade(w, r, deflate)
		if err != nil {
			tb.Error(err)
			return
		}
		defer c.Close()
		for n := 0; echo(c) == nil; n++ {
			if n == 0 {
				upgraded <- c // its one message has been written, so that others may write now
			}
		}
	})}
	go server.Serve(ln)
	tb.Cleanup(func() { server.Close() })
	return netip.MustParseAddrPort(ln.Addr().String())
}
