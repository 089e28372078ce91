// Package nosockets tests the library on systems whose programs have no sockets. It has
// tests only, which CI runs with GOOS=js under node.
package nosockets
