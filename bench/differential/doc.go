// Package differential compares what this library makes of bytes with what three
// others make of them. It is a module of its own, so that the library does not
// require them. fuzz/README.md has the table of what differs, and why.
package differential
