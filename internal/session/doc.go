// Package session implements the state of a WebSocket connection (RFC 6455 §5 to §7). It
// turns received bytes into messages, and messages to be sent into frames. It has no
// I/O, goroutines, locks or clock: package websocket provides them, and passes the time
// as an argument.
//
//   - [Receiver] turns bytes into messages, control frames and violations.
//   - [Sender] turns messages into frames in one outbox, which has a limit and a policy.
//   - [Delay] decides whether a reply is sent now, or together with later ones.
//   - [Keepalive] decides when to send a Ping, and when the peer is lost.
//   - [Stall] detects a peer that takes nothing.
//   - [Budget] limits the control frames of the peer.
//   - [Lifecycle] records that the connection is ending or closed, and the cause.
//
// None of the types may be used concurrently, except Delay and Lifecycle, whose
// methods are atomic.
package session
