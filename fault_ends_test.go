package websocket_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// The ends of a session with a fault: ours is real, the peer's plays what it sends from
// a script.

// sessionScript is what the peer sends behind the opening handshake.
var sessionScript = sync.OnceValue(func() []wstest.Frame {
	var z wstest.Deflater
	return []wstest.Frame{
		wstest.Text(sessionMessages[0]),
		wstest.Text("in ").More(), wstest.Ping("ping"), wstest.Continuation("fragments"),
		wstest.Pong("unasked"),
		wstest.Text(string(z.Message([]byte(sessionMessages[2])))).WithRSV(codec.RSV1),
		wstest.Close(1000, "bye"),
	}
})

// listenerOf returns a listener with one connection.
func listenerOf(nc net.Conn) net.Listener {
	return &memoryListener{oneListener: oneListener{conn: nc, closed: make(chan struct{})}}
}

// The frames of a script come all at once, so that the answers leave together, or apart,
// so that each leaves by itself.
const (
	atOnce = time.Duration(0)
	apart  = time.Millisecond
)

// playFrames sends head and then frames.
func playFrames(peer net.Conn, head []byte, frames []wstest.Frame, pause time.Duration, appendTo func(wstest.Frame, []byte) []byte) {
	for _, f := range frames {
		if head = appendTo(f, head); pause > 0 {
			peer.Write(head)
			time.Sleep(pause)
			head = nil
		}
	}
	peer.Write(head)
}

// playClient plays a client up to where it has sent frames behind its request, of head
// bytes.
func playClient(peer net.Conn, frames []wstest.Frame, pause time.Duration) (head int) {
	request := strings.Replace(goodRequest, "\n\n", "\nSec-WebSocket-Extensions: permessage-deflate\n\n", 1)
	request = strings.ReplaceAll(request, "\n", "\r\n")
	playFrames(peer, []byte(request), frames, pause, func(f wstest.Frame, b []byte) []byte { return f.AppendMasked(b, wstest.RFCKey) })
	return len(request)
}

// playServer returns the session of a Server with h.
func playServer(h websocket.Handler, pause time.Duration) func(faulty, peer net.Conn, report func(string, error)) int {
	return func(faulty, peer net.Conn, report func(string, error)) int {
		srv, served := serveFaulty(h, faulty, report)
		head := playClient(peer, sessionScript(), pause)
		io.Copy(io.Discard, peer)
		peer.Close()
		report("Shutdown", srv.Shutdown(background))
		served.wait()
		return head
	}
}

// playShutdown returns the session of a Server with h that is shut down when it has
// echoed everything.
func playShutdown(h websocket.Handler) func(faulty, peer net.Conn, report func(string, error)) int {
	return func(faulty, peer net.Conn, report func(string, error)) int {
		srv, served := serveFaulty(h, faulty, report)
		script := sessionScript()
		head := playClient(peer, script[:len(script)-1], apart)
		time.Sleep(time.Second)
		down := begin(func() error { return srv.Shutdown(background) })
		peer.Write(masked(wstest.Close(1001, "")))
		io.Copy(io.Discard, peer)
		peer.Close()
		report("Shutdown", down.wait())
		served.wait()
		return head
	}
}

func serveFaulty(h websocket.Handler, faulty net.Conn, report func(string, error)) (*websocket.Server, *call) {
	srv := &websocket.Server{Handler: h, Options: sessionOptions()}
	srv.Options.Hooks.Refused = func(_ *websocket.Request, err error) { report("the opening handshake", err) }
	srv.Options.Hooks.Closed = func(_ *websocket.Conn, err error) { report("the connection", err) }
	return srv, begin(func() error { return srv.Serve(listenerOf(faulty)) })
}

// playUpgrade returns the session of Upgrade with h.
func playUpgrade(h websocket.Handler) func(faulty, peer net.Conn, report func(string, error)) int {
	return func(faulty, peer net.Conn, report func(string, error)) int {
		var handlers sync.WaitGroup
		opts := sessionOptions()
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			c, err := websocket.Upgrade(w, r, &opts)
			report("Upgrade", err)
			if err == nil {
				report("Conn.Serve", c.Serve(h))
			}
		})}
		served := begin(func() error { return srv.Serve(listenerOf(faulty)) })
		head := playClient(peer, sessionScript(), atOnce)
		io.Copy(io.Discard, peer)
		peer.Close()
		handlers.Wait()
		srv.Close()
		served.wait()
		return head
	}
}

// playDial returns the session of Dial and h.
func playDial(h websocket.Handler, pause time.Duration) func(faulty, peer net.Conn, report func(string, error)) int {
	return func(faulty, peer net.Conn, report func(string, error)) int {
		head := 0
		answered := begin(func() error {
			defer peer.Close()
			r, err := http.ReadRequest(bufio.NewReader(peer))
			if err != nil {
				return nil // the request is what the fault is in
			}
			response, err := codec.AppendResponse(nil, []byte(r.Header.Get("Sec-WebSocket-Key")), "", "permessage-deflate")
			if err != nil {
				return err
			}
			head = len(response)
			playFrames(peer, response, sessionScript(), pause, wstest.Frame.Append)
			io.Copy(io.Discard, peer)
			return nil
		})
		c, err := websocket.Dial(background, "ws://example.com", &websocket.DialOptions{
			Options: sessionOptions(), Proxy: noProxy,
			NetDial: func(context.Context, string, string) (net.Conn, error) { return faulty, nil },
		})
		report("Dial", err)
		if err == nil {
			report("Conn.Serve", c.Serve(h))
		}
		report("the peer's part", answered.wait())
		return head
	}
}

// echoStreams echoes with streams, a few bytes at a time.
func echoStreams(c *websocket.Conn) {
	for {
		op, r, err := c.Reader(background)
		if err != nil {
			return
		}
		w, err := c.Writer(background, op)
		if err != nil {
			return
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{w}, r, make([]byte, 7))
		if w.Close() != nil || err != nil {
			return
		}
	}
}
