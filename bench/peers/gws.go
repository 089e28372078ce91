package peers

import (
	"net"

	"github.com/lxzan/gws"

	"github.com/zerowire/websocket/bench/load"
)

// serveGWS is the server of gws's quick start, which needs no net/http on its
// way, with its default settings: no compression, no parallel handlers. It
// checks UTF-8 if asked. It needs no setting for connections that do not read: a
// Broadcaster queues for each, without limit, and a goroutine writes.
func serveGWS(ln net.Listener, s Settings) func(p []byte) {
	h := &gwsHandler{conns: newRoster[*gws.Conn](s)}
	takeover := s.Deflate == load.Takeover
	server := gws.NewServer(h, &gws.ServerOption{CheckUtf8Enabled: s.CheckUTF8, PermessageDeflate: gws.PermessageDeflate{
		Enabled: s.Deflate != load.Off, Level: 1, Threshold: 512, ServerContextTakeover: takeover, ClientContextTakeover: takeover,
		ServerMaxWindowBits: 15, ClientMaxWindowBits: 15,
	}})
	server.OnError = func(net.Conn, error) {}
	go server.RunListener(ln)
	return publisher(h.conns, func(p []byte) *gws.Broadcaster {
		return gws.NewBroadcaster(gws.OpcodeBinary, p) // without Close, since the last send is not reported
	}, func(c *gws.Conn, m *gws.Broadcaster) { m.Broadcast(c) })
}

type gwsHandler struct {
	gws.BuiltinEventHandler
	conns *roster[*gws.Conn]
}

func (h *gwsHandler) OnOpen(c *gws.Conn)           { h.conns.add(c) }
func (h *gwsHandler) OnPing(c *gws.Conn, p []byte) { c.WritePong(p) }
func (h *gwsHandler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	c.WriteMessage(m.Opcode, m.Bytes())
}
