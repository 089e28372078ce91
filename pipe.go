package websocket

import (
	"slices"

	"github.com/zerowire/websocket/internal/pipe"
)

// Pipe returns the two ends of a connection in memory, after its opening handshake, for
// tests of applications. It works in a testing/synctest bubble. Each direction buffers
// 64 KiB before writes block. opts applies to both ends; it may be nil, and is copied.
// The caller has to close both ends. Pipe panics if opts are invalid.
func Pipe(opts *Options) (client, server *Conn) {
	a, b := pipe.New()
	if opts == nil {
		opts = new(Options)
	}
	if err := opts.check(); err != nil {
		panic(err)
	}
	set := opts.resolve()
	var ext extension
	if z := set.Compression; z != nil { // negotiate as in an opening handshake
		ext = z.accept(slices.Values([][]byte{[]byte(z.offer())}))
	}
	client, server = newConn(a, RoleClient, set, "", ext, nil, nil), newConn(b, RoleServer, set, "", ext, nil, nil)
	client.watchReading()
	server.watchReading()
	return client, server
}
