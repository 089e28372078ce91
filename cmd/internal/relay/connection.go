package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// How long things may take.
const (
	handshakeTimeout = 10 * time.Second // the opening handshake, on both sides together
	closeTimeout     = 5 * time.Second  // what is left to say when one end is gone, or both have sent Close
	stopTimeout      = 2 * time.Second  // the same when the proxy ends
)

// connection is one that is passed on, by two pumps.
type connection struct {
	proxy   *proxy
	number  int
	client  *reach.Conn
	server  *reach.Conn
	session *trace.Session  // nil unless the frames are shown
	ctx     context.Context // ends with the connection, and when the proxy is to end
	pumps   [2]pump         // by the end that sends

	injected chan verdict // messages of the filter's own

	mu       sync.Mutex
	limit    time.Time // by when both ends have to be done; zero while nothing has ended
	stopping bool      // because the proxy ends
	ending   ending
}

// ending is how a connection ended: what was seen first.
type ending struct {
	closes int        // Close frames that have passed
	closer codec.Role // the end that sent the first one
	lost   error      // what ended an end's stream before its Close frame
	loser  codec.Role // that end
}

// serve does the opening handshake with both ends, and passes on what follows.
func (c *connection) serve(ctx context.Context) {
	defer c.client.Close()
	limit := time.Now().Add(handshakeTimeout)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.ctx = ctx
	c.client.SetDeadline(limit)
	interruptClient := context.AfterFunc(ctx, func() { c.client.SetDeadline(time.Now()) })

	var request codec.Request
	head, err := c.client.ReadHead(request.Parse)
	if _, refused := errors.AsType[codec.Refusal](err); (err == nil || refused) && !trace.Opens(head) {
		interruptClient()
		if err == nil {
			c.client.Unread(head)
		}
		c.servePages(ctx)
		return
	}
	if err == nil {
		err = request.Check()
	}
	c.observe(codec.Client, head)
	if err != nil {
		c.refuse(err)
		return
	}
	dialing, cancelDialing := context.WithDeadline(ctx, limit)
	defer cancelDialing()
	server, err := c.proxy.to.dial(dialing)
	if err != nil {
		c.fail(fmt.Errorf("cannot connect to the server: %w", err))
		return
	}
	c.server = reach.NewConn(server, nil)
	defer c.server.Close()
	c.server.SetDeadline(limit)
	interruptServer := context.AfterFunc(ctx, func() { c.server.SetDeadline(time.Now()) })
	if !c.handshake(c.proxy.to.request(&request)) {
		return
	}
	if !interruptClient() || !interruptServer() {
		return // the proxy ends
	}
	c.client.SetDeadline(time.Time{})
	c.server.SetDeadline(time.Time{})
	defer context.AfterFunc(ctx, c.stop)()
	c.relay(string(request.Target()))
}

// refuse answers a request that is not passed on, because of err.
func (c *connection) refuse(err error) {
	if refusal, ok := errors.AsType[codec.Refusal](err); ok {
		c.client.Write(codec.AppendRefusal(nil, refusal))
	}
	c.proxy.Log(c.number, "no opening handshake: %v", err)
}

// fail answers a request that the server cannot be asked, or does not answer.
func (c *connection) fail(err error) {
	status := "502 Bad Gateway"
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		status = "504 Gateway Timeout"
	}
	body := fmt.Sprintf("zerowire proxy: %v\n", err)
	fmt.Fprintf(c.client, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	c.proxy.Log(c.number, "answered with %s: %v", status, err)
}

// handshake sends the request to the server and its answer to the client. It
// reports whether the answer accepts.
func (c *connection) handshake(request []byte) (accepted bool) {
	if _, err := c.server.Write(request); err != nil {
		c.fail(fmt.Errorf("the server takes no request: %w", err))
		return false
	}
	var response codec.Response
	for response.Status() != http.StatusSwitchingProtocols {
		response.Reset()
		head, err := c.server.ReadHead(response.Parse)
		if err != nil {
			c.fail(fmt.Errorf("the server gives no answer: %w", err))
			return false
		}
		c.observe(codec.Server, head)
		if response.Status()/100 != 1 {
			c.server.Unread(head)
			c.passRefusal()
			return false
		}
		if _, err := c.client.Write(head); err != nil {
			c.proxy.Log(c.number, "the client takes no answer: %v", err)
			return false
		}
	}
	for i := range c.pumps {
		c.pumps[i].scanner.Sequence.Role = codec.Role(i).Peer()
		if response.Header("Sec-WebSocket-Extensions") != nil {
			c.pumps[i].scanner.Sequence.RSV = codec.RSV1 | codec.RSV2 | codec.RSV3
		}
	}
	c.proxy.Log(c.number, "%s connected%s", c.client.RemoteAddr(), agreed(&response))
	return true
}

// agreed says what the opening handshake agreed on.
func agreed(r *codec.Response) (list string) {
	if name := r.Subprotocol(); name != nil {
		list += fmt.Sprintf(", sub-protocol %s", name)
	}
	for extensions := range r.Values("Sec-WebSocket-Extensions") {
		list += fmt.Sprintf(", extensions %s", extensions)
	}
	return list
}

// passRefusal passes on an answer other than 101.
func (c *connection) passRefusal() {
	response, err := http.ReadResponse(bufio.NewReader(c.server), &http.Request{Method: http.MethodGet})
	if err != nil {
		c.fail(fmt.Errorf("the server gives no answer: %w", err))
		return
	}
	defer response.Body.Close()
	response.Close = true
	response.Write(c.client)
	c.proxy.Log(c.number, "refused by the server: %s", response.Status)
}

// observe shows and records a head.
func (c *connection) observe(from codec.Role, head []byte) {
	if len(head) == 0 {
		return
	}
	now := time.Now()
	if c.session != nil {
		c.session.Write(from, now, head)
	}
	c.pumps[from].track.Head(now, head)
}

// relay passes on frames until both directions have ended.
func (c *connection) relay(target string) {
	up, down := &c.pumps[codec.Client], &c.pumps[codec.Server]
	up.src, up.dst = c.client, c.server
	down.src, down.dst = c.server, c.client
	if f := c.proxy.filter; f != nil {
		c.injected = make(chan verdict, maxInjected)
		go c.inject()
		f.note(c, "open", target)
		defer f.note(c, "close", "")
	}
	var passing sync.WaitGroup
	passing.Go(down.run)
	up.run()
	passing.Wait()
	c.proxy.Log(c.number, "%s; %d frames, %d bytes sent; %d frames, %d bytes received", c.outcome(), up.frames, up.bytes, down.frames, down.bytes)
}

// closeFrame notes that an end's Close frame has passed. When both have, the
// connection has to end soon.
func (c *connection) closeFrame(from codec.Role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending.closes++
	if c.ending.closes == 1 {
		c.ending.closer = from
	} else {
		c.hurry()
	}
}

// ended notes that what an end sends has come to its end with err. It returns by when
// the connection has to end, and whether that is because the proxy ends.
func (c *connection) ended(from codec.Role, closed bool, err error) (limit time.Time, stopping bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !closed && c.ending.lost == nil {
		c.ending.lost, c.ending.loser = err, from
	}
	c.hurry()
	return c.limit, c.stopping
}

// hurry bounds how long the ends may go on.
func (c *connection) hurry() {
	if !c.limit.IsZero() {
		return
	}
	c.limit = time.Now().Add(closeTimeout)
	c.client.SetDeadline(c.limit)
	c.server.SetDeadline(c.limit)
}

// stop ends the connection, because the proxy ends: it wakes the pumps.
func (c *connection) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	now := time.Now()
	c.limit = now.Add(stopTimeout)
	for _, nc := range []net.Conn{c.client, c.server} {
		nc.SetReadDeadline(now)
		nc.SetWriteDeadline(c.limit)
	}
}

// outcome says how the connection ended.
func (c *connection) outcome() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &c.ending
	switch {
	case e.closes > 0:
		code, reason, err := codec.ParseClose(c.pumps[e.closer].closing)
		if err != nil {
			return fmt.Sprintf("closed by the %s with an illegal Close frame", e.closer)
		}
		text := fmt.Sprintf("closed by the %s with %d %s", e.closer, code, code)
		if len(reason) > 0 {
			text += fmt.Sprintf(" %q", reason)
		}
		return text
	case c.stopping:
		return "closed by the proxy"
	case e.lost == io.EOF:
		return fmt.Sprintf("the %s ended it without a Close frame", e.loser)
	}
	return fmt.Sprintf("the %s was lost: %v", e.loser, e.lost)
}
