package websocket_test

import (
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
)

func TestNewConnReadsTheHandshake(t *testing.T) {
	for _, tt := range []struct {
		name       string
		extensions string
		says       string // in the error; "" for none
	}{
		{"none", "", ""},
		{"permessage-deflate", "permessage-deflate", ""},
		{"with parameters", "permessage-deflate; server_no_context_takeover; client_max_window_bits=10", ""},
		{"an empty element", ", permessage-deflate", ""},
		{"another extension", "x-webkit-deflate-frame", `"x-webkit-deflate-frame"`},
		{"a parameter out of range", "permessage-deflate; server_max_window_bits=16", "server_max_window_bits=16"},
		{"twice", "permessage-deflate, permessage-deflate", "RFC 7692"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, opts := range []*websocket.Options{nil, {Compression: &websocket.Compression{Takeover: true}}} {
				a, b := pipe.New()
				defer a.Close()
				defer b.Close()
				h := websocket.Handshake{Subprotocol: "chat", Extensions: tt.extensions}
				c, err := websocket.NewConn(a, websocket.RoleServer, h, opts)
				if tt.says != "" {
					if err == nil || !strings.Contains(err.Error(), tt.says) {
						t.Errorf("NewConn() = %v, want an error with %s", err, tt.says)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				peer, err := websocket.NewConn(b, websocket.RoleClient, h, opts)
				if err != nil {
					t.Fatal(err)
				}
				if got := (c.Extensions() != ""); got != (tt.extensions != "") || c.Subprotocol() != "chat" {
					t.Errorf("Extensions() = %q, Subprotocol() = %q", c.Extensions(), c.Subprotocol())
				}
				go peer.Write(background, websocket.OpText, []byte(strings.Repeat("hello ", 1000)))
				if _, p, err := c.Read(background); err != nil || len(p) != 6000 {
					t.Errorf("Read() = %d bytes, %v", len(p), err)
				}
				c.CloseNow()
				peer.CloseNow()
			}
		})
	}
	if _, err := websocket.NewConn(nil, websocket.RoleServer, websocket.Handshake{}, nil); err == nil {
		t.Error("NewConn(nil) succeeded")
	}
}
