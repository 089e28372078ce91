package websocket_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"time"

	"github.com/zerowire/websocket"
)

func ExampleDial() {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, web.URL, nil) // or a URL with ws or wss
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()

	if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", p)
	fmt.Println(c.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// hello
	// <nil>
}

// The hooks of package net/http/httptrace show the steps of a Dial, and so where its time
// goes.
func ExampleDial_trace() {
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {})}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		ConnectDone:          func(network, _ string, err error) { fmt.Println("connected:", network, err) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { fmt.Println("request sent") },
		GotFirstResponseByte: func() { fmt.Println("response") },
	})
	c, err := websocket.Dial(ctx, web.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	c.CloseNow()
	// Output:
	// connected: tcp <nil>
	// request sent
	// response
}

// The settings of a client: credentials, sub-protocols, trust.
func ExampleDialOptions() {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {}),
		Options: websocket.Options{
			Subprotocols: []string{"chat.v2"},
			Origins:      []string{"https://example.com"},
		},
	}
	web := httptest.NewTLSServer(srv)
	defer web.Close()
	defer srv.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())

	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	opts := &websocket.DialOptions{
		Options:   websocket.Options{Subprotocols: []string{"chat.v2", "chat.v1"}, MaxMessage: 64 << 10},
		Header:    http.Header{"Authorization": {"Bearer token"}, "Origin": {"https://example.com"}},
		Jar:       jar,
		TLSConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS13},
		Proxy:     websocket.ProxyFromEnvironment, // the default
	}
	c, err := websocket.Dial(context.Background(), web.URL, opts) // https means wss
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	fmt.Println(c.Subprotocol())
	// Output: chat.v2
}

// A server refuses with a HandshakeError, and Dial returns one with the response.
func ExampleHandshakeError() {
	srv := &websocket.Server{
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			return nil, &websocket.HandshakeError{Status: http.StatusForbidden, Reason: "not before Monday"}
		},
	}
	web := httptest.NewServer(srv)
	defer web.Close()
	defer srv.Close()

	_, err := websocket.Dial(context.Background(), web.URL, nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		fmt.Printf("%d: %s", refused.Status, refused.Body)
	}
	// Output: 403: not before Monday
}

// The header of a response that refuses is in the error, too.
func ExampleHandshakeError_header() {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "120")
		http.Error(w, "overloaded", http.StatusServiceUnavailable)
	}))
	defer web.Close()

	_, err := websocket.Dial(context.Background(), web.URL, nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		fmt.Printf("%d, try again in %s s", refused.Status, refused.Header.Get("Retry-After"))
	}
	// Output: 503, try again in 120 s
}
