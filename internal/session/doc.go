// Package session is a WebSocket connection as state (RFC 6455 §5 to §7): what was
// received becomes messages, what is sent becomes frames, and time is an argument. It
// has no I/O, no goroutine, no lock and no clock: package websocket brings those.
//
//   - [Receiver]: bytes in; messages, control frames and violations out.
//   - [Sender]: messages in; one outbox of frames, with its policy, out.
//   - [Delay]: whether a reply is sent now, or together with those that follow.
//   - [Keepalive]: when to send a Ping, and when to give the peer up.
//   - [Stall]: when a peer that takes nothing is given up.
//   - [Budget]: how many control frames the peer may send.
//   - [Lifecycle]: open, closing, closed, and the one cause.
//
// None of the types may be used concurrently, except Delay and Lifecycle, whose
// methods are atomic.
package session
