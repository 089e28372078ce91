package wstest

import "github.com/zerowire/websocket/codec"

// casesFragments is group 5.
func casesFragments() []*Case {
	var (
		refused = fails(codec.StatusProtocolError)
		two     = []Frame{Text("fragment1").More(), Continuation("fragment2")}
		pinged  = []Frame{Text("fragment1").More(), Ping("ping payload"), Continuation("fragment2")}
		stray   = []Frame{Continuation("nothing to continue"), Text("Hello, world!")}
		strayed = []Frame{Continuation("nothing to continue").More(), Text("Hello, world!")}
		whole   = echo("fragment1fragment2")
	)
	twice := func(first Frame) []Step {
		three := []Frame{first, two[0], two[1]}
		return sends(append(three, three...)...)
	}
	long := func(cut int) func() Script {
		return wants([]Step{
			Send{[]Frame{Text("fragment1").More(), Continuation("fragment2").More(), Ping("ping 1")}, cut},
			Pause{},
			Send{[]Frame{Continuation("fragment3").More(), Continuation("fragment4").More(), Ping("ping 2"), Continuation("fragment5")}, cut},
		}, pong("ping 1"), pong("ping 2"), echo("fragment1fragment2fragment3fragment4fragment5"))
	}
	return []*Case{
		{ID: "5.1", Name: "a fragmented ping is refused", Closing: refused,
			script: mustFail(sends(Ping("fragment1").More(), Continuation("fragment2")))},
		{ID: "5.2", Name: "a fragmented pong is refused", Closing: refused,
			script: mustFail(sends(Pong("fragment1").More(), Continuation("fragment2")))},

		{ID: "5.3", Name: "a text in two fragments, one write, is echoed", Closing: closes1000(),
			script: wants(sends(two...), whole)},
		{ID: "5.4", Name: "a text in two fragments, a write per frame, is echoed", Closing: closes1000(),
			script: wants(frameWise(two...), whole)},
		{ID: "5.5", Name: "a text in two fragments, octet-wise, is echoed", Closing: closes1000(),
			script: wants(octetWise(two...), whole)},
		{ID: "5.6", Name: "a ping between two fragments, one write, is answered before the echo", Closing: closes1000(),
			script: wants(sends(pinged...), pong("ping payload"), whole)},
		{ID: "5.7", Name: "a ping between two fragments, a write per frame, is answered before the echo", Closing: closes1000(),
			script: wants(frameWise(pinged...), pong("ping payload"), whole)},
		{ID: "5.8", Name: "a ping between two fragments, octet-wise, is answered before the echo", Closing: closes1000(),
			script: wants(octetWise(pinged...), pong("ping payload"), whole)},

		{ID: "5.9", Name: "a last fragment with nothing to continue, one write, is refused", Closing: refused,
			script: mustFail(sends(stray...))},
		{ID: "5.10", Name: "a last fragment with nothing to continue, a write per frame, is refused", Closing: refused,
			script: mustFail(frameWise(stray...))},
		{ID: "5.11", Name: "a last fragment with nothing to continue, octet-wise, is refused", Closing: refused,
			script: mustFail(octetWise(stray...))},
		{ID: "5.12", Name: "a middle fragment with nothing to continue, one write, is refused", Closing: refused,
			script: mustFail(sends(strayed...))},
		{ID: "5.13", Name: "a middle fragment with nothing to continue, a write per frame, is refused", Closing: refused,
			script: mustFail(frameWise(strayed...))},
		{ID: "5.14", Name: "a middle fragment with nothing to continue, octet-wise, is refused", Closing: refused,
			script: mustFail(octetWise(strayed...))},
		{ID: "5.15", Name: "a text in two fragments is echoed, a fragment with nothing to continue refused", Closing: refused,
			script: echoThenFail(sends(two[0], two[1], Continuation("fragment3").More(), Text("fragment4")), whole)},
		{ID: "5.16", Name: "a middle fragment before a fragmented text is refused", Closing: refused,
			script: mustFail(twice(strayed[0]))},
		{ID: "5.17", Name: "a last fragment before a fragmented text is refused", Closing: refused,
			script: mustFail(twice(stray[0]))},
		{ID: "5.18", Name: "a text frame inside a fragmented text is refused", Closing: refused,
			script: mustFail(sends(two[0], Text("fragment2")))},

		{ID: "5.19", Name: "two pings inside five fragments, with a pause, are answered before the echo", Closing: closes1000(),
			script: long(OneWrite)},
		{ID: "5.20", Name: "two pings inside five fragments, with a pause, a write per frame, are answered before the echo", Closing: closes1000(),
			script: long(FrameByFrame)},
	}
}
