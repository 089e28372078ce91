package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// door is where, and how, a client connects.
type door struct {
	path   string
	topic  string // at topics
	tls    bool
	offer  string // of compression; "" for none
	behind []byte // frames that are sent with the request, without waiting for the response
}

// The offers.
const (
	takeover   = "permessage-deflate"
	noTakeover = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
)

// target is the path with the number of the connection.
func (d door) target(id uint64) string {
	return fmt.Sprintf("%s?id=%d&topic=%s", d.path, id, d.topic)
}

// The opening handshake with the nonce and the answer of RFC 6455 §1.3.
const (
	nonce  = "dGhlIHNhbXBsZSBub25jZQ=="
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// request is the client's opening handshake.
func (d door) request(id uint64) []byte {
	r := "GET " + d.target(id) + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + nonce + "\r\n"
	if d.offer != "" {
		r += "Sec-WebSocket-Extensions: " + d.offer + "\r\n"
	}
	return append([]byte(r+"\r\n"), d.behind...)
}

// link is a client's connection. It writes and reads frames, legal or not.
type link struct {
	id   uint64
	tcp  *net.TCPConn
	nc   net.Conn // tcp, or TLS on it
	in   *bufio.Reader
	r    *rand.Rand
	pack *wstest.Deflater // nil if compression was not agreed on
	open *wstest.Inflater

	dress dress // of an honest one
	deaf  bool  // it answers no Ping

	part []byte
	op   websocket.Opcode // of the message of which part is the beginning; 0 if none has begun
	rsv  uint8
}

// lastID is the number of the newest connection.
var lastID atomic.Uint64

// call opens a TCP connection within timeout.
func call(ctx context.Context, addr string, timeout time.Duration) (*net.TCPConn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	nc.SetDeadline(time.Now().Add(timeout))
	return nc.(*net.TCPConn), nil
}

// connect does the opening handshake at a door of g.
func connect(ctx context.Context, g *generation, d door, r *rand.Rand, timeout time.Duration) (*link, error) {
	addr := g.at.Plain
	if d.tls {
		addr = g.at.TLS
	}
	tcp, err := call(ctx, addr, timeout)
	if err != nil {
		return nil, err
	}
	l := &link{id: lastID.Add(1), tcp: tcp, nc: tcp, r: newRand(r.Uint64())}
	if d.tls {
		l.nc = tls.Client(tcp, g.at.clientTLS())
	}
	l.in = bufio.NewReaderSize(l.nc, 16<<10)
	if err := l.handshake(d); err != nil {
		l.nc.Close()
		return nil, err
	}
	return l, nil
}

// clientTLS is how a client trusts the server.
func (a Addresses) clientTLS() *tls.Config {
	trusted := x509.NewCertPool()
	if c, err := x509.ParseCertificate(a.Certificate); err == nil {
		trusted.AddCert(c)
	}
	return &tls.Config{RootCAs: trusted, ServerName: "localhost"}
}

func (l *link) handshake(d door) error {
	if _, err := l.nc.Write(d.request(l.id)); err != nil {
		return err
	}
	response, err := http.ReadResponse(l.in, nil)
	if err != nil {
		return err
	}
	if got := response.Header.Get("Sec-WebSocket-Accept"); response.StatusCode != http.StatusSwitchingProtocols || got != accept {
		return fmt.Errorf("the handshake is answered with %s, Sec-WebSocket-Accept %q", response.Status, got)
	}
	return l.agree(d, response.Header.Values("Sec-WebSocket-Extensions"))
}

// agree takes what the server makes of the offer.
func (l *link) agree(d door, answer []string) error {
	agreed, err := wstest.ParseDeflate(answer)
	if err != nil {
		return err
	}
	offers, err := wstest.ParseDeflate([]string{takeover})
	if d.offer == noTakeover {
		offers, err = wstest.ParseDeflate([]string{noTakeover})
	}
	switch {
	case err != nil:
		return err
	case d.offer == "" && len(agreed) == 0:
		return nil
	case d.offer == "" || len(agreed) != 1:
		return fmt.Errorf("the offer %q is answered with %q", d.offer, answer)
	}
	if why := wstest.JudgeResponse(offers, agreed[0]); why != "" {
		return errors.New(why)
	}
	l.pack = &wstest.Deflater{NoTakeover: agreed[0].ClientNoContextTakeover}
	l.open = &wstest.Inflater{NoTakeover: agreed[0].ServerNoContextTakeover}
	return nil
}

// wire is frames as they are sent. It is the one thing of a link that is not to be used
// by two goroutines at once.
func (l *link) wire(frames ...wstest.Frame) (b []byte) {
	for _, f := range frames {
		k := l.r.Uint32()
		b = appendMasked(b, f, [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)})
	}
	return b
}

// appendMasked appends a frame. The RFC's own loop masks a small payload; with a large one
// it would be most of what the clients do.
func appendMasked(b []byte, f wstest.Frame, key [4]byte) []byte {
	const small = 4 << 10
	payload := f.Payload
	if len(payload) <= small || f.Lie != 0 {
		return f.AppendMasked(b, key)
	}
	f.Payload, f.Lie = nil, int64(len(payload)) // the header alone
	b = f.AppendMasked(b, key)
	at := len(b)
	b = append(b, payload...)
	codec.Mask(b[at:], key, 0)
	return b
}

// write sends frames with one call.
func (l *link) write(frames ...wstest.Frame) error {
	_, err := l.nc.Write(l.wire(frames...))
	return err
}

// answer is write for what answers the server, while another goroutine writes.
func (l *link) answer(f wstest.Frame) error {
	_, err := l.nc.Write(f.AppendMasked(nil, wstest.RFCKey))
	return err
}

// wait gives all that follows so long.
func (l *link) wait(d time.Duration) { l.nc.SetDeadline(time.Now().Add(d)) }

// closing is the server's Close frame.
type closing struct {
	code   websocket.StatusCode
	reason string
}

// closingOf returns a Close frame as an error.
func closingOf(f wstest.Frame) error {
	code, reason, err := codec.ParseClose(f.Payload)
	if err != nil {
		return err
	}
	return &closing{code, string(reason)}
}

func (c *closing) Error() string {
	return fmt.Sprintf("the server closes with %d %q", c.code, c.reason)
}

// frame reads the next frame, and answers Pings.
func (l *link) frame() (wstest.Frame, error) {
	for {
		f, masked, err := wstest.ReadFrame(l.in)
		switch {
		case err != nil:
			return f, err
		case masked:
			return f, fmt.Errorf("the server's frame is masked: %v", f)
		case f.RSV != 0 && (f.RSV != codec.RSV1 || l.open == nil):
			return f, fmt.Errorf("the server's frame has reserved bits: %v", f)
		case f.Opcode == codec.OpPing && !l.deaf:
			if err := l.answer(wstest.Pong(string(f.Payload))); err != nil {
				return f, err
			}
			continue
		}
		return f, nil
	}
}

// message reads the next message. The error is a *closing at a Close frame. p is
// valid until the next call.
func (l *link) message() (op websocket.Opcode, p []byte, err error) {
	for {
		f, err := l.frame()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case f.Opcode == codec.OpClose:
			return 0, nil, closingOf(f)
		case f.Opcode.IsControl():
			continue
		case (f.Opcode == codec.OpContinuation) != (l.op != 0), l.op != 0 && f.RSV != 0:
			return 0, nil, fmt.Errorf("the server's frame is out of place: %v", f)
		}
		if l.op == 0 {
			l.op, l.rsv, l.part = f.Opcode, f.RSV, nil
		}
		if l.part == nil {
			l.part = f.Payload
		} else {
			l.part = append(l.part, f.Payload...)
		}
		if !f.Fin {
			continue
		}
		op, p, l.op = l.op, l.part, 0
		if l.rsv != 0 {
			p, err = l.open.Message(p)
		}
		return op, p, err
	}
}

// end answers the server's Close frame, and waits for the end.
func (l *link) end(code websocket.StatusCode) error {
	defer l.nc.Close()
	if err := l.answer(wstest.Close(code, "")); err != nil {
		return err
	}
	return l.wantEnd()
}

// wantEnd reads until the server ends the connection, which is all that it may do.
func (l *link) wantEnd() error {
	f, _, err := wstest.ReadFrame(l.in)
	switch {
	case err == nil && f.Opcode == codec.OpClose:
		return fmt.Errorf("want the end of the connection: %w", closingOf(f))
	case err == nil:
		return fmt.Errorf("the server sends %v, want the end of the connection", f)
	case isEnd(err):
		return nil
	}
	return err
}

// isEnd reports whether err is the end of a connection, clean or not. A time limit is not.
func isEnd(err error) bool {
	if err == nil || isTimeout(err) {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || isEOF(err)
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// send makes one write of the batch.
func (l *link) send(batch []message) error {
	var frames []wstest.Frame
	for _, m := range batch {
		frames = append(frames, l.dress(l, m)...)
	}
	return l.write(frames...)
}
