package wstest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// What it takes to play against servers that are not a test's own, and to report
// on them.

// Got shows on one line what the peer sent, its Close frame included.
func (r Report) Got() string { return list(r.Received, r.Close) }

// Wanted shows on one line what the peer had to send, and how to close.
func (r Report) Wanted() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, closed by the %s", list(r.Want, nil), r.Case.Closing.By)
	if r.Case.Closing.Clean {
		b.WriteString(", cleanly")
	}
	fmt.Fprintf(&b, " with one of %d", codes(r.Case.Closing.Codes))
	return b.String()
}

// Offer is what the suite as a client offers in the case: the value of
// Sec-WebSocket-Extensions.
func (c *DeflateCase) Offer() string { return deflateHeader(c.Offers) }

// PlayDeflateUpgraded is [PlayDeflate] with a server, on a connection on which
// the opening handshake was done with [DeflateCase.Offer]. answer has the lines
// of Sec-WebSocket-Extensions in the response.
func PlayDeflateUpgraded(conn net.Conn, c *DeflateCase, answer []string, opt Options) Report {
	opt = opt.resolve()
	agreed, err := c.judgeAnswer(answer)
	if err != nil {
		conn.Close()
		return refuse(&c.Case, err)
	}
	ours, theirs := agreed.directions()
	p := &player{
		conn: conn, peer: codec.Server, c: &c.Case, opt: opt,
		limit: max(opt.Patience, c.Limit),
		enc:   encoder{masked: true},
		obs: observe(bufio.NewReaderSize(conn, 64<<10), codec.Server,
			&Inflater{Window: theirs.window, NoTakeover: theirs.noTakeover}),
	}
	p.converse(c, &Deflater{Window: ours.window, NoTakeover: ours.noTakeover})
	p.close(codec.StatusNormalClosure)
	p.finish()
	return judgeCompressed(c, judge(&c.Case, p.script, p.result))
}

// judgeAnswer returns what a server has agreed on, if it may.
func (c *DeflateCase) judgeAnswer(answer []string) (agreed DeflateParams, err error) {
	accepted, err := ParseDeflate(answer)
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

// judgeCompressed fails a peer that compresses nothing where there is much to
// compress.
func judgeCompressed(c *DeflateCase, r Report) Report {
	if r.Compressed == 0 && r.Behavior == OK && c.Kind != PDF && c.Length >= 4096 {
		r.Behavior = Failed
		r.Explanation += "FAILED: the peer compressed none of its messages\n"
	}
	return r
}
