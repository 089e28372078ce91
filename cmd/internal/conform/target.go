package conform

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/codec"
)

// handshakeTimeout is how long connecting and the opening handshake may take.
const handshakeTimeout = 10 * time.Second

// target is the server under test.
type target struct {
	*reach.Server
	subprotocols []string
	patience     time.Duration
}

// target returns the server that the flags describe.
func (c *Command) target() (*target, error) {
	if c.URL == "" {
		return nil, errors.New("which server? zerowire conform ws://localhost:8000/echo")
	}
	server, err := c.Server(c.URL)
	if err != nil {
		return nil, err
	}
	t := &target{server, c.Subprotocol, c.Patience}
	if credentials := t.Credentials(); credentials != "" && t.Header.Get("Authorization") == "" {
		t.Header.Set("Authorization", credentials)
	}
	t.URL.User = nil // the report must not show it
	_, _, err = t.request("")
	return t, err
}

// request returns an opening handshake that offers extensions, and its key.
func (t *target) request(extensions string) (request []byte, key [24]byte, err error) {
	var nonce [16]byte
	rand.Read(nonce[:])
	p := codec.RequestParams{
		Host:         t.Host,
		Target:       cmp.Or(t.Target(), t.URL.RequestURI()),
		Key:          codec.EncodeKey(nonce),
		Subprotocols: t.subprotocols,
		Extensions:   extensions,
		Origin:       t.Header.Get("Origin"),
		Header:       reach.Fields(t.Header),
	}
	request, err = codec.AppendRequest(nil, p)
	return request, p.Key, err
}

// open connects and does the opening handshake. answer has the lines in which the
// server answers the extensions that were offered.
func (t *target) open(ctx context.Context, extensions string) (nc net.Conn, answer []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	request, key, err := t.request(extensions)
	if err != nil {
		return nil, nil, err
	}
	if nc, err = t.Connect(ctx, t.Raw); err != nil {
		return nil, nil, t.explain(ctx, err)
	}
	c := reach.NewConn(nc, nil)
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	response := new(codec.Response)
	if _, err = nc.Write(request); err == nil {
		_, err = c.ReadHead(response.Parse)
	}
	if _, malformed := errors.AsType[codec.Refusal](err); malformed {
		err = fmt.Errorf("the answer to the opening handshake is not HTTP/1.1: %w", err)
	} else if err != nil {
		err = fmt.Errorf("the server ended the connection during the opening handshake: %w", err)
	} else {
		err = t.check(response, key, extensions != "")
	}
	if err != nil {
		nc.Close()
		return nil, nil, t.explain(ctx, err)
	}
	for line := range response.Values("Sec-WebSocket-Extensions") {
		answer = append(answer, string(line))
	}
	return &pingFilter{Conn: nc, in: bufio.NewReaderSize(c, 16<<10)}, answer, nil
}

// explain says where an opening handshake failed with err, why, and what can be done
// about it.
func (t *target) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = fmt.Errorf("no answer to the opening handshake: %w (%v)", ctx.Err(), err)
	}
	return fmt.Errorf("%s: %w", t.URL, t.Explain(context.Background(), t.Raw, err))
}

func (t *target) check(response *codec.Response, key [24]byte, extensions bool) error {
	err := response.Check(key, t.subprotocols, extensions)
	if err == nil {
		return nil
	}
	if status := response.Status(); status != http.StatusSwitchingProtocols {
		refused := &websocket.HandshakeError{Status: status, Reason: string(response.Reason()), Header: http.Header{}}
		for location := range response.Values("Location") {
			refused.Header.Add("Location", string(location))
		}
		return refused
	}
	return fmt.Errorf("the answer to the opening handshake is wrong: %w", err)
}

// pingFilter is a connection after its opening handshake. It reads the server's frames
// and leaves out its Pings, which it may send whenever it likes: the suite wants what a
// case makes the server send, and nothing else. They are not answered, because the suite
// may be in the middle of a frame. An ill-formed Ping is passed on, to be judged.
type pingFilter struct {
	net.Conn
	in   *bufio.Reader // what came with the response, and then what comes
	pass uint64        // bytes of a frame to be passed on before the next header
	raw  bool          // these are no frames any more
}

// Read reads at least a byte of what is no Ping. The end of TCP without that of TLS is an
// end like others: the suite detects an incomplete frame itself.
func (f *pingFilter) Read(b []byte) (n int, err error) {
	for f.pass == 0 && !f.raw && err == nil {
		err = f.nextFrame()
	}
	if err == nil {
		if !f.raw {
			b = b[:min(uint64(len(b)), f.pass)]
		}
		n, err = f.in.Read(b)
		f.pass -= min(uint64(n), f.pass)
	}
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// nextFrame finds out how long the next frame is, or skips it.
func (f *pingFilter) nextFrame() error {
	for n := 2; ; n++ {
		b, ended := f.in.Peek(n)
		h, size, err := codec.ParseHeader(b)
		whole := uint64(size) + h.Length
		switch {
		case len(b) == 0:
			return ended
		case err == codec.ErrShort && ended == nil:
			continue
		case err != nil:
			f.raw = true
		case h == codec.Header{Fin: true, Opcode: codec.OpPing, Length: h.Length} && h.Length <= codec.MaxControlPayload:
			_, err = f.in.Discard(int(whole))
			return err
		default:
			f.pass = whole
		}
		return nil
	}
}
