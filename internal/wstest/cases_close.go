package wstest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// casesClose is group 7.
func casesClose() []*Case {
	clean := closing7(true, codec.StatusNormalClosure)
	refused := closing7(false, codec.StatusProtocolError)
	const hello = "Hello, world!"
	bye := Close(codec.StatusNormalClosure, "")
	cases := []*Case{
		{ID: "7.1.1", Name: "a text is echoed, then Close 1000 answered", Closing: clean,
			script: wants(append(sends(Text(hello)), Await(1)), echo(hello))},
		{ID: "7.1.2", Name: "the second of two Close frames is ignored", Closing: clean,
			script: wants(sends(bye, CloseBody("")))},
		{ID: "7.1.3", Name: "a ping after Close is not answered", Closing: clean,
			script: wants(sends(bye, Ping("")))},
		{ID: "7.1.4", Name: "a text after Close is not echoed", Closing: clean,
			script: wants(sends(bye, Text(hello)))},
		{ID: "7.1.5", Name: "the rest of a fragmented text after Close is ignored", Closing: clean,
			script: wants(sends(Text("fragment1").More(), bye, Continuation("fragment2")))},
		{ID: "7.1.6", Name: "256 KiB of text, a short text, Close 1000 and a ping in a row", Closing: clean, Informational: true,
			script: func() Script {
				big := filled(codec.OpText, 256<<10)
				return Script{
					Steps: sends(big, Text(hello), bye, Ping("")),
					Want:  []Event{{codec.OpText, big.Payload}, echo(hello)},
				}
			}},
		{ID: "7.3.1", Name: "an empty Close is answered", Closing: clean,
			script: wants(sends(CloseBody("")))},
		{ID: "7.3.2", Name: "a Close with a body of one byte is refused", Closing: refused,
			script: wants(sends(CloseBody("a")))},
		{ID: "7.3.3", Name: "Close 1000 is answered", Closing: clean,
			script: wants(sends(bye))},
		{ID: "7.3.4", Name: "Close 1000 with a reason is answered", Closing: clean,
			script: wants(sends(Close(codec.StatusNormalClosure, hello)))},
		{ID: "7.3.5", Name: "Close 1000 with a reason of 123 bytes is answered", Closing: clean,
			script: wants(sends(Close(codec.StatusNormalClosure, strings.Repeat("*", 123))))},
		{ID: "7.3.6", Name: "Close 1000 with a reason of 124 bytes is refused", Closing: refused,
			script: wants(sends(Close(codec.StatusNormalClosure, strings.Repeat("*", 124))))},
		{ID: "7.5.1", Name: "Close 1000 with a reason that is not UTF-8 is refused",
			Closing: closing7(false, codec.StatusProtocolError, codec.StatusInvalidPayload),
			script:  wants(sends(Close(codec.StatusNormalClosure, kosme+"\xED\xA0\x80edited")))},
	}
	for i, code := range []codec.StatusCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, &Case{
			ID:      fmt.Sprintf("7.7.%d", i+1),
			Name:    fmt.Sprintf("Close %d is answered with that code or 1000", code),
			Closing: closing7(true, slices.Compact([]codec.StatusCode{code, codec.StatusNormalClosure})...),
			script:  wants(sends(Close(code, ""))),
		})
	}
	for i, code := range []codec.StatusCode{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, &Case{
			ID:      fmt.Sprintf("7.9.%d", i+1),
			Name:    fmt.Sprintf("Close %d, a code that must not be sent, is refused", code),
			Closing: refused,
			script:  wants(sends(Close(code, ""))),
		})
	}
	for i, code := range []codec.StatusCode{5000, 65535} {
		cases = append(cases, &Case{
			ID:            fmt.Sprintf("7.13.%d", i+1),
			Name:          fmt.Sprintf("Close %d, a code that the RFC leaves undefined", code),
			Closing:       refused,
			Informational: true,
			script:        wants(sends(Close(code, ""))),
		})
	}
	return cases
}

// closing7: in group 7 the suite always counts as the closing side, and a wrong
// code decides the behavior too.
func closing7(clean bool, codes ...codec.StatusCode) Closing {
	return Closing{By: Suite, Clean: clean, Codes: codes, Fatal: WrongCode}
}
