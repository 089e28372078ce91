// Package connect is `zerowire connect`: a client for people and for scripts. At a
// terminal it has a prompt, and shows messages above it as they come; otherwise it
// sends what it reads from standard input.
//
// A session holds the connection. It is fed by a prompt or by a feed of standard
// input, shows what it receives as a view says, and prints through one output, the
// only one to write to the terminal.
package connect
