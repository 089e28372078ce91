// Package reach holds what the sub-commands share to reach a server and to listen:
// the flags, the connection that they describe, and sentences that say what to do
// when it fails.
package reach
