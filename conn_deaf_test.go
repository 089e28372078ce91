package websocket_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// What becomes of a peer that takes nothing, on the way out.

// TestDeafPeerIsReset has a connection cut because its peer reads nothing: the system
// must not keep what was sent for it, and go on trying, as it does when a socket is
// closed. So the peer finds a reset, not the end of what was sent.
func TestDeafPeerIsReset(t *testing.T) {
	t.Parallel()
	message := wstest.BinaryPayload(1 << 20)
	fill := func(c *websocket.Conn) error {
		for {
			if err := c.Write(background, websocket.OpBinary, message); err != nil {
				return err
			}
		}
	}
	for _, tt := range []struct {
		name string
		opts websocket.Options
		cut  func(c *websocket.Conn) error
		want error
	}{
		{"WriteTimeout", websocket.Options{WriteTimeout: 100 * time.Millisecond}, fill, websocket.ErrTimeout},
		{"Disconnect", websocket.Options{Overflow: websocket.Disconnect, WriteTimeout: time.Minute}, fill, websocket.ErrOverflow},
		{"CloseTimeout", websocket.Options{Overflow: websocket.DropNewest, WriteTimeout: time.Minute, CloseTimeout: 100 * time.Millisecond, PingInterval: 50 * time.Millisecond, PongTimeout: 100 * time.Millisecond},
			func(c *websocket.Conn) error {
				for refused := 0; refused < 3; { // the system may still be making room after the first
					switch err := c.Write(background, websocket.OpBinary, message); {
					case err == nil:
						refused = 0
					case errors.Is(err, websocket.ErrOverflow):
						refused++
						time.Sleep(10 * time.Millisecond)
					case err == websocket.ErrClosed:
						refused = 3 // on a busy machine the limits pass meanwhile
					default:
						return err
					}
				}
				_, _, err := c.Read(background)
				return err
			}, websocket.ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ours, peer := tcpPair(t)
			c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &tt.opts)
			defer c.CloseNow()
			if err := tt.cut(c); !errors.Is(err, tt.want) {
				t.Fatalf("the connection ends with %v, want %v", err, tt.want)
			}
			peer.SetReadDeadline(time.Now().Add(patience))
			if n, err := io.Copy(io.Discard, peer); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the peer reads %d bytes and then %v, want a reset", n, err)
			}
		})
	}
}

// TestDeafPeerOverTLS: crypto/tls waits up to 5 s for room for its last alert, which
// there is not for a peer that reads nothing. Nobody must wait for that, least of all
// with the writer locked.
func TestDeafPeerOverTLS(t *testing.T) {
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	config := &tls.Config{Certificates: certificates.TLS.Certificates}
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := pipe.New()
		secret := tls.Server(ours, config)
		peer := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true})
		shaken := begin(peer.Handshake)
		if err := errors.Join(secret.Handshake(), shaken.wait()); err != nil {
			t.Fatal(err)
		}
		const limit = 2 * time.Second
		tc := newTestConn(t, testkit.NewConn(secret, websocket.RoleServer, websocket.Handshake{}, &websocket.Options{WriteTimeout: limit}), websocket.RoleServer, theirs)
		start := time.Now()
		tc.want("a peer that takes nothing is cut", tc.Write(background, websocket.OpBinary, make([]byte, 2*pipe.Buffer)), websocket.ErrTimeout)
		tc.took("after WriteTimeout", start, limit)
		tc.CloseNow()
		tc.took("and CloseNow has nothing to wait for", start, limit)
		if _, err := ours.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing below TLS = %v, want net.ErrClosed", err)
		}
	})
}
