// A server and a client over HTTP/2. It needs GODEBUG=http2xconnect=1.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

func main() {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		op, p, err := c.Read(context.Background())
		if err == nil {
			c.Write(context.Background(), op, p)
			c.Close(websocket.StatusNormalClosure, "")
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()

	trust := x509.NewCertPool()
	trust.AddCert(srv.Certificate())
	transport := h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: &tls.Config{RootCAs: trust}}
	c, err := transport.Dial(context.Background(), strings.Replace(srv.URL, "https", "wss", 1), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(context.Background(), websocket.OpText, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)
}
