// Package stress holds the tests of package websocket whose cost is many peers, much
// memory or real time: the attacks, idle connections, and what a connection leaves
// behind. It has no code of its own.
//
// The tests measure their whole process, so they run one after the other unless they say
// otherwise. With the race detector the attacks run with a tenth of their peers.
package stress
