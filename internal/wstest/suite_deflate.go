package wstest

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
)

// PlayDeflate plays c with an echo peer and judges it, from the opening handshake
// on: conn has just been connected. peer is the role of the peer under test, so
// that the suite begins the handshake if that is a server. PlayDeflate takes over
// conn and closes it before it returns.
//
// Beyond Autobahn it wants the response to grant what was asked for, and from
// every message that it inflates with the window and the context that were agreed
// on; and that the peer compresses something, if there is something to compress.
//
// It works in a testing/synctest bubble. Concurrent calls on distinct connections
// are safe.
func PlayDeflate(conn net.Conn, peer codec.Role, c *DeflateCase, opt Options) Report {
	opt = opt.resolve()
	in := bufio.NewReaderSize(conn, 64<<10)
	conn.SetDeadline(time.Now().Add(opt.Patience))
	agreed, err := c.handshake(conn, in, peer)
	if err != nil {
		conn.Close()
		return refuse(&c.Case, err)
	}
	conn.SetDeadline(time.Time{})

	ours, theirs := agreed.directions()
	if peer == codec.Client {
		ours, theirs = theirs, ours
	}
	p := &player{
		conn: conn, peer: peer, c: &c.Case, opt: opt,
		limit: max(opt.Patience, c.Limit),
		enc:   encoder{masked: peer == codec.Server},
		obs:   observe(in, peer, &Inflater{Window: theirs.window, NoTakeover: theirs.noTakeover}),
	}
	p.converse(c, &Deflater{Window: ours.window, NoTakeover: ours.noTakeover})
	p.close(codec.StatusNormalClosure)
	p.finish()
	report := judge(&c.Case, p.script, p.result)
	if report.Compressed == 0 && report.Behavior == OK && c.Kind != PDF && c.Length >= 4096 {
		report.Behavior = Failed
		report.Explanation += "FAILED: the peer compressed none of its messages\n"
	}
	return report
}

// converse sends the messages, the next one when the echo is back.
func (p *player) converse(c *DeflateCase, compressor *Deflater) {
	for i := range p.opt.Messages {
		if p.broken || p.obs.now().failed() {
			return
		}
		payload := c.Kind.Message(i, c.Length)
		p.script.Want = append(p.script.Want, digest(Event{c.Kind.Opcode(), payload}))
		frames := CompressedFrames(c.Kind.Opcode(), compressor.Message(payload), c.Fragment)
		p.write(p.enc.frames(nil, frames), OneWrite)
		p.obs.await(p.limit, has(i+1))
	}
}

// CompressedFrames returns the frames of a message whose payload is compressed,
// of so many bytes each; 0 for one frame.
func CompressedFrames(op codec.Opcode, payload []byte, fragment int) (frames []Frame) {
	if fragment == 0 {
		fragment = len(payload)
	}
	for piece := range Pieces(payload, max(fragment, 1)) {
		frames = append(frames, Frame{Payload: piece})
	}
	if frames == nil {
		frames = []Frame{{}}
	}
	frames[0].Opcode, frames[0].RSV = op, codec.RSV1
	frames[len(frames)-1].Fin = true
	return frames
}

// refuse is the report on a peer with which there was no connection to play on.
func refuse(c *Case, err error) Report {
	verdict := Failed
	if errors.Is(err, errNotAgreed) {
		verdict = Unimplemented
	}
	return Report{Case: c, Behavior: verdict, BehaviorClose: verdict, Explanation: fmt.Sprintf("%s: %v\n", verdict, err)}
}

var errNotAgreed = errors.New("no compression was agreed on")

// handshake does the suite's side of the opening handshake and returns what was
// agreed on.
func (c *DeflateCase) handshake(conn net.Conn, in *bufio.Reader, peer codec.Role) (DeflateParams, error) {
	if peer == codec.Server {
		return c.request(conn, in)
	}
	return c.respond(conn, in)
}

// request makes the suite's offers to a server, and judges its response.
func (c *DeflateCase) request(conn net.Conn, in *bufio.Reader) (agreed DeflateParams, err error) {
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: wstest\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Extensions: %s\r\n\r\n",
		key, deflateHeader(c.Offers)); err != nil {
		return agreed, err
	}
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		return agreed, err
	}
	if got := response.Header.Get("Sec-WebSocket-Accept"); response.StatusCode != http.StatusSwitchingProtocols || got != acceptKey(key) {
		return agreed, fmt.Errorf("the response is %s with Sec-WebSocket-Accept %q", response.Status, got)
	}
	accepted, err := ParseDeflate(response.Header.Values("Sec-WebSocket-Extensions"))
	switch {
	case err != nil:
		return agreed, fmt.Errorf("the response: %w", err)
	case len(accepted) == 0:
		return agreed, errNotAgreed
	case len(accepted) > 1:
		return agreed, fmt.Errorf("the response accepts %d offers", len(accepted))
	}
	if why := JudgeResponse(c.Offers, accepted[0]); why != "" {
		return agreed, errors.New(why)
	}
	return accepted[0], nil
}

// respond answers the offers of a client with what the suite wants of it.
func (c *DeflateCase) respond(conn net.Conn, in *bufio.Reader) (agreed DeflateParams, err error) {
	request, err := http.ReadRequest(in)
	if err != nil {
		return agreed, err
	}
	offers, err := ParseDeflate(request.Header.Values("Sec-WebSocket-Extensions"))
	if err != nil {
		return agreed, fmt.Errorf("the request: %w", err)
	}
	agreed, ok := answerDeflate(offers, c.Wants)
	if !ok {
		return agreed, fmt.Errorf("%w: the client offers %q", errNotAgreed, deflateHeader(offers))
	}
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: %s\r\n\r\n",
		acceptKey(request.Header.Get("Sec-WebSocket-Key")), agreed)
	return agreed, err
}

// acceptKey is the answer to a key, by RFC 6455 §4.2.2: not codec's.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(strings.TrimSpace(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
