// Command race measures what an echo server costs: each peer, ours and a plain
// TCP echo are child processes that take turns, on one core, while the client
// drives them from another one. What counts is the server's CPU time per message, by
// the kernel's accounting, as a multiple of what the plain TCP echo of the same round took.
// Where the connections of all fit into one process, a turn takes 50 ms, and the median of
// the turns is reported.
//
//	go run ./bench/race --quick
//	go run ./bench/race --scenario b,c16 --peer ours,gws --rounds 9 --json race.json --markdown race.md --chart race.svg
//
// It needs Linux, which reports the CPU time of a process in /proc.
package main
