package websocket

import (
	"testing"
	"unsafe"
)

// TestConnSize: a Conn with the allocator's 8 bytes before it fits into 768 bytes; the
// next size that there is has 128 more, for each idle connection.
func TestConnSize(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 768-8 {
		t.Errorf("a Conn has %d bytes, want 760 at most", size)
	}
}
