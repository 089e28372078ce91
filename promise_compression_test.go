package websocket_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestPromise11OffersAreJudgedInTheHandshake makes every offer there can be of the four
// parameters to servers of several settings: the answer is one that the client's offer
// allows. An offer with anything in it that RFC 7692 does not know is declined.
func TestPromise11OffersAreJudgedInTheHandshake(t *testing.T) {
	var offers []wstest.DeflateParams
	for _, server := range []int{0, 8, 9, 12, 15} {
		for _, client := range []int{0, wstest.AnyBits, 8, 9, 12, 15} {
			for flags := range 4 {
				offers = append(offers, wstest.DeflateParams{
					ServerNoContextTakeover: flags&1 != 0, ClientNoContextTakeover: flags&2 != 0,
					ServerMaxWindowBits: server, ClientMaxWindowBits: client,
				})
			}
		}
	}
	illegal := []string{
		"x-unknown", "server_no_context_takeover=1", "server_no_context_takeover=", "client_no_context_takeover=true",
		"server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16", "server_max_window_bits=010", "server_max_window_bits=",
		"client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=-9", `client_max_window_bits="9`, "=", "",
		"server_no_context_takeover; server_no_context_takeover", "client_max_window_bits; client_max_window_bits",
	}
	for _, z := range []websocket.Compression{{}, {Takeover: true}, {Takeover: true, WindowBits: 10}} {
		addr := serve(t, &websocket.Server{Handler: forms["events"], Options: websocket.Options{Compression: &z}})
		answered := func(offer string) []string {
			t.Helper()
			nc := dialTCP(t, addr)
			defer nc.Close()
			request := strings.ReplaceAll(plus("Sec-WebSocket-Extensions: "+offer), "\n", "\r\n")
			if _, err := nc.Write([]byte(request)); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
			if err != nil || resp.StatusCode != 101 {
				t.Fatalf("the offer %s: %v, %v; want 101", offer, resp, err)
			}
			return resp.Header["Sec-Websocket-Extensions"]
		}
		for _, offer := range offers {
			answer := answered(offer.String())
			got, err := wstest.ParseDeflate(answer)
			if err != nil || len(got) != 1 {
				t.Errorf("%+v answers the offer %v with %q, %v; want one extension", z, offer, answer, err)
				continue
			}
			if wrong := wstest.JudgeResponse([]wstest.DeflateParams{offer}, got[0]); wrong != "" {
				t.Errorf("%+v answers the offer %v with %q: %s", z, offer, answer, wrong)
			}
		}
		for _, parameter := range illegal {
			if answer := answered("permessage-deflate; " + parameter); answer != nil {
				t.Errorf("%+v answers an offer with %q by %q, want it declined", z, parameter, answer)
			}
			if answer := answered("permessage-deflate; " + parameter + ", permessage-deflate"); len(answer) > 1 || answer != nil && !strings.HasPrefix(answer[0], "permessage-deflate") {
				t.Errorf("%+v answers an offer with %q and a good one by %q", z, parameter, answer)
			}
		}
	}
}

// TestPromise13CompressionIsOptIn: with zero Options a client offers no extension and a
// server accepts none, and where messages are compressed each can be spared.
func TestPromise13CompressionIsOptIn(t *testing.T) {
	var offered []string
	n := &network{peer: answering(goodResponse, func(r *http.Request) { offered = r.Header["Sec-Websocket-Extensions"] })}
	c, err := websocket.Dial(background, "ws://example.com", n.options())
	if err != nil {
		t.Fatal(err)
	}
	if c.CloseNow(); offered != nil || c.Extensions() != "" {
		t.Errorf("a client offers %q by default, and %q was agreed on; want nothing", offered, c.Extensions())
	}
	n.peers.Wait()
	resp, _, _ := send(t, serve(t, &websocket.Server{Handler: forms["events"]}), plus("Sec-WebSocket-Extensions: permessage-deflate"))
	if got, ok := resp.Header["Sec-Websocket-Extensions"]; resp.StatusCode != 101 || ok {
		t.Errorf("a server answers the offer with %d %q by default, want 101 and no extension", resp.StatusCode, got)
	}

	p := chatter(2000)
	for _, agreed := range []string{"", withoutTakeover} {
		ours, peer := pipe.New()
		c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{Extensions: agreed}, compressedOptions(0))
		for _, tt := range []struct {
			name       string
			write      func() error
			compressed bool
		}{
			{"Write", func() error { return c.Write(background, websocket.OpText, p) }, agreed != ""},
			{"WriteUncompressed", func() error { return c.WriteUncompressed(background, websocket.OpText, p) }, false},
			{"Write of less than the threshold", func() error { return c.Write(background, websocket.OpText, p[:511]) }, false},
		} {
			if err := tt.write(); err != nil {
				t.Fatal(err)
			}
			f, _, err := wstest.ReadFrame(peer)
			if got := f.RSV == codec.RSV1; err != nil || got != tt.compressed {
				t.Errorf("%s where %q was agreed on sends %v, %v; want it compressed: %v", tt.name, agreed, f, err, tt.compressed)
			}
		}
		c.CloseNow()
		peer.Close()
	}
	if z := fmt.Sprintf("%+v", websocket.Options{}.Compression); z != "<nil>" {
		t.Errorf("Compression in zero Options is %s", z)
	}
}
