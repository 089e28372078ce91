// Package apps has only tests: real applications of gorilla/websocket, fetched as
// modules, run the tests of their own, first with gorilla/websocket and then with
// package gorilla of this library in its place.
package apps
