package main

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/wsjson"
)

func TestChat(t *testing.T) {
	handler, err := newChat()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	enter := func(path string) *websocket.Conn {
		t.Helper()
		c, err := websocket.Dial(ctx, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		return c
	}
	want := func(c *websocket.Conn, want post) {
		t.Helper()
		var got post
		if err := wsjson.Read(ctx, c, &got); err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	}

	ann := enter("/lobby?name=ann")
	want(ann, post{From: "ann", Event: "joined"})
	bob := enter("/lobby?name=bob")
	want(ann, post{From: "bob", Event: "joined"})
	want(bob, post{From: "bob", Event: "joined"})
	eve := enter("/kitchen?name=eve")
	want(eve, post{From: "eve", Event: "joined"})

	if err := ann.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	want(ann, post{From: "ann", Text: "hello"})
	want(bob, post{From: "ann", Text: "hello"})

	// The next message in the other room is its own: it got nothing of the lobby.
	if err := eve.Write(ctx, websocket.OpText, []byte("tea?")); err != nil {
		t.Fatal(err)
	}
	want(eve, post{From: "eve", Text: "tea?"})

	if err := bob.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	want(ann, post{From: "bob", Event: "left"})

	nameless := enter("/lobby")
	if _, _, err := nameless.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("without a name: %v, want a Close frame with 1008", err)
	}
}
