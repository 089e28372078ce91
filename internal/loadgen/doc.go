// Package loadgen is the load generator of `zerowire bench` and of the comparisons in bench.
//
// A [Script] holds messages that are encoded once. A [Stream] is one connection without its
// I/O: it returns the next bytes of the script to send, and checks every received byte. A
// [Loop] drives many sockets on one goroutine with epoll, on Linux only. The caller decides
// when to send and what to count.
package loadgen
