package testkit

import (
	"bytes"
	"fmt"

	"github.com/zerowire/websocket/internal/wstest"
)

// GoodRequest is a legal opening handshake, with "\n" where the wire has "\r\n", so that
// tests can change one of its lines.
const GoodRequest = "GET /chat HTTP/1.1\nHost: example.com\nUpgrade: websocket\nConnection: Upgrade\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n\n"

// Masked returns frames as a client sends them.
func Masked(frames ...wstest.Frame) (b []byte) {
	for _, f := range frames {
		b = f.AppendMasked(b, wstest.RFCKey)
	}
	return b
}

// Chatter returns n bytes of text as applications send it: JSON that compresses well.
func Chatter(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"user":"user%d","x":%d.25,"note":"position update"},`, i, i*i%97, i*7919%1000)
	}
	return b.Bytes()[:n]
}
