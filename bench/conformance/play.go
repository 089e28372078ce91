package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// options are those of zerowire serve --compress --max-message 16777216.
var options = websocket.Options{MaxMessage: 16 << 20, Compression: &websocket.Compression{}}

// echo sends every message back.
var echo = websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	c.Write(context.Background(), op, p)
})

// roles are those of the library that are tested.
var roles = []codec.Role{codec.Server, codec.Client}

// entry is a case, and what each role did in it.
type entry struct {
	*wstest.Case
	deflate *wstest.DeflateCase // the same one, in groups 12 and 13
	reports map[codec.Role]wstest.Report
}

// playAll plays every case with both roles, over TCP, with so many messages in the cases
// of compression.
func playAll(messages int) (report, error) {
	var entries []entry
	for _, c := range wstest.Cases() {
		entries = append(entries, entry{Case: c, reports: map[codec.Role]wstest.Report{}})
	}
	for _, c := range wstest.DeflateCases() {
		entries = append(entries, entry{Case: &c.Case, deflate: c, reports: map[codec.Role]wstest.Report{}})
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &websocket.Server{Handler: echo, Options: options}
	go srv.Serve(ln)
	defer srv.Close()

	var next atomic.Int64
	var players sync.WaitGroup
	failed := make(chan error, 1)
	for range 8 {
		players.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(entries)); i = next.Add(1) - 1 {
				for _, role := range roles {
					report, err := entries[i].play(role, ln.Addr().String(), messages)
					if err != nil {
						select {
						case failed <- fmt.Errorf("case %s: %w", entries[i].ID, err):
						default:
						}
						return
					}
					entries[i].reports[role] = report
				}
			}
		})
	}
	players.Wait()
	select {
	case err := <-failed:
		return nil, err
	default:
		return entries, nil
	}
}

// play plays a case with a connection of role, which is to the server at addr, or from a
// client.
func (e *entry) play(role codec.Role, addr string, messages int) (r wstest.Report, err error) {
	var nc net.Conn
	if role == codec.Server {
		nc, err = net.Dial("tcp", addr)
	} else {
		nc, err = dialled()
	}
	if err != nil {
		return r, err
	}
	opt := wstest.Options{Messages: messages}
	if e.deflate != nil {
		return wstest.PlayDeflate(nc, role, e.deflate, opt), nil
	}
	if err := open(nc, role); err != nil {
		return r, err
	}
	return wstest.Play(nc, role, e.Case, opt), nil
}

// dialled returns the server's end of a connection of a client that echoes.
func dialled() (net.Conn, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	go func() {
		c, err := websocket.Dial(context.Background(), "ws://"+ln.Addr().String(), &websocket.DialOptions{Options: options})
		if err == nil {
			c.Serve(echo)
		}
	}()
	return ln.Accept()
}

// open does the suite's part of an opening handshake without extensions. Nothing comes
// behind the peer's part of it.
func open(nc net.Conn, role codec.Role) error {
	in := bufio.NewReader(nc)
	if role == codec.Server {
		const key = "dGhlIHNhbXBsZSBub25jZQ=="
		if _, err := fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: suite\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", key); err != nil {
			return err
		}
		response, err := http.ReadResponse(in, nil)
		if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("the server answers %s", response.Status)
		}
		return err
	}
	request, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	return accept(nc, request)
}

// accept accepts a client's request, without extensions.
func accept(nc net.Conn, request *http.Request) error {
	key := codec.AcceptKey([]byte(request.Header.Get("Sec-WebSocket-Key")))
	_, err := fmt.Fprintf(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", key[:])
	return err
}
