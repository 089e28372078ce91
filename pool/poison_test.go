//go:build poison

package pool

import "testing"

func TestPutOverwrites(t *testing.T) {
	b := Get(MinSize)
	b.B = append(b.B, "secret"...)
	kept := b.B[:cap(b.B)]
	Put(b)
	for i, octet := range kept {
		if octet != poison {
			t.Fatalf("byte %d after Put is %#02x, want %#02x", i, octet, poison)
		}
	}
}

func TestPutPanicsOnDoubleRelease(t *testing.T) {
	for _, tt := range []struct {
		name    string
		release func()
	}{
		{"the same buffer twice", func() {
			b := Get(MinSize)
			Put(b)
			Put(b)
		}},
		{"a buffer that Grow has put back", func() {
			b := Get(MinSize)
			defer Put(Grow(b, 2*MinSize))
			Put(b)
		}},
		{"a buffer of somebody else", func() { Put(&Buffer{B: make([]byte, MinSize)}) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("Put did not panic")
				}
			}()
			tt.release()
		})
	}
}

func TestLentCounts(t *testing.T) {
	before := Lent()
	var out []*Buffer
	want := func(n int, after string) {
		t.Helper()
		if got := Lent() - before; got != n {
			t.Errorf("Lent counts %d after %s, want %d", got, after, n)
		}
	}
	for i := range 3 {
		out = append(out, Get(MinSize<<i))
	}
	want(3, "three calls of Get")
	out[0] = Grow(out[0], MaxSize)
	want(3, "Grow")
	out = append(out, Get(MaxSize+1))
	want(4, "a Get beyond the largest class")
	for _, b := range out {
		Put(b)
	}
	want(0, "Put of all")
}

func TestDropLeavesTheBytes(t *testing.T) {
	before := Lent()
	b := Get(MinSize)
	b.B = append(b.B, "kept"...)
	Drop(b)
	if got := Lent(); got != before {
		t.Errorf("Lent counts %d after Drop, want %d", got, before)
	}
	if string(b.B) != "kept" {
		t.Errorf("after Drop the buffer holds %q, want %q", b.B, "kept")
	}
}
