// Package websocket serves and opens WebSocket connections (RFC 6455), without
// an allocation per message.
//
// # Overview
//
// There is one type of connection, Conn, and there are four ways to one:
//
//   - Server accepts connections on a bare net.Listener, with its own parser for
//     the opening handshake;
//   - Upgrade takes a connection over from net/http;
//   - Dial opens one as a client;
//   - NewConn takes a net.Conn on which the handshake was done elsewhere, and
//     Pipe makes two ends in memory, for tests.
//
// And there are two ways to use one. In the blocking form a goroutine reads:
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
// In the event form a Handler is called with each message, by Server or
// Conn.Serve. It is the fastest form, and keeps the least memory while nothing
// comes. Both run on the same engine; Blocking makes a Handler of a function
// that reads.
//
// # Concurrency
//
// Every method of Conn may be called from any goroutine at any time, with one
// exception: one goroutine reads. A second one that reads at the same time gets
// ErrConcurrentRead. Messages of concurrent writers go out whole, one after the
// other; Pings and Pongs overtake them. There is no goroutine for writing:
// whoever finds nobody sending sends for all.
//
// # Reading is needed
//
// Pings are answered, and closing handshakes completed, on the way to the next
// message. If the application has not read for a second, the library reads in
// its place, up to the next message: that waits until the application reads,
// and what is behind it waits too. In the event form the library always reads.
//
// # Contexts and deadlines
//
// A context ends the waiting of a call, never the connection: a read that was
// cancelled goes on at the same byte the next time. It costs neither a goroutine
// nor an allocation per call; where every read brings a context of its own, one
// goroutine of the connection's watches them. Everything that a peer could
// stretch has a limit in Options, with a default: the handshake, a message, the
// answer to a Ping, the closing handshake, the room for what we send.
//
// # Ownership
//
// A payload that was received is valid until the next read (Read, Messages), or
// until the Handler's method returns (Message). It lies in a pooled buffer and
// may be changed, not kept. ReadAppend copies into memory of the caller's. A
// payload that is to be sent stays the caller's: no method changes or keeps it.
//
// # Limits
//
// Memory for a message grows with the bytes that have arrived, to at most four
// times as much, and never with what a header claims. A message above
// Options.MaxMessage (1 MiB) ends the connection at its header. Fragments cost
// nothing, however many. What waits to be sent is bounded by Options.MaxPending
// and Options.Overflow.
//
// # Compression
//
// With Options.Compression messages are compressed where the peer agrees to it
// (permessage-deflate, RFC 7692), from Compression.Threshold on. Limits count
// inflated bytes, while they are inflated. Without takeover, the default, an idle
// connection holds nothing for it. What holds a secret beside something that
// others can choose should go with WriteUncompressed.
//
// # Closing
//
// Close does the closing handshake: it sends a Close frame, waits for the peer's
// and closes the TCP connection, the server first. CloseNow cuts. The peer's
// code and reason come from reads as a *CloseError; a peer that breaks a rule is
// told so with the right code, and the read returns the codec.Violation. Shutdown
// of a Server tells every connection that it goes away, and waits.
package websocket
