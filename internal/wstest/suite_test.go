package wstest

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
)

func dialNaive(role codec.Role, f faults) func(*testing.T) net.Conn {
	return func(*testing.T) net.Conn {
		suite, peer := pipe.New()
		go serveNaive(peer, role, f)
		return suite
	}
}

// TestCorrectPeerPasses holds the table against a peer that was written without
// it: a case that asks for too much fails here.
func TestCorrectPeerPasses(t *testing.T) {
	some := []string{"1", "2", "3", "4", "5", "6", "7", "9.1.1", "9.4.3", "9.5.4", "9.7.1", "10"}
	groups := []string{} // all
	if raceEnabled {
		groups = some
	}
	t.Run("server", func(t *testing.T) {
		PlayTableInBubble(t, codec.Server, dialNaive(codec.Server, faults{}), groups...)
	})
	t.Run("client", func(t *testing.T) {
		PlayTableInBubble(t, codec.Client, dialNaive(codec.Client, faults{}), some...)
	})
}

// TestCorrectPeerPassesOverTCP is the same on a socket, in real time.
func TestCorrectPeerPassesOverTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serveNaive(conn, codec.Server, faults{})
		}
	}()
	PlayTable(t, codec.Server, func(t *testing.T) net.Conn {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}, "1", "2", "3", "4", "5", "6.4", "7", "9.1.1", "10")
}

// TestFaultyPeerIsFound: the suite has to be able to fail.
func TestFaultyPeerIsFound(t *testing.T) {
	change := func(to func(*Frame)) func(Frame) []Frame {
		return func(f Frame) []Frame { to(&f); return []Frame{f} }
	}
	for _, tt := range []struct {
		fault    string
		f        faults
		id       string
		mode     Mode
		behavior Verdict
		close    Verdict
		why      string // part of the explanation
	}{
		{"accepts RSV bits", faults{ignoreRules: true}, "3.1", Whole, Failed, Failed, "did not fail the connection"},
		{"answers a ping behind a failure", faults{ignoreRules: true}, "3.2", Whole, Failed, Failed, "event 2 is one too many"},
		{"accepts a fragmented ping", faults{ignoreRules: true}, "5.1", Whole, Failed, Failed, "nothing to continue"},
		{"accepts a stray continuation", faults{ignoreRules: true}, "5.9", Whole, Failed, Failed, "nothing to continue"},
		{"accepts a long ping", faults{ignoreRules: true}, "2.5", Whole, Failed, Failed, "longer than 125 bytes"},

		{"does not check UTF-8", faults{ignoreText: true}, "6.3.1", Whole, Failed, Failed, "not UTF-8"},
		{"checks UTF-8 per message", faults{textPerText: true}, "6.4.1", Whole, NonStrict, OK, "only after the last part"},
		{"checks UTF-8 per message", faults{textPerText: true}, "6.4.2", Whole, NonStrict, OK, "only after the last part"},
		{"checks UTF-8 per frame", faults{textPerFrame: true}, "6.4.1", Whole, OK, OK, ""},
		{"checks UTF-8 per frame", faults{textPerFrame: true}, "6.4.3", Whole, NonStrict, OK, "only after the last part"},
		{"checks UTF-8 per frame", faults{textPerFrame: true}, "6.4.4", Trailing, NonStrict, OK, "only after the last part"},
		{"wants whole code points", faults{textEager: true}, "6.4.2", Whole, Failed, OK, "before it was sent anything invalid"},
		{"wants whole code points", faults{textEager: true}, "6.4.4", Whole, Failed, OK, "before it was sent anything invalid"},
		{"wants whole code points", faults{textEager: true}, "6.2.3", Whole, Failed, Failed, "did not come"},
		{"fails bad text with 1002", faults{failCode: 1002}, "6.3.1", Whole, OK, WrongCode, "closed with 1002"},

		{"fails with 1000", faults{failCode: 1000}, "3.1", Whole, OK, WrongCode, "closed with 1000, want one of [1002]"},
		{"fails with 1000", faults{failCode: 1000}, "7.9.1", Whole, Failed, WrongCode, "decides this case"},
		{"fails with 1002", faults{failCode: 1002}, "7.5.1", Whole, OK, OK, ""},
		{"fails with 1007", faults{failCode: 1007}, "7.3.2", Whole, Failed, WrongCode, "1007"},
		{"fails with an empty Close", faults{failEmpty: true}, "3.1", Whole, OK, OK, ""},
		{"fails without Close", faults{failSilent: true}, "3.1", Whole, OK, OK, ""},
		{"fails without Close", faults{failSilent: true}, "7.9.3", Whole, OK, OK, ""},
		{"loses the echo before the failure", faults{failAndLose: true}, "3.2", Whole, NonStrict, OK, "an echo is missing"},
		{"loses the echo before the failure", faults{failAndLose: true}, "5.15", Trailing, NonStrict, OK, "an echo is missing"},
		{"goes on after failing", faults{echoAfterFail: true}, "3.1", Whole, Failed, Failed, "after its Close frame"},
		{"goes on after closing", faults{echoAfterBye: true}, "7.1.4", Whole, Failed, Failed, "after its Close frame"},

		{"closes first", faults{closeFirst: true}, "1.1.2", Whole, Failed, Failed, "for the suite to do"},
		{"closes first", faults{closeFirst: true}, "7.1.1", Whole, Failed, Failed, "for the suite to do"},
		{"does not answer Close", faults{closeNever: true}, "1.1.1", Whole, OK, Unclean, "did not answer"},
		{"does not answer Close", faults{closeNever: true}, "7.3.2", Whole, OK, FailedByClient, "did not drop TCP"},
		{"answers Close with 1001", faults{closeCode: 1001}, "1.1.1", Whole, OK, WrongCode, "1001"},
		{"answers Close with 1001", faults{closeCode: 1001}, "7.7.5", Whole, Failed, WrongCode, "want one of [1007 1000]"},
		{"answers Close with 1000", faults{closeCode: 1000}, "7.7.5", Whole, OK, OK, ""},
		{"keeps TCP open", faults{keepTCP: true}, "1.1.1", Whole, OK, Unclean, "did not drop TCP"},
		{"keeps TCP open", faults{keepTCP: true}, "3.1", Whole, OK, FailedByClient, "did not drop TCP"},
		{"keeps TCP open", faults{keepTCP: true}, "7.9.2", Whole, OK, FailedByClient, "did not drop TCP"},

		{"sends no pong", faults{noPong: true}, "2.1", Whole, Failed, OK, "event 1 did not come: pong 0"},
		{"sends no pong", faults{noPong: true}, "5.6", Whole, Failed, OK, "want pong"},
		{"reverses its pongs", faults{pongsReversed: true}, "2.10", Whole, Failed, OK, "want pong"},
		{"answers the last ping only", faults{lastPongOnly: true}, "2.10", Whole, Failed, OK, "want pong"},

		{"sends an extra pong", faults{event: func(f Frame) []Frame { return []Frame{f, Pong("")} }}, "1.1.2", Whole, Failed, OK, "one too many"},
		{"echoes twice", faults{event: func(f Frame) []Frame { return []Frame{f, f} }}, "1.1.2", Whole, Failed, OK, "one too many"},
		{"changes a byte", faults{event: change(func(f *Frame) {
			f.Payload = append(bytes.Clone(f.Payload[1:]), '!')
		})}, "1.1.2", Whole, Failed, OK, "event 1 is text 125"},
		{"changes the type", faults{event: change(func(f *Frame) { f.Opcode = codec.OpBinary })}, "1.1.2", Whole, Failed, OK, "event 1 is binary 125"},
		{"cuts a byte off", faults{event: change(func(f *Frame) { f.Payload = f.Payload[1:] })}, "9.2.1", Whole, Failed, OK, "binary 65535"},
		{"echoes in fragments", faults{event: func(f Frame) []Frame {
			return []Frame{{Opcode: f.Opcode, Payload: f.Payload[:9]}, Ping(""), {Fin: true, Payload: f.Payload[9:]}}
		}}, "1.1.2", Whole, Failed, OK, "event 1 is ping 0"},
		{"echoes in fragments", faults{event: func(f Frame) []Frame {
			return []Frame{{Opcode: f.Opcode, Payload: f.Payload[:9]}, {Fin: true, Payload: f.Payload[9:]}}
		}}, "1.1.2", Whole, OK, OK, ""},

		{"masks as a server", faults{wrongMask: true}, "1.1.1", Whole, Failed, Failed, "a masked frame, and is a server"},
		{"sets RSV1", faults{event: change(func(f *Frame) { f.RSV = codec.RSV1 })}, "1.1.2", Whole, Failed, Failed, "reserved bits"},
		{"sends a reserved opcode", faults{event: change(func(f *Frame) { f.Opcode = 3 })}, "1.1.2", Whole, Failed, Failed, "reserved opcode"},
		{"fragments a pong", faults{event: change(func(f *Frame) { f.Fin = false })}, "2.1", Whole, Failed, Failed, "fragmented control"},
		{"sends a long pong", faults{event: change(func(f *Frame) { f.Payload = make([]byte, 126) })}, "2.1", Whole, Failed, Failed, "longer than 125"},
		{"continues nothing", faults{event: change(func(f *Frame) { f.Opcode = codec.OpContinuation })}, "1.1.2", Whole, Failed, Failed, "nothing to continue"},
		{"begins twice", faults{event: func(f Frame) []Frame { return []Frame{f.More(), f} }}, "1.1.2", Whole, Failed, Failed, "inside a fragmented message"},
		{"pads the length", faults{event: change(func(f *Frame) { f.Form = Length64 })}, "1.1.2", Whole, Failed, Failed, "ill-formed header"},
		{"sends text that is not UTF-8", faults{event: change(func(f *Frame) { f.Payload = []byte{0xFF} })}, "1.1.2", Whole, Failed, Failed, "not UTF-8"},
		{"closes with one byte", faults{event: change(func(f *Frame) { *f = CloseBody("x") })}, "1.1.2", Whole, Failed, Failed, "of one byte"},
		{"closes with a bad reason", faults{event: change(func(f *Frame) { *f = Close(1000, "\xFF") })}, "1.1.2", Whole, Failed, Failed, "reason that is not UTF-8"},
		{"sends garbage", faults{raw: Unhex("FF FF")}, "1.1.2", Whole, Failed, Failed, ""},

		{"breaks an informational case", faults{wrongMask: true}, "7.13.1", Whole, Failed, Failed, "a masked frame"},
		{"takes an informational case its own way", faults{failCode: 1000}, "7.13.1", Whole, Informational, Informational, ""},
	} {
		t.Run(tt.fault+"/"+tt.id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := play(t, codec.Server, tt.f, tt.id, tt.mode)
				if r.Behavior != tt.behavior || r.BehaviorClose != tt.close {
					t.Errorf("a peer that %s: got %s and %s, want %s and %s\n%s",
						tt.fault, r.Behavior, r.BehaviorClose, tt.behavior, tt.close, r)
				}
				if !strings.Contains(r.Explanation, tt.why) {
					t.Errorf("Explanation = %q, want %q in it", r.Explanation, tt.why)
				}
			})
		})
	}
}

// TestFaultyClientIsFound has what is different when the peer is a client.
func TestFaultyClientIsFound(t *testing.T) {
	for _, tt := range []struct {
		fault           string
		f               faults
		id              string
		behavior, close Verdict
	}{
		{"does not mask", faults{wrongMask: true}, "1.1.1", Failed, Failed},
		{"waits for the server to drop TCP", faults{keepTCP: true}, "1.1.1", OK, OK},
		{"waits for the server to drop TCP", faults{keepTCP: true}, "3.1", OK, OK},
		{"does not answer Close", faults{closeNever: true}, "1.1.1", OK, Unclean},
		{"accepts RSV bits", faults{ignoreRules: true}, "3.1", Failed, Failed},
		{"goes on after failing", faults{echoAfterFail: true}, "3.1", Failed, Failed},
	} {
		t.Run(tt.fault+"/"+tt.id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := play(t, codec.Client, tt.f, tt.id, Whole)
				if r.Behavior != tt.behavior || r.BehaviorClose != tt.close {
					t.Errorf("a client that %s: got %s and %s, want %s and %s\n%s",
						tt.fault, r.Behavior, r.BehaviorClose, tt.behavior, tt.close, r)
				}
			})
		})
	}
}

func play(t *testing.T, role codec.Role, f faults, id string, mode Mode) Report {
	t.Helper()
	c := Cases(id)
	if len(c) != 1 {
		t.Fatalf("Cases(%q) has %d cases, want 1", id, len(c))
	}
	return Play(dialNaive(role, f)(t), role, c[0], Options{Mode: mode, Patience: time.Second, Pause: time.Second})
}

// TestPlayWaits pins what time a case takes: a correct peer costs the pauses of
// the case and nothing else, a silent one the suite's patience.
func TestPlayWaits(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    faults
		id   string
		want time.Duration
	}{
		{"an echo does not wait", faults{}, "1.1.1", 0},
		{"a failure does not wait", faults{}, "3.2", 0},
		{"a pause elapses", faults{}, "5.19", time.Second},
		{"failing fast ends the case", faults{}, "6.4.3", time.Second},
		{"failing late costs pause and deadline", faults{textPerText: true}, "6.4.1", 2 * time.Second},
		{"a Close frame without an answer costs one wait", faults{closeNever: true}, "1.1.1", time.Second},
		{"TCP kept open costs one wait", faults{keepTCP: true}, "1.1.1", time.Second},
		{"a missing pong costs one wait", faults{noPong: true}, "2.1", time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				r := play(t, codec.Server, tt.f, tt.id, Whole)
				if took := time.Since(start); took != tt.want {
					t.Errorf("Play took %v, want %v\n%s", took, tt.want, r)
				}
			})
		})
	}
}

// TestReportString is what a failing test prints.
func TestReportString(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := play(t, codec.Server, faults{failAndLose: true, failCode: 1003}, "3.2", Whole).String()
		want := `3.2 a text is echoed, one with RSV 2 refused, the ping after it not answered
  behavior NON-STRICT, close WRONG CODE
  WRONG CODE: the peer closed with 1003, want one of [1002]
  NON-STRICT: an echo is missing that was due before the failure
  got:  close FIN 2 1003
  want: text 13 "Hello, world!", closed by the peer with one of [1002]
`
		if got != want {
			t.Errorf("Report.String()\n got: %s\nwant: %s", got, want)
		}
	})
}
