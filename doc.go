// Package websocket implements WebSocket connections (RFC 6455), for servers and
// clients, without an allocation per message.
//
// # Overview
//
// A [Conn] is one connection. There are several ways to get one:
//
//   - [Server] accepts connections on a net.Listener, with its own parser for the
//     opening handshake. It is also an http.Handler.
//   - [Upgrader] and [Upgrade] take a connection over from net/http.
//   - [Dial] opens a connection as a client.
//   - [NewConn] wraps a net.Conn on which the opening handshake has been completed by
//     other means.
//   - [Pipe] returns two connected ends in memory, for tests.
//
// There are two ways to use a connection. In the blocking form a goroutine reads:
//
//	for {
//		op, p, err := c.Read(ctx)
//		if err != nil {
//			return err
//		}
//		err = c.Write(ctx, op, p)
//		…
//	}
//
// In the event form a [Handler] is called for each message, by a Server, [Conn.Serve] or
// [Conn.Start]. The event form is the fastest, and an idle connection uses the least
// memory. [Blocking] makes a Handler of a function that reads.
//
// # Concurrency
//
// All methods of Conn may be called concurrently, with one exception: only one goroutine
// may read at a time. A second one that reads at the same time gets [ErrConcurrentRead].
// Each message is sent whole. Concurrent writes are coalesced: one of the callers writes
// for all of them. Pings and Pongs are sent ahead of messages that wait.
//
// # Applications that do not read
//
// Control frames are handled on the way to the next message: Pings are answered, and
// closing handshakes are completed. If the application has not read for a second, the
// library reads ahead. Up to 64 KiB of messages then wait for the application. Beyond
// that the library asks the operating system for the state of the peer. So the end of the
// peer is found within PingInterval + PongTimeout however the application uses the
// connection, and sooner if the peer closes it.
//
// An application that only writes calls [Conn.CloseRead].
//
// # Contexts and time limits
//
// Cancelling a context cancels only the call. The connection stays usable, and a later
// read continues at the same byte. A call whose context has already ended does nothing
// and returns the context's error. Contexts cost no goroutine and no allocation per call;
// if each read has a context of its own, one goroutine per connection watches them.
//
// Every resource that a peer can consume is limited; see [Options] for the limits and
// their defaults. Time limits for a peer run while it makes no progress: WriteTimeout
// begins anew with every byte that the peer takes, and PongTimeout with every byte that
// it sends or takes.
//
// # Buffer ownership
//
// A payload that was received is valid until the next read (Read, Messages), or until the
// Handler's method returns. It lies in a pooled buffer: it may be modified, and must not
// be retained. [Conn.ReadAppend] copies into memory of the caller. A payload to be sent
// stays the caller's: no method modifies or retains it.
//
// # Limits
//
// The buffer of a message grows with the bytes that were received, to at most four times
// as many, and never with the length that a header claims. A message longer than
// Options.MaxMessage (1 MiB) ends the connection when its header is read;
// [Conn.SetMaxMessage] changes the limit of one connection. The number of fragments of a
// message is not limited, since fragments cost nothing. Options.MaxPending and
// Options.Overflow bound what waits to be sent.
//
// # Compression
//
// If Options.Compression is set, messages are compressed where the peer agrees to it
// (permessage-deflate, RFC 7692), from Compression.Threshold bytes on. Limits apply to the
// inflated size while a message is inflated. Without context takeover, the default, an
// idle connection uses no memory for compression. Do not compress messages that mix
// secrets with attacker-controlled data (see CRIME, BREACH); send them with
// [Conn.WriteUncompressed].
//
// # Closing
//
// [Conn.Close] performs the closing handshake: it sends a Close frame after everything
// that was written before, waits for the peer's Close frame and closes the connection.
// [Conn.StartClose] does so without waiting. [Conn.CloseNow] closes the connection
// immediately; what was written before is sent if that is possible without waiting.
//
// Every end of a connection is reported by reads as a [*CloseError], with the status code,
// the reason and the cause; only after CloseNow it is [ErrClosed]. A peer that violates the
// protocol is sent a Close frame with the matching status code. [Server.Shutdown] closes
// all connections of a Server with StatusGoingAway, and waits for them.
package websocket
