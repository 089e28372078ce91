// Package pool lends byte buffers by size class.
//
// The policy, in one place:
//
//   - One bytebufferpool.Pool per power of two, so that a small and a large use
//     never take each other's buffers.
//   - Get gives a buffer of length 0 and at least the capacity asked for. The
//     caller owns it until it calls Put, and must not touch it afterwards.
//   - A buffer goes back with its full length. bytebufferpool learns what to
//     keep from the length at Put: buffers put back empty would teach it that 64
//     bytes are enough, and every later Get would allocate.
//   - What is larger than MaxSize, or was replaced by append, is dropped.
//   - Built with the tag poison, released bytes are overwritten, a second Put
//     of the same buffer panics, and Lent counts what is out.
//
// All functions may be called concurrently.
package pool
