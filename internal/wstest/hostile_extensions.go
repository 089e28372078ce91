package wstest

import (
	"bytes"
	"strconv"

	"github.com/zerowire/websocket/codec"
)

// hostileExtensions are agreements on permessage-deflate, and what is sent on one.
func hostileExtensions() (cases []Hostile) {
	compressed := HostileClient{Compression: true}
	accepts := func(value string) string { return acceptance("Sec-WebSocket-Extensions: " + value) }
	hello := fromServer(deflatedText(helloHex), Close(1000, "bye"))
	for _, value := range []string{
		"permessage-deflate", ", permessage-deflate", "permessage-deflate ,,", "permessage-deflate;server_no_context_takeover", "permessage-deflate ; client_no_context_takeover",
		"permessage-deflate; server_max_window_bits=10", `permessage-deflate; server_max_window_bits="10"`, "permessage-deflate; client_max_window_bits=15",
	} {
		want := converses
		want.Messages = []string{"Hello"}
		cases = append(cases, Hostile{Name: "agreed: " + value, Client: compressed, Answers: []string{accepts(value) + hello}, Want: want})
	}
	for _, value := range []string{
		"x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate, permessage-deflate", "permessage-deflate, x-none", "permessage-deflate; x-none",
		"permessage-deflate; server_no_context_takeover; server_no_context_takeover", "permessage-deflate; server_no_context_takeover=1",
		"permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; server_max_window_bits=010", "permessage-deflate; server_max_window_bits=", "permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=16", "permessage-deflate; client_max_window_bits=-9", "permessage-deflate; client_max_window_bits=9.5",
		"permessage-deflate;", "permessage-deflate permessage-deflate", `"permessage-deflate"`, "permessage-deflate; =10",
	} {
		cases = append(cases, Hostile{Name: "refused: " + value, Client: compressed, Answers: []string{accepts(value)}, Then: Stay,
			Want: HostileWant{Refusal: codec.ErrExtension, Status: 101, Says: strconv.Quote(value)}})
	}
	cases = append(cases,
		Hostile{Name: "agreed to without an offer", Answers: []string{accepts("permessage-deflate")}, Then: Stay, Want: HostileWant{Refusal: codec.ErrExtension, Status: 101, Says: `"permessage-deflate"`}},
		Hostile{Name: "not agreed to, and used", Client: compressed, Answers: []string{acceptance() + hello}, Then: Stay, Want: violates(codec.ErrReservedBits)},
		Hostile{Name: "two lines of one each", Client: compressed, Answers: []string{acceptance("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Extensions: permessage-deflate")}, Then: Stay,
			Want: HostileWant{Refusal: codec.ErrExtension, Status: 101}},
	)
	bomb := new(Deflater).Message(bytes.Repeat([]byte{0}, 16<<20))
	for _, tt := range []struct {
		name   string
		frames []Frame
		rule   codec.Violation
	}{
		{"RSV2", []Frame{Text("x").WithRSV(codec.RSV2)}, codec.ErrReservedBits},
		{"RSV1 in a continuation", []Frame{Text("x").More(), Continuation("y").WithRSV(codec.RSV1)}, codec.ErrReservedBits},
		{"RSV1 in a Ping", []Frame{Ping("x").WithRSV(codec.RSV1)}, codec.ErrReservedBits},
		{"RSV1 in a Close frame", []Frame{Close(1000, "").WithRSV(codec.RSV1)}, codec.ErrReservedBits},
		{"not DEFLATE", []Frame{deflatedText("ff ff ff ff")}, codec.ErrDeflate},
		{"reference to before the begin", []Frame{deflatedText(helloAgainHex)}, codec.ErrDeflate},
		{"text that is not UTF-8", []Frame{deflated(codec.OpText, string(new(Deflater).Message([]byte("\xc0\x80"))))}, codec.ErrText},
		{"bomb of 16 MiB", []Frame{deflated(codec.OpBinary, string(bomb))}, codec.ErrMessageTooBig},
		{"bomb in fragments", CompressedFrames(codec.OpBinary, bomb, 100), codec.ErrMessageTooBig},
	} {
		want := violates(tt.rule)
		want.Memory = 4 << 20 // a message of 1 MiB, which grows, and the inflater
		cases = append(cases, Hostile{Name: tt.name, Client: compressed, Answers: []string{accepts("permessage-deflate") + fromServer(tt.frames...)}, Then: Stay, Want: want})
	}
	return cases
}

// violates is what the client has to make of a violation.
func violates(rule codec.Violation) HostileWant {
	return HostileWant{Violation: rule, Code: rule.StatusCode(), Sends: rule.StatusCode()}
}
