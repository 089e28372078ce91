// Command race measures what an echo server costs: each peer, ours and a plain
// TCP echo are child processes that take turns, on one core, while the client
// drives them from another one. What counts is the CPU time that the kernel
// books on the server, per message, as a multiple of what the plain TCP echo of
// the same round took.
//
//	go run ./bench/race --quick
//	go run ./bench/race --scenario b,c --peer ours,gws --rounds 9 --json race.json --markdown race.md --chart race.svg
//
// It needs Linux: the kernel's books are in /proc.
package main
