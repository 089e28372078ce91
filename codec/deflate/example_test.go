package deflate_test

import (
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/zerowire/websocket/codec/deflate"
)

// A client offers the extension, a server accepts, and then the server compresses a message
// for the client.
func Example() {
	client := deflate.Policy{}
	server := deflate.Policy{}
	offer := client.AppendOffer(nil)
	accepted, ok := server.Accept(slices.Values([][]byte{offer}))
	if !ok {
		log.Fatal("no offer can be met")
	}
	answer := accepted.Append(nil) // Sec-WebSocket-Extensions of the response
	agreed, on, ok := client.Agreed(slices.Values([][]byte{answer}))
	if !on || !ok {
		log.Fatal("not the answer to the offer")
	}
	fmt.Println(agreed)

	c := deflate.Compressor{Takeover: !accepted.ServerNoContextTakeover, WindowBits: int(accepted.ServerMaxWindowBits)}
	d := deflate.Decompressor{Takeover: !agreed.ServerNoContextTakeover, WindowBits: int(agreed.ServerMaxWindowBits), MaxMessage: 1 << 20}
	defer c.Reset()
	defer d.Reset()
	message := []byte(strings.Repeat("the same ", 100))
	payload, smaller := c.Append(nil, message) // of a frame with codec.RSV1
	fmt.Println(smaller, len(payload) < len(message)/10)

	if _, err := d.Write(payload, true); err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(d.Message()) == string(message))
	d.Release()
	// Output:
	// permessage-deflate; server_no_context_takeover; client_no_context_takeover
	// true true
	// true
}

// A message that compression does not make smaller is sent uncompressed.
func ExampleCompressor_Append() {
	var c deflate.Compressor
	payload, smaller := c.Append(nil, []byte("short"))
	fmt.Println(len(payload), smaller)
	// Output: 0 false
}

// Next returns a message piece by piece, as its bytes arrive.
func ExampleDecompressor_Next() {
	var c deflate.Compressor
	payload, _ := c.Append(nil, []byte(strings.Repeat("piece by piece ", 10_000)))

	d := deflate.Decompressor{MaxMessage: 1 << 20}
	defer d.Reset()
	d.Feed(payload, true)
	for size := 0; ; {
		piece, done, err := d.Next()
		if err != nil {
			log.Fatal(err) // codec.ErrShort asks for another Feed
		}
		if size += len(piece); done {
			fmt.Println(size)
			return
		}
	}
	// Output: 150000
}
