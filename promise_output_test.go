package websocket_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// wireJudge reads what an endpoint sends, octet by octet, and knows nothing of package
// codec: RFC 6455 §5.2 to §5.5, RFC 7692 §6.
type wireJudge struct {
	masked     bool // by a client
	compressed bool // RSV1 was negotiated

	inMessage bool
	closes    int
	messages  int
	keys      map[uint32]int // masking keys, and how often each came
}

// frame reads a frame. It returns io.EOF at the end, between frames, and other errors for
// what must not be.
func (j *wireJudge) frame(r *bufio.Reader) error {
	b0, err := r.ReadByte()
	if err != nil {
		return err
	}
	var head [13]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return fmt.Errorf("a header that ends: %w", err)
	}
	fin, rsv, opcode := b0&0x80 != 0, b0>>4&7, b0&0xF
	length, extended := uint64(head[0]&0x7F), 0
	switch length {
	case 126:
		extended = 2
	case 127:
		extended = 8
	}
	masked := head[0]&0x80 != 0
	rest := head[1 : 1+extended]
	if _, err := io.ReadFull(r, rest); err != nil {
		return fmt.Errorf("a length that ends: %w", err)
	}
	switch extended {
	case 2:
		length = uint64(binary.BigEndian.Uint16(rest))
	case 8:
		length = binary.BigEndian.Uint64(rest)
	}
	var key [4]byte
	if masked {
		if _, err := io.ReadFull(r, key[:]); err != nil {
			return fmt.Errorf("a key that ends: %w", err)
		}
		j.keys[binary.LittleEndian.Uint32(key[:])]++
	}
	payload := make([]byte, min(length, 64<<20))
	if _, err := io.ReadFull(r, payload); err != nil {
		return fmt.Errorf("a payload that ends: %w", err)
	}
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	control := opcode >= 8
	switch {
	case j.closes > 0:
		return errors.New("a frame behind the Close frame")
	case extended == 2 && length < 126 || extended == 8 && (length < 65_536 || length>>63 != 0):
		return fmt.Errorf("the length %d in %d bytes", length, extended)
	case masked != j.masked:
		return fmt.Errorf("masked: %v", masked)
	case rsv != 0 && (rsv != 4 || !j.compressed || control || opcode == 0):
		return fmt.Errorf("reserved bits %03b in a frame with opcode %d", rsv, opcode)
	case opcode > 2 && opcode < 8 || opcode > 10:
		return fmt.Errorf("the opcode %d", opcode)
	case control && (!fin || length > 125):
		return fmt.Errorf("a control frame of %d bytes, FIN: %v", length, fin)
	case !control && j.inMessage != (opcode == 0):
		return fmt.Errorf("the opcode %d, inside a message: %v", opcode, j.inMessage)
	}
	if !control {
		j.inMessage = !fin
		if fin {
			j.messages++
		}
	}
	if opcode == 8 {
		j.closes++
		return judgeClose(payload)
	}
	return nil
}

func judgeClose(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if len(p) == 1 {
		return errors.New("a Close frame of one byte")
	}
	code := int(p[0])<<8 | int(p[1])
	switch {
	case code < 1000 || code >= 5000 || code == 1004 || code == 1005 || code == 1006 || code > 1014 && code < 3000:
		return fmt.Errorf("the status code %d", code)
	case !utf8.Valid(p[2:]):
		return fmt.Errorf("the reason %q", p[2:])
	}
	return nil
}

// judgeAll reads frames until the end, and returns what was wrong.
func (j *wireJudge) judgeAll(r io.Reader) error {
	in := bufio.NewReader(r)
	j.keys = map[uint32]int{}
	for n := 1; ; n++ {
		if err := j.frame(in); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("frame %d: %w", n, err)
		}
	}
}

// TestPromise09OutputIsAlwaysLegal calls whatever writes with whatever arguments: what must
// not be sent is an error, and on the wire is nothing but legal frames, with one Close
// frame at most, which is the last.
func TestPromise09OutputIsAlwaysLegal(t *testing.T) {
	sessions := 60
	if raceEnabled {
		sessions = 15
	}
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		for _, agreed := range []string{"", withTakeover, withoutTakeover} {
			t.Run(fmt.Sprintf("%v, %q", role, agreed), func(t *testing.T) {
				frames, refused := 0, 0
				for seed := range uint64(sessions) {
					synctest.Test(t, func(t *testing.T) {
						ours, peer := pipe.New()
						opts := compressedOptions(0)
						opts.Compression.Threshold = 100
						opts.Overflow = websocket.Overflow(seed % 4)
						c := testkit.NewConn(ours, role, websocket.Handshake{Extensions: agreed}, opts)
						judge := wireJudge{masked: role == websocket.RoleClient, compressed: agreed != ""}
						judged := make(chan error, 1)
						go func() { judged <- judge.judgeAll(peer) }()
						r := rand.New(rand.NewPCG(9, seed))
						for range 40 {
							if callAnything(c, r) != nil {
								refused++
							}
						}
						c.Flush(background)
						c.Close(websocket.StatusCode(r.IntN(5200)), string(anyBytes(r, 200)))
						c.CloseNow()
						// Only Disconnect cuts the connection in the middle of a frame.
						err := <-judged
						cut := opts.Overflow == websocket.Disconnect && errors.Is(err, io.ErrUnexpectedEOF)
						if err != nil && !cut {
							t.Errorf("session %d: the peer got %v", seed, err)
						}
						peer.Close()
						frames += judge.messages
					})
				}
				if frames < 10*sessions || refused < sessions {
					t.Errorf("%d messages and %d errors in %d sessions: this tests nothing", frames, refused, sessions)
				}
			})
		}
	}
}

// callAnything calls a method of c that sends, with arguments of every kind.
func callAnything(c *websocket.Conn, r *rand.Rand) error {
	ctx, cancel := context.WithTimeout(background, time.Second)
	defer cancel()
	op := websocket.Opcode(1 + r.IntN(2))
	if r.IntN(5) == 0 {
		op = websocket.Opcode(r.IntN(256))
	}
	sizes := []int{0, 1, 99, 100, 125, 126, 127, 1000, 16 << 10, 65_535, 65_536, 70_000}
	p := anyBytes(r, sizes[r.IntN(len(sizes))])
	switch r.IntN(10) {
	case 0, 1:
		return c.Write(ctx, op, p)
	case 2:
		return c.WriteUncompressed(ctx, op, p)
	case 3:
		return c.Queue(ctx, op, p)
	case 4:
		m, err := websocket.Prepare(op, p)
		if err != nil {
			return err
		}
		return c.WritePrepared(ctx, m)
	case 5:
		m, err := websocket.Prepare(op, p)
		if err != nil {
			return err
		}
		_, err = c.TryWritePrepared(m, m)
		return err
	case 6:
		w, err := c.Writer(ctx, op)
		if err != nil {
			return err
		}
		for range r.IntN(4) {
			w.Write(p)
		}
		if r.IntN(4) == 0 {
			c.Write(offhandContext(), websocket.OpText, []byte("waits for the stream, in vain"))
		}
		return w.Close()
	case 7:
		_, err := c.Ping(offhandContext())
		return err
	case 8:
		if r.IntN(10) > 0 { // else the session is over
			code := []websocket.StatusCode{0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535}[r.IntN(10)]
			return c.Close(code, string(append(p[:min(len(p), 300)], 0xFF)))
		}
		return c.Close(websocket.StatusCode(r.IntN(6000)), string(p))
	}
	return c.Flush(ctx)
}

// offhandContext is one that has ended.
func offhandContext() context.Context {
	ctx, cancel := context.WithCancel(background)
	cancel()
	return ctx
}

func anyBytes(r *rand.Rand, n int) []byte {
	if r.IntN(2) == 0 {
		return []byte(strings.Repeat("é and more ", n/11+1))[:n]
	}
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// TestPromise10MaskingKeysAreRandom draws 2^20 masking keys. They are 32 bits: of so many,
// some have to be equal by chance, 128 pairs on average, and no source that is random has
// none or many more.
func TestPromise10MaskingKeysAreRandom(t *testing.T) {
	n := 1 << 20
	if raceEnabled {
		n = 1 << 17
	}
	near, far := pipe.New()
	c := testkit.NewConn(near, websocket.RoleClient, websocket.Handshake{}, nil)
	defer far.Close()
	judge := wireJudge{masked: true}
	judged := make(chan error, 1)
	go func() { judged <- judge.judgeAll(far) }()
	for range n {
		if err := c.Queue(background, websocket.OpBinary, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(background); err != nil {
		t.Fatal(err)
	}
	c.CloseNow()
	if err := <-judged; err != nil || judge.messages != n {
		t.Fatalf("%d messages, %v; want %d", judge.messages, err, n)
	}
	expected := float64(n) * float64(n) / 2 / (1 << 32)
	pairs, most := 0, 0
	for _, times := range judge.keys {
		pairs += times * (times - 1) / 2
		most = max(most, times)
	}
	// With a mean of 128 the standard deviation is 11. Of three equal ones there are 0.04 on
	// average, of four none in a million runs.
	if float64(pairs) > 2*expected+20 || n == 1<<20 && float64(pairs) < expected/2 || most > 3 {
		t.Errorf("of %d masking keys %d pairs are equal, and one came %d times; want about %.0f pairs", n, pairs, most, expected)
	}
}

// TestPromise10SourcesAreUnpredictable: the library draws from crypto/rand, and of
// math/rand/v2 only from its top-level source, which the runtime seeds from the system, and
// that only in newKey.
func TestPromise10SourcesAreUnpredictable(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("internal/session/*.go")
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, below...)
	draws := map[string]int{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		weak := false
		for _, imp := range file.Imports {
			switch imp.Path.Value {
			case `"math/rand"`:
				t.Errorf("%s imports math/rand", path)
			case `"math/rand/v2"`:
				weak = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if used, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := used.X.(*ast.Ident); ok && x.Name == "rand" {
					draws[fmt.Sprintf("%s %s, math: %v", path, used.Sel.Name, weak)]++
				}
			}
			return true
		})
	}
	want := map[string]int{"internal/session/sender.go Uint32, math: true": 1, "dial_handshake.go Read, math: false": 1}
	if got := fmt.Sprint(draws); got != fmt.Sprint(want) {
		t.Errorf("random numbers are drawn in %v, want %v", got, want)
	}
}

// TestPromise28OneCloseFrameAndItIsLast has goroutines close, write and ping at once, and
// the peer close as well: exactly one Close frame is sent, and nothing behind it, and then
// TCP is closed.
func TestPromise28OneCloseFrameAndItIsLast(t *testing.T) {
	for _, peerCloses := range []bool{false, true} {
		for _, agreed := range []string{"", withTakeover} {
			inBothRolesAfter(t, websocket.Handshake{Extensions: agreed}, compressedOptions(0), func(tc *testConn) {
				judge := wireJudge{masked: tc.role == websocket.RoleClient, compressed: agreed != ""}
				judged := make(chan error, 1)
				go func() { judged <- judge.judgeAll(tc.peer) }()
				var group sync.WaitGroup
				var underWay sync.WaitGroup
				underWay.Add(8)
				for i := range 8 {
					group.Go(func() {
						p := chatter(100 + 3000*i)
						for n := 0; tc.Write(background, websocket.OpText, p) == nil; n++ {
							if n == 5 {
								underWay.Done()
							}
						}
					})
					group.Go(func() {
						for {
							ctx, cancel := context.WithTimeout(background, time.Millisecond)
							_, err := tc.Ping(ctx)
							cancel()
							if errors.Is(err, websocket.ErrClosed) {
								return
							}
						}
					})
				}
				underWay.Wait()
				closing := time.Now()
				for i := range 4 {
					group.Go(func() { tc.Close(websocket.StatusCode(3000+i), "enough") })
				}
				if peerCloses {
					tc.peer.Write(tc.wire(wstest.Close(1001, "me too")))
				}
				if err := <-judged; err != nil || judge.closes != 1 {
					tc.t.Errorf("%d Close frames, %v; want one", judge.closes, err)
				}
				if took := time.Since(closing); took > 5*time.Second+time.Second {
					tc.t.Errorf("TCP was closed after %v, want CloseTimeout at most, and a second for the peer to do so", took)
				}
				tc.peer.Close()
				group.Wait()
			})
		}
	}
}
