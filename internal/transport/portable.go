//go:build !linux || purego

package transport

import (
	"net"
	"sync/atomic"

	"github.com/zerowire/websocket/codec"
)

// raw stands for a descriptor, which is not used in this build.
type raw struct{}

func newRaw(net.Conn) *raw { return nil }

func (*raw) await() error                                { panic("unreachable") }
func (*raw) quiet() bool                                 { panic("unreachable") }
func (*raw) receive(*codec.Decoder, []byte) (int, error) { panic("unreachable") }
func (*raw) trySend(*net.Buffers) error                  { panic("unreachable") }
func (*raw) trySendOne([]byte) (int, error)              { panic("unreachable") }
func (*raw) send(*net.Buffers, *atomic.Int64) error      { panic("unreachable") }

// socketOf returns nil: this build does not ask sockets for their state.
func socketOf(net.Conn) any { return nil }

func held(net.Conn) (n int, known bool) { return 0, false }

func acknowledged(net.Conn) (n int, known bool) { return 0, false }

func room(net.Conn) (n int, known bool) { return 0, false }

// Unacknowledged returns false: the answer is not known in this build.
func (t *Transport) Unacknowledged() bool { return false }

// PeerGone returns false: the answer is not known in this build.
func (t *Transport) PeerGone() bool { return false }
