package wstest

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// samples are inputs of every kind.
func samples() map[string][]byte {
	random := make([]byte, 100_000)
	rand.NewChaCha8([32]byte{1}).Read(random)
	skewed := make([]byte, 100_000)
	for i := range skewed {
		skewed[i] = byte(min(random[i], random[(i*7)%len(random)]) / 3)
	}
	return map[string][]byte{
		"empty":         {},
		"a byte":        {'x'},
		"Hello":         []byte("Hello"),
		"zeros":         make([]byte, 300_000),
		"text":          TextPayload(70_000),
		"binary":        BinaryPayload(70_000),
		"random":        random,
		"skewed":        skewed,
		"far and wide":  []byte(strings.Repeat(string(random[:32_768]), 4)),
		"long and near": bytes.Repeat([]byte("ab"), 50_000),
	}
}

// TestInflaterReadsTheStandardLibrary: what compress/flate writes, at each of its
// levels, comes out as it was, in messages that refer to the ones before.
func TestInflaterReadsTheStandardLibrary(t *testing.T) {
	for name, sample := range samples() {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.BestCompression} {
			for _, size := range []int{len(sample)/3 + 1, 1000} {
				var out bytes.Buffer
				w, err := flate.NewWriter(&out, level)
				if err != nil {
					t.Fatal(err)
				}
				var z Inflater
				for piece := range Pieces(sample[:min(len(sample), 50*size)], size) {
					out.Reset()
					w.Write(piece)
					w.Flush()
					got, err := z.Message(bytes.TrimSuffix(out.Bytes(), DeflateTail))
					if err != nil || !bytes.Equal(got, piece) {
						t.Fatalf("%s at level %d: Message() = %d bytes, %v; want the %d that were compressed", name, level, len(got), err, len(piece))
					}
				}
			}
		}
	}
}

// TestInflaterAgreesWithTheStandardLibrary damages compressed messages: both have
// to fail, or to have the same output.
func TestInflaterAgreesWithTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	failed, passed := 0, 0
	for name, sample := range samples() {
		sample = sample[:min(len(sample), 3000)]
		payload := (&Deflater{}).Message(sample)
		for range 300 {
			damaged := bytes.Clone(payload)
			for range 1 + random.IntN(3) {
				damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
			}
			if random.IntN(4) == 0 {
				damaged = damaged[:random.IntN(len(damaged)+1)]
			}
			var z Inflater
			got, err := z.Message(damaged)
			want, wantErr := StdInflate(nil, damaged, 0)
			if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
				t.Fatalf("%s, damaged to % x:\nMessage() = %d bytes, %v\ncompress/flate: %d bytes, %v", name, damaged, len(got), err, len(want), wantErr)
			}
			if err != nil {
				failed++
			} else {
				passed++
			}
		}
	}
	if failed < 500 || passed < 100 {
		t.Errorf("%d messages failed and %d passed: the damage tells too little", failed, passed)
	}
}

// TestInflaterKeepsTheWindow has distances at the edge of the window and one
// beyond it, and asks for the largest.
func TestInflaterKeepsTheWindow(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		window := 1 << bits
		for _, tt := range []struct {
			name     string
			distance int
			fails    string // part of the error
		}{
			{"as far as the window", window, ""},
			{"a byte beyond it", window + 1, "in a window of"},
		} {
			for _, messages := range []int{1, 2} {
				if tt.distance > 1<<15 {
					continue // which no code says
				}
				name := fmt.Sprintf("%d bits, %s, %d messages", bits, tt.name, messages)
				z := Inflater{Window: window}
				payload := FarMatch(tt.distance)
				if messages == 2 {
					if _, err := z.Message(new(Deflater).Message(BinaryPayload(tt.distance))); err != nil {
						t.Fatalf("%s: the first message: %v", name, err)
					}
					payload = MatchOnly(tt.distance)
				}
				_, err := z.Message(payload)
				if tt.fails == "" && (err != nil || z.Farthest != tt.distance) || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
					t.Errorf("%s: Message() = %v, Farthest %d; want %q, %d", name, err, z.Farthest, tt.fails, tt.distance)
				}
			}
		}
	}
}

// TestInflaterKeepsTheReset has a second message refer to the first.
func TestInflaterKeepsTheReset(t *testing.T) {
	for _, tt := range []struct {
		noTakeover bool
		fails      string
	}{
		{false, ""},
		{true, "a distance of 3 with 0 bytes before it"},
	} {
		z := Inflater{NoTakeover: tt.noTakeover}
		if _, err := z.Message(new(Deflater).Message([]byte("abc"))); err != nil {
			t.Fatal(err)
		}
		got, err := z.Message(MatchOnly(3))
		if tt.fails == "" && (err != nil || string(got) != "abc") || tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)) {
			t.Errorf("NoTakeover %t: Message() = %q, %v; want %q", tt.noTakeover, got, err, tt.fails)
		}
	}
}

func TestInflaterKeepsTheLimit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		size  int
		limit int
		want  error
	}{
		{"at the limit", 1000, 1000, nil},
		{"a byte above it", 1001, 1000, ErrInflateLimit},
		{"no limit", 100_000, 0, nil},
	} {
		for _, sample := range [][]byte{make([]byte, tt.size), BinaryPayload(tt.size)} {
			z := Inflater{Limit: tt.limit}
			if _, err := z.Message(new(Deflater).Message(sample)); err != tt.want {
				t.Errorf("%s: Message() = %v, want %v", tt.name, err, tt.want)
			}
		}
	}
}

// TestDeflater: what it writes comes out as it was, of the window and the context
// that were agreed on, for compress/flate too.
func TestDeflater(t *testing.T) {
	for name, sample := range samples() {
		for _, bits := range []int{8, 9, 11, 15} {
			for _, noTakeover := range []bool{false, true} {
				call := fmt.Sprintf("%s, %d bits, NoTakeover %t", name, bits, noTakeover)
				d := Deflater{Window: 1 << bits, NoTakeover: noTakeover}
				z := Inflater{Window: 1 << bits, NoTakeover: noTakeover}
				var before []byte
				for piece := range Pieces(sample[:min(len(sample), 40_000)], 20_000, 1, 3000) {
					payload := d.Message(piece)
					got, err := z.Message(payload)
					if err != nil || !bytes.Equal(got, piece) {
						t.Fatalf("%s: Message() = %d bytes, %v; want the %d that were compressed", call, len(got), err, len(piece))
					}
					if noTakeover {
						before = nil
					}
					if got, err := StdInflate(before, payload, 0); err != nil || !bytes.Equal(got, piece) {
						t.Fatalf("%s: compress/flate has %d bytes, %v; want the %d that were compressed", call, len(got), err, len(piece))
					}
					before = append(before, piece...)
				}
				if bits < 12 && name == "skewed" && z.Farthest < 1<<bits*9/10 {
					t.Errorf("%s: the farthest distance is %d, want the window of %d used", call, z.Farthest, 1<<bits)
				}
			}
		}
	}
}
