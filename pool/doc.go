// Package pool provides byte buffers by size class, for reuse.
//
//   - There is one bytebufferpool.Pool per power of two, so that small and large uses
//     do not share buffers.
//   - [Get] returns a buffer of length 0 and at least the requested capacity. The
//     caller owns it until [Put], and must not use it afterwards.
//   - [Put] returns a buffer to the pool with its full length. bytebufferpool learns
//     which sizes to keep from the length at Put. Buffers returned with length 0 would
//     make it keep 64 bytes, and every later Get would allocate.
//   - A buffer that is larger than [MaxSize], or whose slice append has replaced, is
//     dropped.
//   - With the build tag poison, released bytes are overwritten, a second Put of the
//     same buffer panics, and Lent counts the buffers in use.
//
// All functions may be called concurrently.
package pool
