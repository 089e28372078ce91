package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/pool"
)

// What the environment makes of the test binary when a test starts it again.
const (
	asProgram = "SOAK_TEST_PROGRAM" // if set, this program
	brokenBy  = "SOAK_TEST_BROKEN"  // what is wrong with its server; nothing if not set
)

func TestMain(m *testing.M) {
	switch {
	case isChild():
		exitOn(serve(broken[os.Getenv(brokenBy)]()))
	case os.Getenv(asProgram) != "":
		main()
	default:
		os.Exit(m.Run())
	}
}

// broken makes servers that are wrong in a way that this program has to find.
var broken = map[string]func() write{
	"": func() write { return (*websocket.Conn).Write },

	"a byte is flipped": spoil(func(c *websocket.Conn, op websocket.Opcode, p []byte) error {
		p[len(p)/2] ^= 1
		return c.Write(background, op, p)
	}),
	"an echo is lost": spoil(func(*websocket.Conn, websocket.Opcode, []byte) error { return nil }),
	"an echo comes twice": spoil(func(c *websocket.Conn, op websocket.Opcode, p []byte) error {
		return errors.Join(c.Write(background, op, p), c.Write(background, op, p))
	}),
	"an echo is cut short": spoil(func(c *websocket.Conn, op websocket.Opcode, p []byte) error {
		return c.Write(background, websocket.OpBinary, p[:len(p)-1])
	}),
	"the type is wrong": spoil(func(c *websocket.Conn, _ websocket.Opcode, p []byte) error {
		return c.Write(background, websocket.OpBinary, p)
	}),
	"a connection is cut":    spoil(func(c *websocket.Conn, _ websocket.Opcode, _ []byte) error { return c.CloseNow() }),
	"a connection is closed": spoil(func(c *websocket.Conn, _ websocket.Opcode, _ []byte) error { return c.Close(1000, "") }),
	"the handler panics":     spoil(func(*websocket.Conn, websocket.Opcode, []byte) error { panic("on purpose") }),
	"the process ends": spoil(func(*websocket.Conn, websocket.Opcode, []byte) error {
		os.Exit(3)
		return nil
	}),

	"a goroutine is left": keep(func() { go func() { select {} }() }),
	"memory is kept":      keep(func() { kept = append(kept, make([]byte, 2*heapSlack)...) }),
	"a descriptor is kept": keep(func() {
		f, err := os.Open(os.DevNull)
		exitOn(err)
		open = append(open, f)
	}),
	"a buffer is kept": keep(func() { pool.Get(1) }),
}

// What broken servers keep.
var (
	kept []byte
	open []*os.File
)

// spoil is a server that answers every hundredth message in another way.
func spoil(answer func(c *websocket.Conn, op websocket.Opcode, p []byte) error) func() write {
	return func() write {
		var n atomic.Int64
		return func(c *websocket.Conn, ctx context.Context, op websocket.Opcode, p []byte) error {
			if n.Add(1)%100 == 0 {
				return answer(c, op, p)
			}
			return c.Write(ctx, op, p)
		}
	}
}

// keep is a server that does something beside its first answer.
func keep(something func()) func() write {
	return func() write {
		var n atomic.Int64
		return func(c *websocket.Conn, ctx context.Context, op websocket.Opcode, p []byte) error {
			if n.Add(1) == 1 {
				something()
			}
			return c.Write(ctx, op, p)
		}
	}
}

// detectable reports whether this build, on this system, can find what is broken.
func detectable(name string) bool {
	switch name {
	case "a descriptor is kept":
		return runtime.GOOS == "linux"
	case "a buffer is kept":
		return pool.Poisoned
	}
	return name != ""
}
