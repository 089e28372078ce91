package differential

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// class is a kind of difference that is known, and no fault of ours.
type class struct {
	libraries []string
	what      string // they do
	why       string // we do not
	rule      string
	is        func(d *difference) bool
	sample    []wstest.Frame // are received so
}

func (d *difference) is(c class) bool { return slices.Contains(c.libraries, d.library) && c.is(d) }

// differences are all that are known. fuzz/README.md has them, too.
var differences = []class{
	{
		[]string{"coder"}, "takes masked frames as a client, and delivers the payload as it came",
		"a client MUST close the connection if it detects a masked frame", "RFC 6455 §5.1",
		func(d *difference) bool { return d.passes(codec.ErrMasked) },
		nil, // the one that is masked otherwise than it should
	},
	{
		[]string{"gorilla", "coder", "gobwas"}, "take a length that is not spelled in the fewest bytes",
		"“the minimal number of bytes MUST be used to encode the length”", "RFC 6455 §5.2",
		func(d *difference) bool { return d.passes(codec.ErrLengthNotMinimal) },
		[]wstest.Frame{{Fin: true, Opcode: codec.OpText, Payload: []byte("a"), Form: wstest.Length16}},
	},
	{
		[]string{"gorilla"}, "takes a Close payload of one byte for an empty one",
		"if there is a payload, its first two bytes MUST be a status code", "RFC 6455 §5.5.1",
		func(d *difference) bool {
			return d.passes(codec.ErrCloseTruncated) && d.theirs.closed.Code == codec.StatusNoStatusReceived
		},
		[]wstest.Frame{wstest.CloseBody("a")},
	},
	{
		[]string{"coder"}, "takes a Close reason that is not UTF-8",
		"the reason is UTF-8", "RFC 6455 §5.5.1",
		func(d *difference) bool {
			return d.passes(codec.ErrCloseReason) && !utf8.ValidString(d.theirs.closed.Reason)
		},
		[]wstest.Frame{wstest.Close(1000, "\xFF")},
	},
	{
		[]string{"coder"}, "delivers what has come of a message when the connection ends inside it",
		"a message has been received when its last fragment has", "RFC 6455 §6.2",
		func(d *difference) bool {
			return d.ours.end == cut && d.theirs.end == cut && d.goesOn() && len(d.theirs.messages) == len(d.ours.messages)+1
		},
		[]wstest.Frame{{Fin: true, Opcode: codec.OpText, Lie: 60_000}},
	},
	{
		[]string{"gobwas"}, "takes status codes from 5000 on",
		"there are none: codes are from 1000 to 4999", "RFC 6455 §7.4.2",
		func(d *difference) bool { return d.passes(codec.ErrCloseStatus) && d.theirs.closed.Code >= 5000 },
		[]wstest.Frame{wstest.Close(5000, "")},
	},
	{
		[]string{"gorilla", "coder"}, "deliver text that is not UTF-8",
		"an endpoint that finds it “MUST _Fail the WebSocket Connection_”", "RFC 6455 §8.1",
		func(d *difference) bool {
			n := len(d.ours.messages)
			return d.passes(codec.ErrText) && (len(d.theirs.messages) == n || !utf8.Valid(d.theirs.messages[n].Payload))
		},
		[]wstest.Frame{wstest.Text("\xFF")},
	},
	{
		[]string{"gorilla", "gobwas"}, "refuse status codes that were registered after the RFC: 1014, and gobwas 1012 and 1013 too",
		"they are in the registry that the RFC set up", "RFC 6455 §11.7",
		func(d *difference) bool {
			code := d.ours.closed.Code
			late := code == codec.StatusBadGateway || d.library == "gobwas" && (code == codec.StatusServiceRestart || code == codec.StatusTryAgainLater)
			return late && d.theirs.end == refused && d.goesOn()
		},
		[]wstest.Frame{wstest.Close(1014, "")},
	},
	{
		[]string{"gorilla"}, "takes RSV1 on control frames and on fragments that continue a message",
		"the bit is for the first fragment of a data message alone", "RFC 7692 §6",
		func(d *difference) bool { return d.deflated && d.passes(codec.ErrReservedBits) },
		[]wstest.Frame{wstest.Ping("").WithRSV(codec.RSV1)},
	},
	{
		[]string{"gorilla", "coder"}, "take a compressed message that ends inside a block: gorilla puts a block of its own behind it, which may end it, and for coder it has ended",
		"with the four bytes that its sender has removed it has to end between two blocks", "RFC 7692 §7.2.2",
		func(d *difference) bool { return d.passes(codec.ErrDeflate) && d.unfinished() },
		wstest.CompressedFrames(codec.OpBinary, wstest.Unhex("13 08 08 08 0f 79 71 71"), 0),
	},
	{
		[]string{"gorilla", "coder"}, "end a compressed message at a block that says it is the last one; for coder what is behind it begins the next message",
		"such a block may be followed by others", "RFC 7692 §7.2.3.4",
		(*difference).finalBlock,
		wstest.CompressedFrames(codec.OpText, wstest.Unhex("f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00"), 0), // “Hello” in a last block, and again
	},
}

// TestDifferencesOccur shows each difference: a row that no library needs any more is
// to be taken out.
func TestDifferencesOccur(t *testing.T) {
	for _, c := range differences {
		for _, l := range others {
			if !slices.Contains(c.libraries, l.name) {
				continue
			}
			t.Run(l.name+"/"+c.what, func(t *testing.T) {
				var stream []byte
				for _, f := range c.sample {
					stream = f.Append(stream)
				}
				if c.sample == nil {
					stream = wstest.Text("a").AppendMasked(nil, wstest.RFCKey)
				}
				d := compare(t, l, stream, codec.Client, extension, 1000)
				if d.none() || !d.is(c) {
					t.Errorf("of % x we make\n %v\n%s makes\n %v", stream, d.ours, l.name, d.theirs)
				}
			})
		}
	}
}
