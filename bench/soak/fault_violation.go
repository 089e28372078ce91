package main

import (
	"math"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// violationFaults break each rule of RFC 6455 that a client can break.
var violationFaults = []fault{
	{"violation: a reserved bit", violates(1002, wstest.Text("x").WithRSV(codec.RSV2))},
	{"violation: a reserved opcode", violates(1002, wstest.Reserved(0xB, ""))},
	{"violation: a length in too many bytes", violates(1002, wstest.Frame{Fin: true, Opcode: codec.OpText, Form: wstest.Length16})},
	{"violation: a length of 2^63", violates(1002, wstest.Frame{Fin: true, Opcode: codec.OpText, Form: wstest.Length64, Lie: math.MinInt64})},
	{"violation: a frame that is not masked", func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		if _, err := l.nc.Write(wstest.Text(unheard).Append(nil)); err != nil {
			return err
		}
		return a.closes(l, websocket.StatusProtocolError)
	}},
	{"violation: a continuation of nothing", violates(1002, wstest.Continuation("x"))},
	{"violation: a message in a message", violates(1002, wstest.Text("x").More(), wstest.Text("y"))},
	{"violation: a fragmented Ping", violates(1002, wstest.Ping("x").More())},
	{"violation: a Ping of 126 bytes", violates(1002, wstest.Ping(string(make([]byte, 126))))},
	{"violation: a Close frame of one byte", violates(1002, wstest.CloseBody("x"))},
	{"violation: a Close frame with 1005", violates(1002, wstest.Close(1005, ""))},
	{"violation: a Close frame with 2999", violates(1002, wstest.Close(2999, ""))},
	{"violation: a reason that is not UTF-8", violates(1007, wstest.Close(1000, "\xff"))},
	{"violation: text that is not UTF-8", violates(1007, wstest.Text("a surrogate: \xed\xa0\x80"))},
	{"violation: text that ends inside a character", violates(1007, wstest.Text("\xe4").More(), wstest.Continuation("\xb8"))},
	{"violation: a message above the limit", violates(1009, wstest.Binary(noise[:largest+1]))},
	{"violation: fragments above the limit", violates(1009, wstest.Binary(noise[:largest]).More(), wstest.Continuation("x"))},
}

// violates sends frames: the server has to close with the code.
func violates(code websocket.StatusCode, frames ...wstest.Frame) func(a *attack) error {
	return func(a *attack) error {
		d := a.form()
		d.tls = a.r.IntN(4) == 0
		l, err := a.greet(d)
		if err != nil {
			return err
		}
		return a.fails(l, code, frames...)
	}
}
