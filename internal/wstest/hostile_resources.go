package wstest

import (
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
)

// hostileTimely is how long a client may take that a time limit of hostileLimit ends, on a
// busy machine. The default limits are twice as long, at least.
const hostileTimely = 5 * time.Second

// hostileResources are servers that want a client to spend memory or time without end.
func hostileResources() []Hostile {
	timely := HostileWant{Timeout: true, Within: hostileTimely}
	impatient := HostileClient{HandshakeTimeout: hostileLimit}
	slow := HostileClient{MessageTimeout: hostileLimit}
	late := HostileWant{Code: codec.StatusPolicyViolation, Sends: codec.StatusPolicyViolation, Within: hostileTimely}
	flood := HostileWant{Code: codec.StatusPolicyViolation, Within: 10 * time.Second}
	refused := HostileWant{Refusal: codec.ErrStatus, Status: 403}
	forbidden := func(line string) string { return head("HTTP/1.1 403 No", line) }
	const pace = hostileLimit / 20
	begun := strings.TrimSuffix(acceptance(), "\r\n")
	tooBig := violates(codec.ErrMessageTooBig)
	tooBig.Memory, tooBig.Sends = 8<<20, 0 // the reset of a connection with unread bytes may pass the Close frame
	unheard := tooBig
	unheard.Most = 1 << 40 // for as long as the client waits for the end of TCP
	compressed := acceptance("Sec-WebSocket-Extensions: permessage-deflate")
	return []Hostile{
		{Name: "reason without end", Answers: []string{"HTTP/1.1 101 "}, Endless: strings.Repeat("x", 1000), Want: HostileWant{Refusal: codec.ErrHeadTooBig, Says: "MaxHeadBytes"}},
		{Name: "lines without end", Answers: []string{begun}, Endless: "X: " + strings.Repeat("x", 1000) + "\r\n", Want: HostileWant{Refusal: codec.ErrHeadTooBig, Says: "MaxHeadBytes"}},
		{Name: "short lines without end", Answers: []string{begun}, Endless: strings.Repeat("X:\r\n", 100), Want: HostileWant{Refusal: codec.ErrTooManyLines, Says: "MaxHeadFields"}},
		{Name: "a line without end", Answers: []string{begun + "X: "}, Endless: strings.Repeat("x", 1000), Want: HostileWant{Refusal: codec.ErrHeadTooBig}},
		{Name: "a folded line without end", Answers: []string{begun + "X: y"}, Endless: "\r\n y", Want: HostileWant{Refusal: codec.ErrHeadTooBig}},
		{Name: "interim responses without end", Answers: []string{""}, Endless: strings.Repeat(head("HTTP/1.1 100 Continue"), 100), Want: HostileWant{Refusal: codec.ErrHeadTooBig}},
		{Name: "head, byte by byte", Client: impatient, Answers: []string{begun + "X: "}, Endless: "x", Pace: pace, Want: timely},
		{Name: "interim responses, one by one", Client: impatient, Answers: []string{""}, Endless: head("HTTP/1.1 100 Continue"), Pace: pace, Want: timely},
		{Name: "redirects, each late", Client: impatient, Answers: []string{""}, Endless: head("HTTP/1.1 302 Found", "Location: /chat"), Pace: hostileLimit * 3 / 10, Want: timely},
		{Name: "body without end", Answers: []string{forbidden("X: y")}, Endless: strings.Repeat("x", 10_000), Want: refused},
		{Name: "chunks without end", Answers: []string{forbidden("Transfer-Encoding: chunked")}, Endless: "1\r\nx\r\n", Want: refused},
		{Name: "extension of a chunk without end", Answers: []string{forbidden("Transfer-Encoding: chunked") + "1"}, Endless: strings.Repeat(";x", 1000), Want: refused},
		{Name: "trailers without end", Answers: []string{forbidden("Transfer-Encoding: chunked") + "0\r\n"}, Endless: strings.Repeat("X: y\r\n", 100), Want: refused},
		{Name: "body, byte by byte", Answers: []string{forbidden("Content-Length: 1000")}, Endless: "x", Pace: pace, Want: refused},

		{Name: "message, byte by byte", Client: slow, Answers: []string{acceptance() + fromServer(Frame{Fin: true, Opcode: codec.OpBinary, Lie: 1000})}, Endless: "x", Pace: pace, Want: late},
		{Name: "message that does not go on", Client: slow, Answers: []string{acceptance() + fromServer(Frame{Fin: true, Opcode: codec.OpBinary, Lie: 1 << 20})}, Then: Stay, Want: late},
		{Name: "header that does not go on", Client: slow, Answers: []string{acceptance() + "\x82\x7f\x00"}, Then: Stay, Want: late},
		{Name: "next fragment that does not come", Client: slow, Answers: []string{acceptance() + fromServer(Text("x").More())}, Then: Stay, Want: late},
		{Name: "fragments, one by one", Client: slow, Answers: []string{acceptance() + fromServer(Text("x").More())}, Endless: fromServer(Continuation("x").More()), Pace: pace, Want: late},
		{Name: "empty fragments without end", Client: slow, Answers: []string{acceptance() + fromServer(Text("x").More())}, Endless: strings.Repeat(fromServer(Continuation("").More()), 500),
			Want: HostileWant{Code: codec.StatusPolicyViolation, Within: hostileTimely, Most: 1 << 40}},
		{Name: "fragments without end", Client: HostileClient{MaxMessage: 100_000}, Answers: []string{acceptance() + fromServer(Text("x").More())}, Endless: strings.Repeat(fromServer(Continuation("x").More()), 500), Want: tooBig},
		{Name: "payload without end", Client: HostileClient{MaxMessage: 100_000}, Answers: []string{acceptance() + fromServer(Text("x").More())}, Endless: fromServer(Continuation(strings.Repeat("x", 1000)).More()), Want: tooBig},
		{Name: "payload without end, also behind the client's Close frame", Client: HostileClient{MaxMessage: 100_000}, Then: Hold, Answers: []string{acceptance() + fromServer(Text("x").More())},
			Endless: fromServer(Continuation(strings.Repeat("x", 1000)).More()), Want: unheard},
		{Name: "empty blocks without end", Client: HostileClient{Compression: true, MaxMessage: 100_000}, Answers: []string{compressed + fromServer(deflatedText("").More())},
			Endless: fromServer(Continuation(strings.Repeat("\x00\x00\x00\xff\xff", 200)).More()), Want: tooBig},
		{Name: "Pings without end", Answers: []string{acceptance()}, Endless: strings.Repeat(fromServer(Ping("x")), 100), Want: flood},
		{Name: "Pongs without end", Answers: []string{acceptance()}, Endless: strings.Repeat(fromServer(Pong("x")), 100), Want: flood},
		{Name: "Pings inside a message without end", Answers: []string{acceptance() + fromServer(Text("x").More())}, Endless: strings.Repeat(fromServer(Ping("x"), Continuation("").More()), 100), Want: flood},
		{Name: "many claims", Client: HostileClient{MaxMessage: 1 << 40, MessageTimeout: hostileLimit}, Answers: []string{acceptance() + fromServer(Frame{Fin: true, Opcode: codec.OpBinary, Form: Length64, Lie: 1 << 39})}, Then: Stay, Want: late},
		{Name: "200 lines of a list, all empty", Answers: []string{acceptance(strings.TrimSuffix(strings.Repeat("Sec-WebSocket-Extensions: ,\r\n", 200), "\r\n")) + conversation}, Client: HostileClient{Compression: true}, Want: converses},
	}
}
