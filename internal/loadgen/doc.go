// Package loadgen is the load generator that `zerowire bench` and the comparisons in
// bench share.
//
// A [Script] holds messages that are encoded once. A [Stream] is one connection without
// its I/O: it says which bytes of the script to send next, and checks every byte that
// comes back. A [Loop] drives many sockets on one goroutine with epoll; it exists on
// Linux only. What to send when, and what to count, is up to the caller.
package loadgen
