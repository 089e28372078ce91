// Package testkit is the harness that the tests of several packages share: servers and
// connections on real sockets, echo handlers, and measurements of what a process holds.
//
// It imports package websocket, so only external test packages can use it. What needs
// no connection is in package wstest.
package testkit
