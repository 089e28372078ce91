package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	moved "github.com/zerowire/websocket/gorilla"
)

// gorillaConn is what a Conn of gorilla/websocket and one of package gorilla have in
// common.
type gorillaConn interface {
	ReadMessage() (int, []byte, error)
	WriteMessage(int, []byte) error
	WriteControl(int, []byte, time.Time) error
	NextReader() (int, io.Reader, error)
	NextWriter(int) (io.WriteCloser, error)
	WriteJSON(any) error
	ReadJSON(any) error
	SetReadLimit(int64)
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	SetPingHandler(func(string) error)
	SetPongHandler(func(string) error)
	SetCloseHandler(func(int, string) error)
	PingHandler() func(string) error
	PongHandler() func(string) error
	CloseHandler() func(int, string) error
	EnableWriteCompression(bool)
	SetCompressionLevel(int) error
	NetConn() net.Conn
	UnderlyingConn() net.Conn
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
	Subprotocol() string
	Close() error
}

// gorillaLibrary is one of the two packages.
type gorillaLibrary struct {
	upgrade func(u websocket.Upgrader, w http.ResponseWriter, r *http.Request, header http.Header) (gorillaConn, error)
	// upgradeOld is the deprecated function Upgrade.
	upgradeOld func(w http.ResponseWriter, r *http.Request, header http.Header) (gorillaConn, error)
	dial       func(ctx context.Context, d websocket.Dialer, url string, header http.Header) (gorillaConn, *http.Response, error)
	prepare    func(messageType int, p []byte) (send func(gorillaConn) error, err error)
	join       func(c gorillaConn, term string) io.Reader

	isUpgrade                                   func(*http.Request) bool
	subprotocols                                func(*http.Request) []string
	format                                      func(code int, text string) []byte
	closeError                                  func(code int, text string) error
	isClose, isUnexpected                       func(err error, codes ...int) bool
	errCloseSent, errReadLimit, errBadHandshake error
}

var theirGorilla = gorillaLibrary{
	upgrade: func(u websocket.Upgrader, w http.ResponseWriter, r *http.Request, header http.Header) (gorillaConn, error) {
		return connOrNil(u.Upgrade(w, r, header))
	},
	upgradeOld: func(w http.ResponseWriter, r *http.Request, header http.Header) (gorillaConn, error) {
		//lint:ignore SA1019 applications use it
		return connOrNil(websocket.Upgrade(w, r, header, 0, 0))
	},
	dial: func(ctx context.Context, d websocket.Dialer, url string, header http.Header) (gorillaConn, *http.Response, error) {
		c, resp, err := d.DialContext(ctx, url, header)
		conn, err := connOrNil(c, err)
		return conn, resp, err
	},
	prepare: func(messageType int, p []byte) (func(gorillaConn) error, error) {
		m, err := websocket.NewPreparedMessage(messageType, p)
		return func(c gorillaConn) error { return c.(*websocket.Conn).WritePreparedMessage(m) }, err
	},
	join: func(c gorillaConn, term string) io.Reader {
		return websocket.JoinMessages(c.(*websocket.Conn), term)
	},
	isUpgrade:       websocket.IsWebSocketUpgrade,
	subprotocols:    websocket.Subprotocols,
	format:          websocket.FormatCloseMessage,
	closeError:      func(code int, text string) error { return &websocket.CloseError{Code: code, Text: text} },
	isClose:         websocket.IsCloseError,
	isUnexpected:    websocket.IsUnexpectedCloseError,
	errCloseSent:    websocket.ErrCloseSent,
	errReadLimit:    websocket.ErrReadLimit,
	errBadHandshake: websocket.ErrBadHandshake,
}

var ourGorilla = gorillaLibrary{
	upgrade: func(settings websocket.Upgrader, w http.ResponseWriter, r *http.Request, header http.Header) (gorillaConn, error) {
		var u moved.Upgrader
		copyFields(&u, settings)
		return connOrNil(u.Upgrade(w, r, header))
	},
	upgradeOld: func(w http.ResponseWriter, r *http.Request, header http.Header) (gorillaConn, error) {
		//lint:ignore SA1019 applications use it
		return connOrNil(moved.Upgrade(w, r, header, 0, 0))
	},
	dial: func(ctx context.Context, settings websocket.Dialer, url string, header http.Header) (gorillaConn, *http.Response, error) {
		var d moved.Dialer
		copyFields(&d, settings)
		c, resp, err := d.DialContext(ctx, url, header)
		conn, err := connOrNil(c, err)
		return conn, resp, err
	},
	prepare: func(messageType int, p []byte) (func(gorillaConn) error, error) {
		m, err := moved.NewPreparedMessage(messageType, p)
		return func(c gorillaConn) error { return c.(*moved.Conn).WritePreparedMessage(m) }, err
	},
	join: func(c gorillaConn, term string) io.Reader {
		return moved.JoinMessages(c.(*moved.Conn), term)
	},
	isUpgrade:       moved.IsWebSocketUpgrade,
	subprotocols:    moved.Subprotocols,
	format:          moved.FormatCloseMessage,
	closeError:      func(code int, text string) error { return &moved.CloseError{Code: code, Text: text} },
	isClose:         moved.IsCloseError,
	isUnexpected:    moved.IsUnexpectedCloseError,
	errCloseSent:    moved.ErrCloseSent,
	errReadLimit:    moved.ErrReadLimit,
	errBadHandshake: moved.ErrBadHandshake,
}

// connOrNil returns c as an interface that is nil if there is an error.
func connOrNil[C gorillaConn](c C, err error) (gorillaConn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// copyFields sets the fields of *dst to those of src, which has the same exported fields.
func copyFields(dst, src any) {
	from := reflect.ValueOf(src)
	for i := range from.NumField() {
		reflect.ValueOf(dst).Elem().FieldByName(from.Type().Field(i).Name).Set(from.Field(i))
	}
}

// seen describes an error as an application can see it: its value or its text where they
// are exported, and its kind.
func (l *gorillaLibrary) seen(err error) string {
	switch {
	case err == nil:
		return "nil"
	case err == l.errCloseSent:
		return "ErrCloseSent: " + err.Error()
	case err == l.errReadLimit:
		return "ErrReadLimit: " + err.Error()
	case err == l.errBadHandshake:
		return "ErrBadHandshake: " + err.Error()
	case strings.HasPrefix(err.Error(), "websocket: close "):
		return fmt.Sprintf("%v, close error %v, 1000 %v", err, l.isUnexpected(err), l.isClose(err, 1000))
	case err == io.EOF, err == io.ErrUnexpectedEOF, err == context.Canceled, err == context.DeadlineExceeded:
		return err.Error()
	}
	kind := "error"
	if strings.HasSuffix(fmt.Sprintf("%T", err), ".HandshakeError") {
		kind = "HandshakeError"
	}
	if e, ok := err.(net.Error); ok {
		temporary, ok := err.(interface{ Temporary() bool })
		kind += fmt.Sprintf(", timeout %v, temporary %v", e.Timeout(), ok && temporary.Temporary())
	}
	if errors.Is(err, net.ErrClosed) {
		kind += ", closed"
	}
	return kind
}
