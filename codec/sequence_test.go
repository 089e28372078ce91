package codec

import (
	"fmt"
	"slices"
	"testing"
)

// broken returns every rule that a frame with header h breaks: one sentence of
// the RFC each, in no order. It is the judge of Sequence, written without it.
func broken(h Header, role Role, allowed uint8, inside, closed bool) []Violation {
	rules := []struct {
		violation Violation
		breaks    bool
	}{
		{ErrAfterClose, closed},
		{ErrReservedBits, h.RSV != 0 && (h.RSV&^allowed != 0 || h.Opcode.IsControl() || h.Opcode == OpContinuation)},
		{ErrReservedBits, h.RSV != 0 && h.Opcode.IsReserved()},
		{ErrReservedOpcode, h.Opcode.IsReserved()},
		{ErrUnmasked, role == Server && !h.Masked},
		{ErrMasked, role == Client && h.Masked},
		{ErrContinuation, h.Opcode == OpContinuation && !inside},
		{ErrInterleaved, h.Opcode.IsData() && inside},
		{ErrControlFragmented, h.Opcode.IsControl() && !h.Fin},
		{ErrControlTooLong, h.Opcode.IsControl() && h.Length > 125},
		{ErrLengthOverflow, h.Length >= 1<<63},
	}
	var found []Violation
	for _, rule := range rules {
		if rule.breaks {
			found = append(found, rule.violation)
		}
	}
	return found
}

// Every header at every place: refused with a rule that it does break, and then
// without a change of state, or taken if it breaks none.
func TestSequenceAgainstTheRules(t *testing.T) {
	states := []struct {
		name           string
		message        Opcode
		inside, closed bool
	}{
		{"between messages", OpContinuation, false, false},
		{"inside a text", OpText, true, false},
		{"inside a binary", OpBinary, true, false},
		{"after Close", OpContinuation, false, true},
		{"after Close inside a text", OpText, true, true},
	}
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			for h := range everyHeader {
				for _, role := range []Role{Server, Client} {
					for _, allowed := range []uint8{0, RSV1, RSV2 | RSV3, 7} {
						before := Sequence{Role: role, RSV: allowed, message: state.message, closed: state.closed}
						s := before
						err := s.Check(h)
						rules := broken(h, role, allowed, state.inside, state.closed)
						if err == nil {
							if len(rules) > 0 {
								t.Fatalf("%+v.Check(%+v) = nil, want one of %v", before, h, rules)
							}
							if got, want := s, after(before, h); got != want {
								t.Fatalf("%+v.Check(%+v) leads to %+v, want %+v", before, h, got, want)
							}
							continue
						}
						if v, ok := err.(Violation); !ok || !slices.Contains(rules, v) {
							t.Fatalf("%+v.Check(%+v) = %v, want one of %v", before, h, err, rules)
						}
						if s != before {
							t.Fatalf("%+v.Check(%+v) = %v and changed it to %+v", before, h, err, s)
						}
					}
				}
			}
		})
	}
}

// everyHeader yields headers with every opcode, also such that do not fit into
// four bits, reserved bit, flag, and lengths at the limits.
func everyHeader(yield func(Header) bool) {
	for bits := range 1 << 10 {
		for _, length := range []uint64{0, 1, 125, 126, 1<<63 - 1, 1 << 63} {
			h := Header{
				Opcode: Opcode(bits & 0x1F),
				RSV:    uint8(bits >> 5 & 7),
				Fin:    bits>>8&1 == 1,
				Masked: bits>>9&1 == 1,
				Length: length,
			}
			if !yield(h) {
				return
			}
		}
	}
}

// after is where a legal frame leads.
func after(s Sequence, h Header) Sequence {
	switch {
	case h.Opcode == OpClose:
		s.closed = true
	case h.Opcode.IsControl():
	case h.Fin:
		s.message = OpContinuation
	case h.Opcode != OpContinuation:
		s.message = h.Opcode
	}
	return s
}

// The order of the rules is part of the contract where a log or a report tells
// the peer's author what to mend first.
func TestSequenceRuleOfAFrame(t *testing.T) {
	text := Header{Fin: true, Opcode: OpText, Masked: true}
	fragment := Header{Opcode: OpText, Masked: true}
	continuation := Header{Opcode: OpContinuation, Masked: true}
	last := Header{Fin: true, Opcode: OpContinuation, Masked: true}
	ping := Header{Fin: true, Opcode: OpPing, Masked: true}
	closing := Header{Fin: true, Opcode: OpClose, Masked: true}
	for _, tt := range []struct {
		name   string
		frames []Header
		want   []error
	}{
		{"messages one after the other", []Header{text, text, {Fin: true, Opcode: OpBinary, Masked: true}}, []error{nil, nil, nil}},
		{"a fragmented message", []Header{fragment, continuation, last, text}, []error{nil, nil, nil, nil}},
		{"control frames inside it", []Header{fragment, ping, last}, []error{nil, nil, nil}},
		{"nothing to continue", []Header{last}, []error{ErrContinuation}},
		{"nothing to continue any more", []Header{fragment, last, continuation}, []error{nil, nil, ErrContinuation}},
		{"interleaved, then continued all the same", []Header{fragment, text, last}, []error{nil, ErrInterleaved, nil}},
		{"everything after Close", []Header{closing, closing, ping, text}, []error{nil, ErrAfterClose, ErrAfterClose, ErrAfterClose}},
		{"Close inside a message", []Header{fragment, closing, last}, []error{nil, nil, ErrAfterClose}},
		{"reserved bit and opcode", []Header{{RSV: RSV2, Opcode: 3}}, []error{ErrReservedBits}},
		{"reserved opcode, unmasked", []Header{{Opcode: 0xB}}, []error{ErrReservedOpcode}},
		{"unmasked and fragmented ping", []Header{{Opcode: OpPing}}, []error{ErrUnmasked}},
		{"fragmented and too long a ping", []Header{{Opcode: OpPing, Masked: true, Length: 126}}, []error{ErrControlFragmented}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Sequence
			for i, h := range tt.frames {
				if got := s.Check(h); got != tt.want[i] {
					t.Errorf("frame %d: Check(%+v) = %v, want %v", i, h, got, tt.want[i])
				}
			}
		})
	}
}

func TestSequenceTells(t *testing.T) {
	var s Sequence
	for i, tt := range []struct {
		h       Header
		message Opcode
		closed  bool
	}{
		{Header{Opcode: OpBinary, Masked: true}, OpBinary, false},
		{Header{Opcode: OpPing, Fin: true, Masked: true}, OpBinary, false},
		{Header{Opcode: OpContinuation, Masked: true}, OpBinary, false},
		{Header{Opcode: OpContinuation, Fin: true, Masked: true}, OpContinuation, false},
		{Header{Opcode: OpText, Masked: true}, OpText, false},
		{Header{Opcode: OpClose, Fin: true, Masked: true}, OpText, true},
	} {
		if err := s.Check(tt.h); err != nil {
			t.Fatalf("frame %d: Check(%+v) = %v", i, tt.h, err)
		}
		got := fmt.Sprint(s.Message(), s.Closed())
		if want := fmt.Sprint(tt.message, tt.closed); got != want {
			t.Errorf("after frame %d Message and Closed are %s, want %s", i, got, want)
		}
	}
}
