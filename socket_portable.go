//go:build !linux || purego

package websocket

import (
	"net"

	"github.com/zerowire/websocket/codec"
)

// rawSocket is the direct way, which there is not here.
type rawSocket struct{}

func (*rawSocket) init(net.Conn) {}
func (*rawSocket) active() bool  { return false }

func (*rawSocket) await() error                                { panic("unreachable") }
func (*rawSocket) quiet() bool                                 { panic("unreachable") }
func (*rawSocket) receive(*codec.Decoder, []byte) (int, error) { panic("unreachable") }
func (*rawSocket) trySend(*net.Buffers) error                  { panic("unreachable") }
func (*rawSocket) trySendOne([]byte) (int, error)              { panic("unreachable") }
func (*rawSocket) send(*net.Buffers) error                     { panic("unreachable") }
