package pool

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/valyala/bytebufferpool"
)

// sizes yields the size of every class.
func sizes(yield func(int) bool) {
	for size := MinSize; size <= MaxSize; size *= 2 {
		if !yield(size) {
			return
		}
	}
}

func TestGetRoundsUpToItsClass(t *testing.T) {
	for _, tt := range []struct{ n, want int }{
		{-1, MinSize},
		{0, MinSize},
		{1, MinSize},
		{MinSize - 1, MinSize},
		{MinSize, MinSize},
		{MinSize + 1, 2 * MinSize},
		{4095, 4096},
		{4096, 4096},
		{4097, 8192},
		{MaxSize/2 + 1, MaxSize},
		{MaxSize, MaxSize},
		{MaxSize + 1, MaxSize + 1},
	} {
		b := Get(tt.n)
		if len(b.B) != 0 || cap(b.B) != tt.want {
			t.Errorf("Get(%d) has length %d and capacity %d, want 0 and %d", tt.n, len(b.B), cap(b.B), tt.want)
		}
		Put(b)
	}
}

func TestGetGivesNoBufferTwice(t *testing.T) {
	for size := range sizes {
		a, b := Get(size), Get(size)
		if a == b || &a.B[:1][0] == &b.B[:1][0] {
			t.Errorf("two calls of Get(%d) gave the same memory", size)
		}
		Put(a)
		Put(b)
	}
}

// bytebufferpool decides after some 42,000 calls what to keep, by the lengths
// at Put. Only a test that goes well beyond that sees a pool that learned wrong.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	if raceEnabled || Poisoned {
		return // sync.Pool drops at random with -race, and poison books every buffer
	}
	for size := range sizes {
		for _, used := range []int{0, 1, size} {
			t.Run(fmt.Sprintf("%d of %d bytes used", used, size), func(t *testing.T) {
				allocs := testing.AllocsPerRun(100_000, func() {
					b := Get(size)
					b.B = b.B[:used]
					Put(b)
				})
				if allocs != 0 {
					t.Errorf("Get(%d) and Put allocate %v times, want 0", size, allocs)
				}
			})
		}
	}
}

func TestClassesDoNotMix(t *testing.T) {
	for range 100 {
		for size := range sizes {
			if size > 1<<16 {
				break
			}
			b := Get(size)
			if cap(b.B) != size {
				t.Fatalf("Get(%d) has capacity %d", size, cap(b.B))
			}
			Put(b)
		}
	}
}

func TestPutDropsWhatIsNoClass(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func() *Buffer
	}{
		{"oversize", func() *Buffer { return Get(MaxSize + 1) }},
		{"oversize and a power of two", func() *Buffer { return Get(2 * MaxSize) }},
		{"replaced by append", func() *Buffer { return replaced(1000) }},
		{"replaced by a larger one", func() *Buffer { return replaced(2*MaxSize + 1) }},
		{"replaced by a small one", func() *Buffer { return replaced(64) }},
		{"replaced by nothing", func() *Buffer { return replaced(0) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range classes {
				*classes[i] = bytebufferpool.Pool{}
			} // what bytebufferpool has learned by now would drop them as well
			for range 4 {
				b := tt.make()
				size := min(max(ceil(cap(b.B)), MinSize), MaxSize)
				Put(b)
				for _, n := range []int{max(size/2, MinSize), size} {
					g := Get(n)
					if g == b || cap(g.B) != ceil(n) {
						t.Errorf("Get(%d) after the Put has capacity %d, want %d and another buffer", n, cap(g.B), ceil(n))
					}
					Put(g)
				}
			}
		})
	}
}

// replaced lends a buffer and gives it other memory, as append may.
func replaced(size int) *Buffer {
	b := Get(MinSize)
	b.B = make([]byte, size)
	return b
}

func TestDropIsForGood(t *testing.T) {
	for range 100 {
		b := Get(MinSize)
		Drop(b)
		if g := Get(MinSize); g == b {
			t.Fatal("Get lends a buffer again that was dropped")
		} else {
			Put(g)
		}
	}
}

func TestPutAndDropOfNil(t *testing.T) {
	Put(nil)
	Drop(nil)
}

func TestGrow(t *testing.T) {
	for _, tt := range []struct {
		name     string
		size, n  int
		contents string
		same     bool
	}{
		{"to nothing", 512, 0, "abc", true},
		{"within the capacity", 512, 512, "abc", true},
		{"by one byte", 512, 513, "abc", false},
		{"by several classes", 512, 1 << 20, "abc", false},
		{"empty", 512, 1024, "", false},
		{"beyond the largest class", 512, MaxSize + 1, "abc", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := Get(tt.size)
			b.B = append(b.B, tt.contents...)
			g := Grow(b, tt.n)
			if string(g.B) != tt.contents || cap(g.B) < tt.n {
				t.Errorf("Grow(%q, %d) = %q with capacity %d", tt.contents, tt.n, g.B, cap(g.B))
			}
			if (g == b) != tt.same {
				t.Errorf("Grow(capacity %d, %d) is the same buffer: %v, want %v", tt.size, tt.n, g == b, tt.same)
			}
			Put(g)
		})
	}
}

// TestFit: what is asked for is enough, no more than four times that, and the last step
// to the largest size begins at a quarter of it.
func TestFit(t *testing.T) {
	for _, tt := range []struct {
		n    int
		most uint64
		want int
	}{
		{1, 0, MinSize},
		{513, 0, 1024},
		{1025, 0, 4096},
		{MaxSize + 1, 0, 4 * MaxSize},
		{1, 10, MinSize},
		{10, 10, MinSize},
		{1, 1 << 20, MinSize},
		{1 << 16, 1 << 20, 1 << 16},
		{1<<16 + 1, 1 << 20, 1 << 18},
		{1<<18 + 1, 1 << 20, 1 << 20},
		{1 << 20, 1 << 20, 1 << 20},
		{1 << 18, 2 << 20, 1 << 19},
		{1000, 1_000_000, 1024},
		{1_000_000, 1_000_000, 1 << 20},
		{30 << 20, 100 << 20, 100 << 20},
		{25 << 20, 100 << 20, 25 << 20},
		{1, 1<<63 - 1, MinSize},
	} {
		if got := cap(fitted(tt.n, tt.most)); got != tt.want {
			t.Errorf("Get(Fit(%d, %d)) has the capacity %d, want %d", tt.n, tt.most, got, tt.want)
		}
	}
	for _, most := range []uint64{1, 512, 513, 65_536, 1 << 20, 3 << 20, MaxSize, MaxSize + 3} {
		top := cap(fitted(int(most), most))
		for before := 0; before < top; {
			size := cap(fitted(before+1, most))
			if size <= before || size > max(MinSize, 4*(before+1)) || before+size > top+max(top/4, MinSize) {
				t.Fatalf("with at most %d bytes, a buffer of %d is followed by one of %d", most, before, size)
			}
			before = size
		}
	}
}

func fitted(n int, most uint64) []byte {
	b := Get(Fit(n, most))
	defer Put(b)
	return b.B
}

func TestConcurrentUse(t *testing.T) {
	done := make(chan string)
	for i := range 8 {
		go func() {
			mark := bytes.Repeat([]byte{byte(i + 1)}, 700)
			for range 500 {
				b := Get(100)
				b.B = append(b.B, mark[:100]...)
				b = Grow(b, 700)
				b.B = append(b.B, mark[100:]...)
				if !bytes.Equal(b.B, mark) {
					done <- fmt.Sprintf("goroutine %d found bytes of another in its buffer", i)
					return
				}
				Put(b)
			}
			done <- ""
		}()
	}
	for range 8 {
		if failure := <-done; failure != "" {
			t.Error(failure)
		}
	}
}
