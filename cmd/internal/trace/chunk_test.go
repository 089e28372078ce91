package trace

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// TestVerdictIsThatOfAnyCut changes bytes of a session at random, and has what comes of
// it arrive at once and cut anywhere: what is seen is the same.
func TestVerdictIsThatOfAnyCut(t *testing.T) {
	w := whole(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		var changed [2][]byte
		for from := range changed {
			p := append([]byte(nil), w.bytes[from][:min(len(w.bytes[from]), 600)]...)
			for range random.IntN(4) {
				p[random.IntN(len(p))] ^= 1 << random.IntN(8)
			}
			changed[from] = p[:random.IntN(len(p)+1)]
		}
		var once, cut lines
		play(changed, once.sink(), func(left int) int { return left })
		play(changed, cut.sink(), func(left int) int { return 1 + random.IntN(min(left, 40)) })
		if once.out.String() != cut.out.String() {
			t.Fatalf("client % x\nserver % x\nat once\n%s\ncut\n%s", changed[codec.Client], changed[codec.Server], &once.out, &cut.out)
		}
	}
}

// play has a Session decode the client's head, then the server's bytes, then the rest
// of the client's, with as many bytes at a time as size says.
func play(bytes [2][]byte, sink func(Event), size func(left int) int) {
	s := NewSession(true, 0, sink)
	write := func(from codec.Role, p []byte) {
		for len(p) > 0 {
			n := size(len(p))
			s.Write(from, time.Time{}, p[:n])
			p = p[n:]
		}
	}
	head := min(len(request), len(bytes[codec.Client]))
	write(codec.Client, bytes[codec.Client][:head])
	write(codec.Server, bytes[codec.Server])
	write(codec.Client, bytes[codec.Client][head:])
	s.End(codec.Client, time.Time{})
	s.End(codec.Server, time.Time{})
}
