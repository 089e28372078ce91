package inspect

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// connections makes a connection of every TCP connection in a capture, and numbers
// those that speak WebSocket.
type connections struct {
	report    *report
	strict    bool
	keys      keyLog // of TLS; nil without one
	byTunnel  map[string]*reassembly.Assembler
	websocket int
	tls       int
	http2     int
	unknown   int
	others    int
	exchanges int // of plain HTTP, on connections that speak WebSocket
}

// New implements reassembly.StreamFactory: it returns a connection that begins with tcp.
func (t *tunnel) New(network, transport gopacket.Flow, tcp *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	c := &connection{all: t.conns, tunnel: t.name}
	c.ends[0] = net.JoinHostPort(network.Src().String(), transport.Src().String())
	c.ends[1] = net.JoinHostPort(network.Dst().String(), transport.Dst().String())
	if tcp.SYN {
		c.begun = true
		if tcp.ACK {
			c.client = 1
		}
	}
	return c
}

// summary says what else there was.
func (cs *connections) summary() {
	if cs.websocket == 0 {
		cs.report.note("no WebSocket connection in this capture")
	}
	for _, left := range []struct {
		n    int
		what string
	}{
		{cs.exchanges, "exchanges of plain HTTP on these connections"},
		{cs.tls, "encrypted (TLS); name their key log with --keylog, capture behind what ends TLS, or let zerowire proxy --trace show them"},
		{cs.http2, "that speak HTTP/2, in which WebSocket (RFC 8441) is not read"},
		{cs.unknown, "that may be WebSocket; start the capture before the connection"},
		{cs.others, "that do not speak WebSocket"},
	} {
		if left.n > 0 {
			cs.report.note("not shown: %d %s", left.n, left.what)
		}
	}
}

// connection is one TCP connection.
type connection struct {
	all    *connections
	ends   [2]string // addresses, the sender of the first packet first
	tunnel string    // what it is in, if it is
	begun  bool      // its first packet is in the capture
	client int       // which of the ends is the client

	first   [2][]byte    // what an end sent, while it is not known what it is
	firstAt [2]time.Time // when that came
	tcp     *layers.TCP  // of the packet that is taken
	acked   [2]uint32    // what an end had got of the other one when it sent its first bytes: a sequence number
	seen    [2]int64     // bytes
	gone    [2]bool      // the end has sent all
	last    time.Time    // when the last of them came
	kind    *int         // what it counts as if it is not WebSocket; nil until its first bytes were seen
	tls     *decryption  // nil unless TLS is decrypted
	failed  bool         // that is over, because of an error
	http    *conversation
	session *trace.Session // of the frames
	plain   int            // exchanges of plain HTTP
	peers   peers
	middle  bool // its frames are in the capture from the middle on
}

// Accept implements reassembly.Stream: every packet is. Where the first one is
// missing, the stream starts with the first one that there is.
func (c *connection) Accept(tcp *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, next reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	if next < 0 && !tcp.SYN && len(tcp.Payload) > 0 {
		*start = true
	}
	return true
}

// ReassembledSG implements reassembly.Stream: it takes the next bytes of one end.
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, packet reassembly.AssemblerContext) {
	dir, _, end, skip := sg.Info()
	n, _ := sg.Lengths()
	sender := 0
	if dir == reassembly.TCPDirServerToClient {
		sender = 1
	}
	now := sg.CaptureInfo(0).Timestamp.Local()
	if skip > 0 {
		c.lose(sender, now, skip)
	}
	if p := sg.Fetch(n); len(p) > 0 {
		if packet, ok := packet.(captured); ok {
			c.tcp = packet.tcp
		}
		c.take(sender, now, p)
	}
	c.last = now
	if end {
		c.end(sender, now)
	}
}

// ReassemblyComplete implements reassembly.Stream: nothing more comes.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool {
	c.end(c.client, c.last)
	c.end(1-c.client, c.last)
	if c.http != nil {
		c.http.stop()
	}
	switch {
	case c.peers.number > 0:
		c.all.exchanges += c.plain
	case c.kind != nil, c.seen[0]+c.seen[1] > 0: // else it is the last acknowledgement of one that has ended
		*cmp.Or(c.kind, &c.all.others)++
	}
	return true
}

func (c *connection) role(sender int) codec.Role {
	if sender == c.client {
		return codec.Client
	}
	return codec.Server
}

// lose takes note of bytes of an end that are missing. HTTP is looked for again behind
// them.
func (c *connection) lose(sender int, now time.Time, n int) {
	if c.tls != nil {
		c.fail(now, errors.New("bytes are missing in the capture"))
		return
	}
	if c.session != nil {
		c.session.Lose(c.role(sender), now, fmt.Errorf("%d bytes are missing in the capture behind byte %d", n, c.seen[sender]))
		return
	}
	if c.http != nil {
		c.http.stop()
	}
	c.http, c.first = nil, [2][]byte{}
	c.seen[sender] += int64(n)
}

// take decodes bytes of an end, of which TLS is taken away if there is a key log.
func (c *connection) take(sender int, now time.Time, p []byte) {
	if c.tls == nil {
		c.takePlain(sender, now, p)
		return
	}
	if c.failed {
		return
	}
	err := c.tls.write(c.role(sender), p, func(from codec.Role, data []byte) {
		end := c.client
		if from == codec.Server {
			end = 1 - c.client
		}
		c.takePlain(end, now, data)
	})
	if err != nil {
		c.fail(now, err)
	}
}

// startTLS has what the ends send decrypted, from the first record p of one of them on.
func (c *connection) startTLS(sender int, now time.Time, p []byte) {
	if c.client = sender; len(p) > 5 && p[5] == helloServer {
		c.client = 1 - sender
	}
	c.tls, c.seen = &decryption{keys: c.all.keys}, [2]int64{}
	c.take(sender, now, p)
}

// fail ends the decryption of TLS.
func (c *connection) fail(now time.Time, err error) {
	if c.failed {
		return
	}
	c.failed = true
	if c.session == nil {
		c.kind = &c.all.tls
		c.all.report.note("client %s, server %s: TLS is not decrypted: %v", c.ends[c.client], c.ends[1-c.client], err)
		return
	}
	for _, from := range []codec.Role{codec.Client, codec.Server} {
		c.session.Lose(from, now, fmt.Errorf("TLS is not decrypted any more: %w", err))
	}
}

// takePlain decodes bytes of an end, once it is known how.
func (c *connection) takePlain(sender int, now time.Time, p []byte) {
	c.seen[sender] += int64(len(p))
	switch {
	case c.session != nil:
		c.session.Write(c.role(sender), now, p)
	case c.http != nil:
		c.http.write(c.role(sender), now, p)
		c.settle(now)
	default:
		c.recognize(sender, now, p)
	}
}

// settle lets frames follow once the opening handshake is done.
func (c *connection) settle(now time.Time) {
	if c.session = c.http.finish(); c.session == nil {
		return
	}
	c.http = nil
	for sender, gone := range c.gone {
		if gone {
			c.session.End(c.role(sender), now)
		}
	}
}

// end takes note that an end has sent all.
func (c *connection) end(sender int, now time.Time) {
	if c.gone[sender] {
		return
	}
	c.gone[sender] = true
	if c.http == nil && c.session == nil && startOf(c.first[sender]) == startsResponse {
		c.missRequest(sender)
	}
	switch {
	case c.session != nil:
		c.session.End(c.role(sender), now)
	case c.http != nil:
		c.http.end(c.role(sender))
		c.settle(now)
	}
}

// maxFirst is how many bytes of an end may wait until it is known what they are.
const maxFirst = 64 << 10

// recognize finds out what a connection speaks from the bytes of a packet. HTTP may
// also begin behind something else: the preamble of a proxy, or the end of what was
// captured from the middle on.
func (c *connection) recognize(sender int, now time.Time, p []byte) {
	if len(c.first[sender]) == 0 {
		c.acked[sender] = c.tcp.Ack
	}
	p = append(c.first[sender], p...)
	c.first[sender], c.firstAt[sender] = nil, now
	switch start := startOf(p); {
	case start == startsRequest:
		c.client = sender
		// A response that was sent before this request came is another one's.
		missed := startOf(c.first[1-sender]) == startsResponse && int32(c.acked[1-sender]-c.tcp.Seq) <= 0
		c.converse(missed, p, c.first[1-sender])
	case start == startsResponse, start == startsShort, len(p) < 2:
		// Packets need not have been captured in the order in which they were sent: the
		// request may come later.
		c.first[sender] = p
		if len(p) > maxFirst {
			c.missRequest(sender)
		}
	case startOf(c.first[1-sender]) == startsResponse:
		c.first[sender] = p
		c.missRequest(1 - sender)
	case c.tls == nil && c.kind == nil && c.all.keys != nil && p[0] == recordHandshake && p[1] == 0x03:
		c.startTLS(sender, now, p)
	case c.kind != nil:
	case p[0] == recordHandshake && p[1] == 0x03:
		c.kind = &c.all.tls
	case bytes.HasPrefix(p, []byte("PRI * HTTP/2")):
		c.kind = &c.all.http2
	case c.begun:
		c.kind = &c.all.others
	case !startsFrame(p):
		c.kind = &c.all.unknown
	default:
		c.startInside(sender, now, p)
	}
}

// converse follows HTTP from its beginning, or from a response on.
func (c *connection) converse(missed bool, client, server []byte) {
	c.http = newConversation(c, missed, [2]int64{
		codec.Client: c.seen[c.client] - int64(len(client)),
		codec.Server: c.seen[1-c.client] - int64(len(server)),
	})
	c.first = [2][]byte{}
	c.http.write(codec.Client, c.firstAt[c.client], client)
	c.http.write(codec.Server, c.firstAt[1-c.client], server)
	c.settle(c.last)
}

// missRequest follows HTTP from the first response of the end server on.
func (c *connection) missRequest(server int) {
	c.client = 1 - server
	c.converse(true, c.first[c.client], c.first[server])
}

// startInside decodes frames of which the capture has not the beginning. What is no
// frame there is no violation: the first bytes may be in the middle of one.
func (c *connection) startInside(sender int, now time.Time, p []byte) {
	if c.client = sender; p[1]&0x80 == 0 {
		c.client = 1 - sender
	}
	c.middle = true
	c.session = trace.NewSession(false, 0, c.event)
	c.session.Deflate(trace.DeflateParams{Missed: true})
	c.session.Strict()
	c.session.Write(c.role(sender), now, p)
}

// startsFrame reports whether p begins as a frame may.
func startsFrame(p []byte) bool {
	var s codec.Sequence
	if p[1]&0x80 == 0 {
		s.Role = codec.Client
	}
	s.RSV = codec.RSV1
	h, _, err := codec.ParseHeader(p)
	return err == nil && (s.Check(h) == nil || h.Opcode == codec.OpContinuation)
}

// event reports what happened on a connection that speaks WebSocket.
func (c *connection) event(e trace.Event) {
	if c.peers.number == 0 {
		c.announce()
	}
	if c.middle && e.Kind == trace.Violation {
		rule, _ := trace.Rule(e.Err)
		e.Kind, e.Err = trace.Cut, fmt.Errorf("no frame (%s): the capture begins in the middle of this connection", rule)
	}
	c.all.report.eventOf(c.peers, e)
}

// announce numbers the connection, and names its ends.
func (c *connection) announce() {
	c.all.websocket++
	c.peers = peers{number: c.all.websocket, client: c.ends[c.client], server: c.ends[1-c.client], tunnel: strings.TrimSpace(c.tunnel)}
	line := fmt.Sprintf("#%d: client %s, server %s", c.peers.number, c.peers.client, c.peers.server)
	if c.tunnel != "" {
		line += ", in" + c.tunnel
	}
	switch {
	case c.middle:
		line += ", from its middle on: the first packet is taken for the beginning of a frame"
	case c.http != nil && c.http.missed != nil && c.http.missed.session != nil:
		line += ", without the client's handshake"
	}
	c.all.report.note("%s", line)
}
