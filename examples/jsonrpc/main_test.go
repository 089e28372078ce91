package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// connect returns a connection to the server.
func connect(ctx context.Context, t *testing.T) *websocket.Conn {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(serve))
	t.Cleanup(srv.Close)
	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func TestCalls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := connect(ctx, t)
	for _, tt := range []struct{ name, send, want string }{
		{"result", `{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2.5]}`, `{"jsonrpc":"2.0","id":1,"result":3.5}`},
		{"null result", `{"jsonrpc":"2.0","id":"a","method":"sleep","params":[0]}`, `{"jsonrpc":"2.0","id":"a","result":null}`},
		{"wrong params", `{"jsonrpc":"2.0","id":2,"method":"add","params":{}}`, `{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"params: want an array of numbers"}}`},
		{"no such method", `{"jsonrpc":"2.0","id":3,"method":"sub"}`, `{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"method not found: sub"}}`},
		{"batch", `[]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: want an object with jsonrpc 2.0 and a method"}}`},
		{"no version", `{"id":4,"method":"add","params":[]}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: want an object with jsonrpc 2.0 and a method"}}`},
		{"not JSON", `{`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error: unexpected end of JSON input"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := c.Write(ctx, websocket.OpText, []byte(tt.send)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.Read(ctx); err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// TestConcurrentCalls has a request answered while an earlier one still runs, and a
// notification not answered at all.
func TestConcurrentCalls(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := connect(ctx, t)
	for _, message := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"sleep","params":[60]}`,
		`{"jsonrpc":"2.0","method":"add","params":[1,1]}`,
		`{"jsonrpc":"2.0","id":2,"method":"add","params":[2,2]}`,
	} {
		if err := c.Write(ctx, websocket.OpText, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"jsonrpc":"2.0","id":2,"result":4}`
	if _, got, err := c.Read(ctx); err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestCallsEndWithConnection fills a connection with calls, so that the server does not
// read any more, and closes it. serve has to return long before the calls would.
func TestCallsEndWithConnection(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	returned := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		serve(w, r)
	}))
	defer srv.Close()
	c, err := websocket.Dial(ctx, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range maxCalls + 2 {
		if err := c.Write(ctx, websocket.OpText, []byte(`{"jsonrpc":"2.0","method":"sleep","params":[300]}`)); err != nil {
			t.Fatal(err)
		}
	}
	c.CloseNow()
	select {
	case <-returned:
	case <-ctx.Done():
		t.Error("the calls continued after the end of the connection")
	}
}
