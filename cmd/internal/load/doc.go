// Package load is `zerowire bench`: it puts load on an echo server and reports
// throughput and latency.
//
// Every byte that comes back is checked: content, type and order of the messages.
// A closed load keeps a number of messages in flight on each connection. An open
// load sends at a rate of its own whatever the server does, and counts latency
// from when a message was due: a server that stalls cannot hide it by holding up
// the generator (coordinated omission).
//
// There are two ways to drive a connection. On Linux, without TLS and compression,
// the opening handshake is done by websocket.Dial and the socket then taken over:
// one thread waits for many sockets, sends frames that were encoded beforehand,
// and compares what comes with what has to come as one run of bytes. That is as
// little as a generator can do; the system's own work for a socket is what is
// left, and on loopback, where the sender also does the receiver's part of TCP,
// it is as much as the server's. So a closed load with several messages in flight
// saves on that, too: it sends again when half of them are back, and lets echoes
// gather for up to 2 % of the mean latency. Everywhere else each connection is a
// websocket.Conn.
package load
