package wstest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/zerowire/websocket/internal/pipe"
)

func TestPieces(t *testing.T) {
	for _, tt := range []struct {
		name  string
		b     string
		sizes []int
		want  []string
	}{
		{"no sizes", "abc", nil, []string{"abc"}},
		{"nothing", "", []int{1}, nil},
		{"one by one", "abc", []int{1}, []string{"a", "b", "c"}},
		{"in turn and over again", "abcdefgh", []int{1, 2}, []string{"a", "bc", "d", "ef", "g", "h"}},
		{"more than there is", "abc", []int{9}, []string{"abc"}},
	} {
		var got []string
		for p := range Pieces([]byte(tt.b), tt.sizes...) {
			got = append(got, string(p))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: Pieces(%q, %d) = %q, want %q", tt.name, tt.b, tt.sizes, got, tt.want)
		}
	}
}

func TestChop(t *testing.T) {
	a, b := pipe.New()
	chopped := Chop(a, 1, 2)
	wantN(t, "Write", 5, nil)(chopped.Write([]byte("Hello")))
	got := make([]byte, 9)
	wantN(t, "Read at the other end", 5, nil)(b.Read(got))
	b.Write([]byte("Hello"))
	for i, n := range []int{1, 2, 1, 1} {
		wantN(t, "Read "+string(rune('1'+i)), n, nil)(chopped.Read(got))
	}
	wantErr(t, "CloseWrite", chopped.(interface{ CloseWrite() error }).CloseWrite(), nil)
	wantN(t, "Read after CloseWrite", 0, io.EOF)(b.Read(got))
	wantErr(t, "CloseWrite of a conn without it", Chop(struct{ net.Conn }{a}).(*chopConn).CloseWrite(), errors.ErrUnsupported)
	wantN(t, "ChopReader", 2, nil)(ChopReader(bytes.NewReader([]byte("abc")), 2).Read(got))
	if err := iotest.TestReader(ChopReader(bytes.NewReader([]byte("abcdefgh")), 3, 1), []byte("abcdefgh")); err != nil {
		t.Errorf("ChopReader: %v", err)
	}
}

func wantN(t *testing.T, call string, n int, err error) func(int, error) {
	return func(gotN int, gotErr error) {
		t.Helper()
		if gotN != n || !errors.Is(gotErr, err) {
			t.Errorf("%s = %d, %v; want %d, %v", call, gotN, gotErr, n, err)
		}
	}
}

func wantErr(t *testing.T, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}
