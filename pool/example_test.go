package pool_test

import (
	"fmt"

	"github.com/zerowire/websocket/pool"
)

// A buffer is filled through its field B, and must not be used after Put.
func Example() {
	b := pool.Get(1000)
	fmt.Println(len(b.B), cap(b.B) >= 1000)
	b.B = append(b.B, "a message"...)
	fmt.Printf("%s\n", b.B)
	pool.Put(b)
	// Output:
	// 0 true
	// a message
}

// A buffer grows with what arrives. Its contents are copied, and the old buffer is put back.
func ExampleGrow() {
	b := pool.Get(1024)
	b.B = append(b.B, "the first bytes"...)
	b = pool.Grow(b, 4096)
	defer pool.Put(b)
	fmt.Printf("%s, %t\n", b.B, cap(b.B) >= 4096)
	// Output: the first bytes, true
}

// Fit bounds a buffer for a message that may have up to 1 MiB: it has at most four times
// the room that the bytes so far need.
func ExampleFit() {
	for _, received := range []int{100, 5000, 300_000} {
		fmt.Println(pool.Fit(received, 1<<20))
	}
	// Output:
	// 256
	// 16384
	// 1048576
}
