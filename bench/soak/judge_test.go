package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"slices"
	"testing"
	"time"
)

// TestJudge: a shutdown explains what it does, and nothing else.
func TestJudge(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	late := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	for _, tt := range []struct {
		name     string
		err      error
		up, down outcome
	}{
		{"nothing", nil, survived, survived},
		{"1001", fmt.Errorf("want 1002: %w", &closing{code: 1001}), failed, cutShort},
		{"another code", &closing{code: 1002}, failed, failed},
		{"the end", io.EOF, failed, cutShort},
		{"an end inside a frame", fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), failed, cutShort},
		{"no connection", refused, failed, cutShort},
		{"nothing comes", late, failed, failed},
		{"an end before its time", &early{time.Second, time.Minute}, failed, cutShort},
		{"the books are closed", fmt.Errorf("call: %w", rpc.ServerError(errForgotten.Error())), failed, cutShort},
		{"another failure of the books", rpc.ServerError("still there"), failed, failed},
		{"a wrong echo", errors.New("byte 3"), failed, failed},
	} {
		for down, want := range map[bool]outcome{false: tt.up, true: tt.down} {
			g := &generation{down: make(chan struct{})}
			if down {
				close(g.down)
			}
			if got := (&attack{g: g}).judge(tt.err); got != want {
				t.Errorf("%s: judge(%v), shut down: %t = %v, want %v", tt.name, tt.err, down, got, want)
			}
		}
	}
}

func TestLeft(t *testing.T) {
	before := Usage{Goroutines: 2, Files: 10, Heap: 3 << 20, Resident: 15 << 20, Lent: 1}
	for _, tt := range []struct {
		name   string
		change func(u *Usage)
		want   []string
	}{
		{"nothing", func(*Usage) {}, nil},
		{"less", func(u *Usage) { u.Goroutines, u.Heap = 1, 1 }, nil},
		{"memory within the slack", func(u *Usage) { u.Heap += heapSlack; u.Resident += residentSlack }, nil},
		{"memory beyond it", func(u *Usage) { u.Heap += heapSlack + 1; u.Resident += residentSlack + 1 },
			[]string{"heap: 11,534,337 B, before 3,145,728 B", "resident memory: " + count(15<<20+residentSlack+1, "B") + ", before 15,728,640 B"}},
		{"a goroutine", func(u *Usage) { u.Goroutines++ }, []string{"goroutines: 3, before 2"}},
		{"a descriptor", func(u *Usage) { u.Files++ }, []string{"descriptors: 11, before 10"}},
		{"a buffer", func(u *Usage) { u.Lent++ }, []string{"pooled buffers: 2, before 1"}},
		{"a connection", func(u *Usage) { u.Opened, u.Closed = 8, 7 }, []string{"connections that were opened, and have not ended: 1, before 0"}},
	} {
		u := before
		tt.change(&u)
		if got := u.left(before); !slices.Equal(got, tt.want) {
			t.Errorf("%s: left() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestBalance: what the server has sent, and said, has to be what came.
func TestBalance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		sent, got Account
		lost      Account
		want      string
	}{
		{"as much", Account{3, 300, ""}, Account{3, 300, ""}, Account{}, ""},
		{"a message less", Account{3, 300, ""}, Account{2, 200, ""}, Account{1, 100, ""}, "the server has sent 3 messages, 300 bytes, to honest client 7, who has got 2, 200"},
		{"more", Account{3, 300, ""}, Account{4, 400, ""}, Account{}, "the server has sent 3 messages, 300 bytes, to honest client 7, who has got 4, 400"},
		{"other ones", Account{3, 300, ""}, Account{3, 299, ""}, Account{0, 1, ""}, "the server has sent 3 messages, 300 bytes, to honest client 7, who has got 3, 299"},
		{"one could not be sent", Account{3, 300, "broken"}, Account{3, 300, ""}, Account{}, "the server could not answer honest client 7: broken"},
	} {
		s := &soak{tally: newTally(config{}, func() {})}
		g := &generation{got: map[uint64]Account{7: tt.got}}
		got := ""
		if err := s.balance(g, map[uint64]Account{7: tt.sent, 8: {100, 100, "hostile"}}); err != nil {
			got = err.Error()
		}
		if got != tt.want || s.tally.unheard != tt.lost {
			t.Errorf("%s: balance() = %q and %v are lost, want %q, %v", tt.name, got, s.tally.unheard, tt.want, tt.lost)
		}
	}
}
