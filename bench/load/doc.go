// Package load is the client's side of a race: it drives a server over loopback
// with frames that were encoded beforehand, and checks every byte that comes
// back.
//
// It is neutral. It compares bytes, and decodes only what differs from the common form:
// fragments, compressed messages and control frames. It needs one thread with epoll, so
// that it costs less than any server it measures: a server that waits for its client
// pays for sleeping and waking, which would blur the differences. The sockets and the
// comparison are those of internal/loadgen.
package load
