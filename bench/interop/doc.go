// Package interop has only tests: this library talks to other people's, as a
// server and as a client, with and without compression. One table of scenarios is played
// with every peer in both directions and with each form of ours.
//
// The peers in Go are gorilla/websocket, coder/websocket, lxzan/gws and
// gobwas/ws; those that are programs of their own are Node's ws, installed by npm
// from testdata/node, and Python's websockets, from Debian. Opening handshakes out of the
// ordinary are also played with undici and aiohttp. Where a program is
// missing its tests are skipped with a line that says how to install it, and fail
// if CI is true.
package interop
