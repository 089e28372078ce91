package h2_test

//lint:file-ignore SA1019 net/http refuses extended CONNECT in its clients, so the deprecated one of x/net is used.

import (
	"context"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/nettest"

	"github.com/zerowire/websocket/internal/h2stream"
)

// TestStreamIsNetConn runs the tests of x/net/nettest on both ends of a stream.
func TestStreamIsNetConn(t *testing.T) {
	t.Parallel()
	for name, swap := range map[string]bool{"client": false, "server": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := streams(t)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				client, server := open(t)
				stop = func() {
					client.Close()
					server.Close()
					<-server.Done()
				}
				if swap {
					return server, client, stop, nil
				}
				return client, server, stop, nil
			})
		})
	}
}

// streams returns a function that opens a stream, and returns both ends of it.
func streams(t *testing.T) func(t *testing.T) (client, server *h2stream.Conn) {
	accepted := make(chan *h2stream.Conn)
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := h2stream.Accept(w, r, false)
		if err != nil {
			t.Errorf("Accept() = %v", err)
			return
		}
		accepted <- c
		<-c.Done()
	}))
	transport := &http2.Transport{TLSClientConfig: trust(s)}
	t.Cleanup(transport.CloseIdleConnections)
	return func(t *testing.T) (client, server *h2stream.Conn) {
		ctx, cancel := context.WithCancel(context.Background())
		request := h2stream.NewRequest(cancel)
		r, err := http.NewRequestWithContext(ctx, http.MethodConnect, s.URL, request)
		if err != nil {
			t.Fatal(err)
		}
		r.Header[":protocol"] = []string{"websocket"}
		got := make(chan *h2stream.Conn, 1)
		go func() { got <- <-accepted }()
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatalf("RoundTrip() = %v", err)
		}
		return request.Conn(response.Body, &net.TCPAddr{}, &net.TCPAddr{}), <-got
	}
}
