package websocket

import (
	"slices"

	"github.com/zerowire/websocket/internal/pipe"
)

// Pipe returns the two ends of a connection in memory, as after an opening
// handshake, for the tests of applications. It works in a testing/synctest
// bubble. Each direction holds 64 KiB before writes wait. opts are for both
// ends, and may be nil. Both ends have to be closed.
func Pipe(opts *Options) (client, server *Conn) {
	a, b := pipe.New()
	if opts != nil && opts.Compression != nil { // what the two would agree on
		agreed, both := *opts.Compression, *opts
		agreed.Agreed = agreed.accept(slices.Values([][]byte{[]byte(agreed.offer())})).String()
		both.Compression, opts = &agreed, &both
	}
	return NewConn(a, RoleClient, "", nil, opts), NewConn(b, RoleServer, "", nil, opts)
}
