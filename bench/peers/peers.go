// Package peers has one echo server for each library that is compared, behind
// one type: each as its own documentation recommends it for speed, in its
// default settings unless a comment says what was changed and why.
package peers

import (
	"net"
	"runtime/debug"

	"github.com/zerowire/websocket/bench/load"
)

// Peer is one way to serve WebSocket with one library, or plain TCP.
type Peer struct {
	Name    string
	Module  string // of the library; "" for plain TCP
	Raw     bool   // plain TCP
	UTF8    UTF8
	Deflate load.Deflate // the most that it can; Off if it compresses nothing, or was not set up to
	Casts   bool         // for broadcasts only; its echo shows that a connection has been added
	Slow    bool         // it was set up for Settings.Slow

	// Serve serves ln in the background until the process ends: every message is
	// sent back. The function that it returns sends p as a binary message to all
	// connections that are open; it is nil unless s.Broadcast.
	Serve func(ln net.Listener, s Settings) (publish func(p []byte))
}

// UTF8 says whether a library checks that text is valid UTF-8 (RFC 6455 §8.1).
type UTF8 uint8

// Whether text is checked.
const (
	Never  UTF8 = iota
	Asked       // if Settings.CheckUTF8
	Always      // in the default settings
)

// Settings are what a scenario asks for beyond a library's defaults.
type Settings struct {
	CheckUTF8 bool         // switch the check on where it is off by default
	Broadcast bool         // keep the connections, for publish
	Slow      bool         // some connections will not read: broadcast as the library says for that case
	Deflate   load.Deflate // compress, at the fastest level, messages of 512 bytes and more
}

// All has every peer. The first four are ours.
var All = []Peer{
	{Name: "ours", Module: "github.com/zerowire/websocket", UTF8: Always, Deflate: load.Takeover, Slow: true, Serve: serveEvents},
	{Name: "ours-blocking", Module: "github.com/zerowire/websocket", UTF8: Always, Deflate: load.Takeover, Serve: serveBlocking},
	{Name: "ours-upgrade", Module: "github.com/zerowire/websocket", UTF8: Always, Deflate: load.Takeover, Serve: serveUpgrade},
	{Name: "ours-hub", Module: "github.com/zerowire/websocket", UTF8: Always, Casts: true, Slow: true, Serve: serveHub},
	{Name: "gobwas", Module: "github.com/gobwas/ws", UTF8: Never, Serve: serveGobwas},
	{Name: "gobwas-wsutil", Module: "github.com/gobwas/ws", UTF8: Always, Serve: serveGobwasUtil},
	{Name: "gorilla", Module: "github.com/gorilla/websocket", UTF8: Never, Deflate: load.Alone, Slow: true, Serve: serveGorilla},
	{Name: "melody", Module: "github.com/olahol/melody", UTF8: Never, Casts: true, Slow: true, Serve: serveMelody},
	{Name: "gws", Module: "github.com/lxzan/gws", UTF8: Asked, Deflate: load.Takeover, Slow: true, Serve: serveGWS},
	{Name: "nbio", Module: "github.com/lesismal/nbio", UTF8: Always, Serve: serveNBIO},
	{Name: "coder", Module: "github.com/coder/websocket", UTF8: Never, Deflate: load.Takeover, Serve: serveCoder},
	{Name: "fasthttp", Module: "github.com/fasthttp/websocket", UTF8: Never, Deflate: load.Alone, Serve: serveFastHTTP},
	{Name: "x-net", Module: "golang.org/x/net", UTF8: Never, Serve: serveXNet},
	{Name: "tcp", Raw: true, UTF8: Never, Deflate: load.Takeover, Serve: serveTCP},
}

// Baseline is the name of the peer that the others are measured against.
const Baseline = "tcp"

// Find returns the peer of that name.
func Find(name string) (Peer, bool) {
	for _, p := range All {
		if p.Name == name {
			return p, true
		}
	}
	return Peer{}, false
}

// Version returns the version of the library that this program was built with,
// or "" if that is not known.
func (p Peer) Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == p.Module && m.Replace == nil && m.Version != "(devel)" {
			return m.Version
		}
	}
	return ""
}
