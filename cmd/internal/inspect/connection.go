package inspect

import (
	"bytes"
	"fmt"
	"net"
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
	websocket int
	tls       int
	unknown   int
	others    int
}

// New implements reassembly.StreamFactory. It is called with a connection's first
// packet.
func (cs *connections) New(network, transport gopacket.Flow, tcp *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	c := &connection{all: cs}
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
	if cs.tls > 0 {
		cs.report.note("not shown: %d encrypted (TLS); capture behind what ends TLS, or let zerowire proxy --trace show them", cs.tls)
	}
	if cs.unknown > 0 {
		cs.report.note("not shown: %d that may be WebSocket; start the capture before the connection", cs.unknown)
	}
	if cs.others > 0 {
		cs.report.note("not shown: %d that do not speak WebSocket", cs.others)
	}
}

// connection is one TCP connection.
type connection struct {
	all    *connections
	ends   [2]string // addresses, the sender of the first packet first
	begun  bool      // its first packet is in the capture
	client int       // which of the ends is the client

	first   [2][]byte // what the ends sent, until it is known what it is
	seen    [2]int64  // bytes
	last    time.Time // when the last of them came
	session *trace.Session
	peers   peers
	ignored bool
	middle  bool   // it is in the capture from its middle on
	missed  string // what is not in the capture
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
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, _, end, skip := sg.Info()
	n, _ := sg.Lengths()
	sender := 0
	if dir == reassembly.TCPDirServerToClient {
		sender = 1
	}
	if c.ignored {
		return
	}
	now := sg.CaptureInfo(0).Timestamp.Local()
	if skip > 0 {
		c.lose(sender, now, skip)
	}
	if p := sg.Fetch(n); len(p) > 0 {
		c.take(sender, now, p)
	}
	c.last = now
	if end && c.session != nil {
		c.session.End(c.role(sender), now)
	}
}

// ReassemblyComplete implements reassembly.Stream: nothing more comes.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool {
	if c.session != nil && !c.ignored {
		c.session.End(codec.Client, c.last)
		c.session.End(codec.Server, c.last)
	}
	return true
}

func (c *connection) role(sender int) codec.Role {
	if sender == c.client {
		return codec.Client
	}
	return codec.Server
}

// lose reports that bytes of an end are missing.
func (c *connection) lose(sender int, now time.Time, n int) {
	if c.session == nil {
		c.ignore(&c.all.others)
		return
	}
	c.session.Lose(c.role(sender), now, fmt.Errorf("%d bytes are missing in the capture behind byte %d", n, c.seen[sender]))
}

// take decodes bytes of an end, once it is known how.
func (c *connection) take(sender int, now time.Time, p []byte) {
	c.seen[sender] += int64(len(p))
	if c.session == nil {
		c.first[sender] = append(c.first[sender], p...)
		c.recognize(sender, c.first[sender])
		if c.session == nil {
			return
		}
		// Nothing is held of the other end: it would have been recognized first.
		p, c.first = c.first[sender], [2][]byte{}
	}
	c.session.Write(c.role(sender), now, p)
}

// recognize finds out what a connection speaks from the first bytes of an end.
func (c *connection) recognize(sender int, p []byte) {
	if len(p) < len("HTTP") && !(len(p) >= 2 && !c.begun) {
		return
	}
	switch {
	case bytes.HasPrefix(p, []byte("GET ")):
		c.client = sender
		c.start(true)
	case bytes.HasPrefix(p, []byte("HTTP")):
		c.client = 1 - sender
		c.start(true)
		c.session.MissRequest()
		c.missed = ", without the client's handshake"
	case p[0] == 0x16 && p[1] == 0x03:
		c.ignore(&c.all.tls)
	case c.begun:
		c.ignore(&c.all.others)
	case !startsFrame(p):
		c.ignore(&c.all.unknown)
	default:
		if c.client = sender; p[1]&0x80 == 0 {
			c.client = 1 - sender
		}
		c.middle = true
		c.missed = ", from its middle on: frames are told apart as if the first packet began one"
		c.start(false)
		c.session.Deflate(trace.DeflateParams{Missed: true})
	}
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

func (c *connection) ignore(count *int) {
	c.ignored = true
	c.first = [2][]byte{}
	*count++
}

// start begins the decoding.
func (c *connection) start(handshake bool) {
	c.session = trace.NewSession(codec.Client, handshake, 0, c.event)
}

// event reports what happened, if it is WebSocket.
func (c *connection) event(e trace.Event) {
	if c.ignored {
		return
	}
	if c.peers.number == 0 && !c.announce(e) {
		return
	}
	if c.middle && e.Kind == trace.Violation {
		// Perhaps the first bytes were not the beginning of a frame.
		rule, _ := trace.Rule(e.Err)
		e.Kind, e.Err = trace.Cut, fmt.Errorf("no frame (%s): the capture begins in the middle of this connection", rule)
	}
	c.all.report.eventOf(c.peers, e)
}

// announce numbers the connection, and says whose it is. It returns false if its
// first event shows that it speaks HTTP and nothing else.
func (c *connection) announce(e trace.Event) bool {
	if e.Kind == trace.Handshake && e.From == codec.Client {
		var r codec.Request
		if _, err := r.Parse(e.Head); err == nil && !r.IsUpgrade() {
			c.ignore(&c.all.others)
			return false
		}
	}
	c.all.websocket++
	c.peers = peers{number: c.all.websocket, client: c.ends[c.client], server: c.ends[1-c.client]}
	c.all.report.note("#%d: client %s, server %s%s", c.peers.number, c.peers.client, c.peers.server, c.missed)
	return true
}
