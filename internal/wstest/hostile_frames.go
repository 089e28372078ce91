package wstest

import (
	"fmt"
	"math"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// hostileFrames are frames that a server must not send, each behind a message that the
// client has to deliver, and in front of one that it must not.
func hostileFrames() (cases []Hostile) {
	limited := HostileClient{MaxMessage: 1000}
	for _, tt := range []struct {
		name   string
		rule   codec.Violation
		frames []Frame
	}{
		{"RSV1", codec.ErrReservedBits, []Frame{Text("x").WithRSV(codec.RSV1)}},
		{"RSV2", codec.ErrReservedBits, []Frame{Text("x").WithRSV(codec.RSV2)}},
		{"RSV3 in a Ping", codec.ErrReservedBits, []Frame{Ping("x").WithRSV(codec.RSV3)}},
		{"opcode 3", codec.ErrReservedOpcode, []Frame{Reserved(3, "x")}},
		{"opcode 7, inside a message", codec.ErrReservedOpcode, []Frame{Text("x").More(), Reserved(7, "")}},
		{"opcode 11", codec.ErrReservedOpcode, []Frame{Reserved(11, "")}},
		{"opcode 15", codec.ErrReservedOpcode, []Frame{Reserved(15, strings.Repeat("x", 200))}},
		{"length in three bytes", codec.ErrLengthNotMinimal, []Frame{{Fin: true, Opcode: codec.OpText, Payload: []byte("x"), Form: Length16}}},
		{"length in nine bytes", codec.ErrLengthNotMinimal, []Frame{{Fin: true, Opcode: codec.OpText, Payload: []byte("x"), Form: Length64}}},
		{"length of 2^63", codec.ErrLengthOverflow, []Frame{{Fin: true, Opcode: codec.OpText, Form: Length64, Lie: math.MinInt64}}},
		{"length of 2^64-1", codec.ErrLengthOverflow, []Frame{{Fin: true, Opcode: codec.OpText, Form: Length64, Lie: -1}}},
		{"continuation of nothing", codec.ErrContinuation, []Frame{Continuation("x")}},
		{"message in a message", codec.ErrInterleaved, []Frame{Text("x").More(), Text("y")}},
		{"binary in a text", codec.ErrInterleaved, []Frame{Text("x").More(), Binary([]byte("y"))}},
		{"Ping in fragments", codec.ErrControlFragmented, []Frame{Ping("x").More(), Continuation("y")}},
		{"Close frame in fragments", codec.ErrControlFragmented, []Frame{Close(1000, "").More()}},
		{"Ping of 126 bytes", codec.ErrControlTooLong, []Frame{Ping(strings.Repeat("x", 126))}},
		{"Pong that claims 2^62 bytes", codec.ErrControlTooLong, []Frame{{Fin: true, Opcode: codec.OpPong, Form: Length64, Lie: 1 << 62}}},
		{"text that is not UTF-8", codec.ErrText, []Frame{Text("x\xff")}},
		{"surrogate", codec.ErrText, []Frame{Text("\xed\xa0\x80")}},
		{"overlong form", codec.ErrText, []Frame{Text("\xc0\xaf")}},
		{"text that ends in a character", codec.ErrText, []Frame{Text("\xe2\x82")}},
		{"fragment with an impossible byte", codec.ErrText, []Frame{Text("x\xf8").More()}},
		{"message above the limit", codec.ErrMessageTooBig, []Frame{Text(strings.Repeat("x", 1001))}},
		{"fragments above the limit", codec.ErrMessageTooBig, []Frame{Text(strings.Repeat("x", 1000)).More(), Continuation("y")}},
		{"claim of 2^62 bytes", codec.ErrMessageTooBig, []Frame{{Fin: true, Opcode: codec.OpBinary, Form: Length64, Lie: 1 << 62}}},
		{"claim of 2^63-1 bytes behind one byte", codec.ErrMessageTooBig, []Frame{Binary([]byte("x")).More(), {Fin: true, Form: Length64, Lie: math.MaxInt64}}},
	} {
		want := violates(tt.rule)
		want.Messages = []string{"heard"}
		cases = append(cases, Hostile{Name: tt.name, Client: limited, Then: Stay, Want: want,
			Answers: []string{acceptance() + fromServer(Text("heard")) + fromServer(tt.frames...) + fromServer(Text("not heard"), Ping("nor answered"))}})
	}
	masked := violates(codec.ErrMasked)
	masked.Messages = []string{"heard"}
	want := converses
	want.Messages = []string{"heard", "one two", ""}
	long := converses
	long.Messages, long.Memory = []string{strings.Repeat("x", 1<<20)}, 8<<20
	return append(cases,
		Hostile{Name: "masked", Answers: []string{acceptance() + fromServer(Text("heard")) + string(Text("x").AppendMasked(nil, RFCKey))}, Then: Stay, Want: masked},
		Hostile{Name: "masked with zeros", Answers: []string{acceptance() + fromServer(Text("heard")) + string(Text("x").AppendMasked(nil, [4]byte{}))}, Then: Stay, Want: masked},
		Hostile{Name: "legal: Pings between fragments, Pongs unasked, empty fragments", Want: want,
			Answers: []string{acceptance() + fromServer(Text("heard"), Text("one").More(), Ping(""), Continuation("").More(), Pong("unasked"), Continuation(" two"), Text("").More(), Continuation(""), Close(1000, "bye"))}},
		Hostile{Name: "legal: a message at the limit", Answers: []string{acceptance() + fromServer(Text(strings.Repeat("x", 1<<20)), Close(1000, "bye"))}, Want: long},
	)
}

// hostileClosings are the ends of connections.
func hostileClosings() (cases []Hostile) {
	for _, code := range []codec.StatusCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cases = append(cases, Hostile{Name: fmt.Sprintf("code %d", code), Answers: []string{acceptance() + fromServer(Close(code, "because"))}, Want: HostileWant{Code: code, Sends: code}})
	}
	for _, code := range []codec.StatusCode{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		cases = append(cases, Hostile{Name: fmt.Sprintf("code %d, which must not be sent", code), Answers: []string{acceptance() + fromServer(Close(code, ""))}, Then: Stay, Want: violates(codec.ErrCloseStatus)})
	}
	abnormal := HostileWant{Code: codec.StatusAbnormalClosure, Messages: []string{"heard"}}
	heard := acceptance() + fromServer(Text("heard"))
	closed := HostileWant{Code: 1000, Sends: 1000, Within: hostileTimely}
	return append(cases,
		Hostile{Name: "no code", Answers: []string{acceptance() + fromServer(CloseBody(""))}, Want: HostileWant{Code: codec.StatusNoStatusReceived}},
		Hostile{Name: "one byte", Answers: []string{acceptance() + fromServer(CloseBody("x"))}, Then: Stay, Want: violates(codec.ErrCloseTruncated)},
		Hostile{Name: "reason that is not UTF-8", Answers: []string{acceptance() + fromServer(Close(1000, "\xff"))}, Then: Stay, Want: violates(codec.ErrCloseReason)},
		Hostile{Name: "reason of 123 bytes", Answers: []string{acceptance() + fromServer(Close(1000, strings.Repeat("x", 123)))}, Want: HostileWant{Code: 1000, Sends: 1000}},
		Hostile{Name: "reason of 124 bytes", Answers: []string{acceptance() + fromServer(Close(1000, strings.Repeat("x", 124)))}, Then: Stay, Want: violates(codec.ErrControlTooLong)},
		Hostile{Name: "inside a message", Answers: []string{heard + fromServer(Text("x").More(), Close(1001, ""))}, Want: HostileWant{Code: 1001, Sends: 1001, Messages: []string{"heard"}}},
		Hostile{Name: "frames behind the Close frame", Answers: []string{heard + fromServer(Close(1000, ""), Text("not heard"), Ping("nor answered"), Close(1001, ""))}, Want: HostileWant{Code: 1000, Sends: 1000, Messages: []string{"heard"}}},
		Hostile{Name: "garbage behind the Close frame", Answers: []string{heard + fromServer(Close(1000, "")) + strings.Repeat("\xff", 5000)}, Want: HostileWant{Code: 1000, Sends: 1000, Messages: []string{"heard"}}},
		Hostile{Name: "no end of TCP behind the Close frame", Client: HostileClient{CloseTimeout: hostileLimit}, Answers: []string{acceptance() + fromServer(Close(1000, ""))}, Then: Hold, Want: closed},
		Hostile{Name: "frames without end behind the Close frame", Client: HostileClient{CloseTimeout: hostileLimit}, Answers: []string{acceptance() + fromServer(Close(1000, ""))}, Endless: fromServer(Text(strings.Repeat("x", 1000))), Then: Hold, Want: HostileWant{Code: 1000, Within: hostileTimely, Most: 1 << 40}},
		Hostile{Name: "end without a Close frame", Answers: []string{heard}, Want: abnormal},
		Hostile{Name: "end in a header", Answers: []string{heard + "\x81"}, Want: abnormal},
		Hostile{Name: "end in a payload", Answers: []string{heard + "\x81\x05hel"}, Want: abnormal},
		Hostile{Name: "end in a Close frame", Answers: []string{heard + "\x88\x02\x03"}, Want: abnormal},
		Hostile{Name: "end in a message", Answers: []string{heard + fromServer(Text("x").More())}, Want: abnormal},
		Hostile{Name: "reset", Answers: []string{acceptance()}, Then: Reset, Want: HostileWant{Code: codec.StatusAbnormalClosure}},
	)
}
