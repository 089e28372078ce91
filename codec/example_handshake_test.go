package codec_test

import (
	"fmt"
	"log"

	"github.com/zerowire/websocket/codec"
)

// A server parses what it has received so far, judges the request, and answers.
func ExampleRequest() {
	received := []byte("GET /chat?room=1 HTTP/1.1\r\n" +
		"Host: server.example\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		"Sec-WebSocket-Protocol: superchat, chat\r\n" +
		"Sec-WebSocket-Version: 13\r\n\r\n" +
		"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") // the first frame

	var r codec.Request
	_, err := r.Parse(received[:100])
	fmt.Println(err == codec.ErrShort) // call Parse again with more bytes

	n, err := r.Parse(received)
	if err == nil {
		err = r.Check("chat")
	}
	if refusal, ok := err.(codec.Refusal); ok {
		fmt.Printf("%s", codec.AppendRefusal(nil, refusal))
		return
	}
	fmt.Printf("%s %s %s\n", r.Host(), r.Path(), r.Query())
	fmt.Println(len(received)-n, "bytes follow the head")
	response, err := codec.AppendResponse(nil, r.Key(), "chat", "")
	if err != nil {
		log.Fatal(err)
	}
	var accepted codec.Response
	if _, err := accepted.Parse(response); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %s\n", accepted.Status(), accepted.Header("Sec-WebSocket-Accept"))
	// Output:
	// true
	// server.example /chat room=1
	// 11 bytes follow the head
	// 101 s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
}

// A Refusal is the rule that a request violates, with the status to answer.
func ExampleRefusal() {
	var r codec.Request
	_, err := r.Parse([]byte("GET / HTTP/1.1\r\nHost: server.example\r\n\r\n"))
	if err == nil {
		err = r.Check()
	}
	refusal, ok := err.(codec.Refusal)
	fmt.Println(ok, refusal.HTTPStatus(), refusal)
	// Output: true 426 codec: Upgrade header does not name websocket
}

// A client sends a request with a random key, and judges the response by it.
func ExampleResponse() {
	key := codec.EncodeKey([16]byte([]byte("the sample nonce"))) // 16 bytes of crypto/rand
	offered := []string{"superchat", "chat"}
	request, err := codec.AppendRequest(nil, codec.RequestParams{
		Host:         "server.example",
		Target:       "/chat",
		Key:          key,
		Subprotocols: offered,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(request), "bytes are sent")

	received := []byte("HTTP/1.1 101 Switching Protocols\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
		"Sec-WebSocket-Protocol: chat\r\n\r\n")
	var r codec.Response
	if _, err := r.Parse(received); err != nil {
		log.Fatal(err) // or ErrShort
	}
	err = r.Check(key, offered, false)
	fmt.Printf("%d %s, %v\n", r.Status(), r.Subprotocol(), err)

	other := codec.EncodeKey([16]byte{})
	fmt.Println(r.Check(other, offered, false))
	// Output:
	// 198 bytes are sent
	// 101 chat, <nil>
	// codec: Sec-WebSocket-Accept does not answer the key
}
