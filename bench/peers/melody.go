package peers

import (
	"net"
	"net/http"

	"github.com/olahol/melody"
)

// serveMelody is melody, which is gorilla with a hub, with its default settings
// but for the size of messages, since 512 B would refuse the tests' ones. It needs
// no setting for connections that do not read: each has a goroutine that writes, a
// queue of 256 messages past which it drops what comes, and a write deadline of
// 10 s. It does not check UTF-8.
func serveMelody(ln net.Listener, _ Settings) func(p []byte) {
	m := melody.New()
	m.Config.MaxMessageSize = 1 << 20
	m.HandleMessage(func(s *melody.Session, p []byte) { s.Write(p) })
	m.HandleMessageBinary(func(s *melody.Session, p []byte) { s.WriteBinary(p) })
	go serveHTTP(ln, func(w http.ResponseWriter, r *http.Request) { m.HandleRequest(w, r) })
	return func(p []byte) { m.BroadcastBinary(p) }
}
