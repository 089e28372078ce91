package wstest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zerowire/websocket/codec"
)

// Cases returns the cases whose ID begins with one of the prefixes, taken
// number by number ("6", "6.4", "7.9.1"); without a prefix, all of them. The
// order is that of the numbers.
func Cases(prefixes ...string) []*Case {
	if len(prefixes) == 0 {
		return slices.Clone(table())
	}
	var found []*Case
	for _, c := range table() {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.ID+".", p+".") }) {
			found = append(found, c)
		}
	}
	return found
}

var table = sync.OnceValue(func() []*Case {
	cases := slices.Concat(
		casesFraming(), casesPing(), casesReservedBits(), casesReservedOpcodes(), casesFragments(),
		casesUTF8(), casesFailFast(), casesClose(), casesLarge(), casesMisc(),
	)
	slices.SortFunc(cases, func(a, b *Case) int { return slices.Compare(numbers(a.ID), numbers(b.ID)) })
	return cases
})

// numbers takes "6.4.1" apart.
func numbers(id string) (n []int) {
	for part := range strings.SplitSeq(id, ".") {
		i, err := strconv.Atoi(part)
		if err != nil {
			panic("wstest: case " + id + ": " + err.Error())
		}
		n = append(n, i)
	}
	return n
}

// How the table spells a script.

func sends(frames ...Frame) []Step        { return []Step{Send{Frames: frames}} }
func frameWise(frames ...Frame) []Step    { return []Step{Send{Frames: frames, Cut: FrameByFrame}} }
func octetWise(frames ...Frame) []Step    { return []Step{Send{Frames: frames, Cut: OctetWise}} }
func echo(s string) Event                 { return Event{codec.OpText, []byte(s)} }
func pong(s string) Event                 { return Event{codec.OpPong, []byte(s)} }
func plays(s Script) func() Script        { return func() Script { return s } }
func mustFail(steps []Step) func() Script { return plays(Script{Steps: steps}) }

func wants(steps []Step, events ...Event) func() Script {
	return plays(Script{Steps: steps, Want: events})
}

// echoThenFail wants the one echo before the failure. A peer that loses it has
// still failed as it must: NON-STRICT.
func echoThenFail(steps []Step, e Event) func() Script {
	return plays(Script{Steps: steps, Want: []Event{e}, NonStrict: [][]Event{{}}})
}

// casesFraming is group 1: every form of the payload length.
func casesFraming() (cases []*Case) {
	type size struct{ length, cut int }
	sizes := []size{{0, 0}, {125, 0}, {126, 0}, {127, 0}, {128, 0}, {65535, 0}, {65536, 0}, {65536, 997}}
	for i, s := range sizes {
		cut := ""
		if s.cut > 0 {
			cut = fmt.Sprintf(" in writes of %d bytes", s.cut)
		}
		for kind, op := range []codec.Opcode{codec.OpText, codec.OpBinary} {
			cases = append(cases, &Case{
				ID:      fmt.Sprintf("1.%d.%d", kind+1, i+1),
				Name:    fmt.Sprintf("a %s message of %d bytes%s is echoed", op, s.length, cut),
				Closing: closes1000(),
				script: func() Script {
					f := filled(op, s.length)
					return Script{Steps: []Step{Send{[]Frame{f}, s.cut}}, Want: []Event{{op, f.Payload}}}
				},
			})
		}
	}
	return cases
}

// filled returns a whole message of length bytes.
func filled(op codec.Opcode, length int) Frame {
	if op == codec.OpText {
		return Frame{Fin: true, Opcode: op, Payload: TextPayload(length)}
	}
	return Binary(BinaryPayload(length))
}

// casesPing is group 2.
func casesPing() []*Case {
	full := strings.Repeat("\xFE", codec.MaxControlPayload)
	tooLong := strings.Repeat("\xFE", codec.MaxControlPayload+1)
	var ten []Frame
	var tenPongs []Event
	for i := range 10 {
		s := fmt.Sprintf("payload %d", i)
		ten, tenPongs = append(ten, Ping(s)), append(tenPongs, pong(s))
	}
	return []*Case{
		{ID: "2.1", Name: "an empty ping is answered", Closing: closes1000(),
			script: wants(sends(Ping("")), pong(""))},
		{ID: "2.2", Name: "a ping with text is answered with that text", Closing: closes1000(),
			script: wants(sends(Ping("Hello, world!")), pong("Hello, world!"))},
		{ID: "2.3", Name: "a ping with bytes that are not UTF-8 is answered with them", Closing: closes1000(),
			script: wants(sends(Ping("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF")), pong("\x00\xFF\xFE\xFD\xFC\xFB\x00\xFF"))},
		{ID: "2.4", Name: "a ping of 125 bytes is answered", Closing: closes1000(),
			script: wants(sends(Ping(full)), pong(full))},
		{ID: "2.5", Name: "a ping of 126 bytes is refused", Closing: fails(codec.StatusProtocolError),
			script: mustFail(sends(Ping(tooLong)))},
		{ID: "2.6", Name: "a ping of 125 bytes, octet-wise, is answered", Closing: closes1000(),
			script: wants(octetWise(Ping(full)), pong(full))},
		{ID: "2.7", Name: "an unsolicited empty pong is ignored", Closing: closes1000(),
			script: wants(sends(Pong(""), Close(codec.StatusNormalClosure, "")))},
		{ID: "2.8", Name: "an unsolicited pong with a payload is ignored", Closing: closes1000(),
			script: wants(sends(Pong("unsolicited"), Close(codec.StatusNormalClosure, "")))},
		{ID: "2.9", Name: "an unsolicited pong is ignored and the ping after it answered", Closing: closes1000(),
			script: wants(sends(Pong("unsolicited"), Ping("solicited")), pong("solicited"))},
		{ID: "2.10", Name: "ten pings are answered in order", Closing: closes1000(),
			script: wants(sends(ten...), tenPongs...)},
		{ID: "2.11", Name: "ten pings, octet-wise, are answered in order", Closing: closes1000(),
			script: wants(octetWise(ten...), tenPongs...)},
	}
}

// casesReservedBits is group 3: no extension was agreed on.
func casesReservedBits() []*Case {
	const hello = "Hello, world!"
	behind := func(rsv uint8) []Frame { return []Frame{Text(hello), Text(hello).WithRSV(rsv), Ping("")} }
	closing := fails(codec.StatusProtocolError)
	return []*Case{
		{ID: "3.1", Name: "a text frame with RSV 1 is refused", Closing: closing,
			script: mustFail(sends(Text(hello).WithRSV(1)))},
		{ID: "3.2", Name: "a text is echoed, one with RSV 2 refused, the ping after it not answered", Closing: closing,
			script: echoThenFail(sends(behind(2)...), echo(hello))},
		{ID: "3.3", Name: "a text is echoed, one with RSV 3 refused, a write per frame", Closing: closing,
			script: echoThenFail(frameWise(behind(3)...), echo(hello))},
		{ID: "3.4", Name: "a text is echoed, one with RSV 4 refused, octet-wise", Closing: closing,
			script: echoThenFail(octetWise(behind(4)...), echo(hello))},
		{ID: "3.5", Name: "a binary frame with RSV 5 is refused", Closing: closing,
			script: mustFail(sends(Binary(BinaryPayload(8)).WithRSV(5)))},
		{ID: "3.6", Name: "a binary frame with RSV 6 is refused", Closing: closing,
			script: mustFail(sends(Binary(BinaryPayload(8)).WithRSV(6)))},
		{ID: "3.7", Name: "a Close frame with RSV 7 is refused and is no close", Closing: closing,
			script: mustFail(sends(Close(codec.StatusNormalClosure, "").WithRSV(7)))},
	}
}

// casesReservedOpcodes is group 4.
func casesReservedOpcodes() (cases []*Case) {
	const hello = "Hello, world!"
	for kind, first := range []codec.Opcode{3, 11} {
		for i := range 5 {
			op, payload := first+codec.Opcode(i), "reserved opcode"
			if i == 0 || i == 2 {
				payload = ""
			}
			c := &Case{
				ID:      fmt.Sprintf("4.%d.%d", kind+1, i+1),
				Name:    fmt.Sprintf("opcode %d with %d bytes is refused", op, len(payload)),
				Closing: fails(codec.StatusProtocolError),
			}
			frames := []Frame{Text(hello), Reserved(op, payload), Ping("")}
			switch {
			case i < 2:
				c.script = mustFail(sends(frames[1]))
			case i < 4:
				c.Name += " after the echo of a text, and the ping after it not answered"
				c.script = echoThenFail(sends(frames...), echo(hello))
			default:
				c.Name += " after the echo of a text, octet-wise"
				c.script = echoThenFail(octetWise(frames...), echo(hello))
			}
			cases = append(cases, c)
		}
	}
	return cases
}
