package websocket

import (
	"testing"
	"unsafe"
)

// TestConnSize: a Conn takes at most 512 bytes, one of the allocator's sizes.
func TestConnSize(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 512 {
		t.Errorf("a Conn has %d bytes, want 512 at most", size)
	}
}
