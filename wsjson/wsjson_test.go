package wsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/wsjson"
)

type position struct {
	ID   string  `json:"id"`
	X, Y float64 `json:",omitempty"`
}

func pair(t *testing.T) (client, server *websocket.Conn) {
	client, server = websocket.Pipe(nil)
	t.Cleanup(func() {
		client.CloseNow()
		server.CloseNow()
	})
	return client, server
}

func TestRoundTrip(t *testing.T) {
	client, server := pair(t)
	sent := position{"a", 0.25, 0.5}
	if err := wsjson.Write(t.Context(), client, sent); err != nil {
		t.Fatalf("Write(%v) = %v", sent, err)
	}
	var got position
	if err := wsjson.Read(t.Context(), server, &got); err != nil || got != sent {
		t.Errorf("Read() = %v, %v; want %v", got, err, sent)
	}
}

// TestBadMessages: what is no JSON, or does not fit, is an error, and the next
// message is read all the same.
func TestBadMessages(t *testing.T) {
	client, server := pair(t)
	for _, tt := range []struct {
		name, text string
		is         func(error) bool
	}{
		{"no JSON", `{"id":`, as[*json.SyntaxError]},
		{"another type", `{"id":1}`, as[*json.UnmarshalTypeError]},
	} {
		client.Write(t.Context(), websocket.OpText, []byte(tt.text))
		var got position
		if err := wsjson.Read(t.Context(), server, &got); !tt.is(err) {
			t.Errorf("%s: Read() = %v", tt.name, err)
		}
	}
	client.Write(t.Context(), websocket.OpText, []byte(`{"id":"b"}`))
	var got position
	if err := wsjson.Read(t.Context(), server, &got); err != nil || got.ID != "b" {
		t.Errorf("Read() after bad messages = %v, %v; want id b", got, err)
	}
	if err := wsjson.Write(t.Context(), client, func() {}); !as[*json.UnsupportedTypeError](err) {
		t.Errorf("Write(func) = %v, want an UnsupportedTypeError", err)
	}
}

func TestConnectionErrorsPass(t *testing.T) {
	client, server := pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wsjson.Read(ctx, client, new(position)); err != context.Canceled {
		t.Errorf("Read() = %v, want context.Canceled", err)
	}
	server.CloseNow()
	if err := wsjson.Write(t.Context(), server, 1); !errors.Is(err, websocket.ErrClosed) {
		t.Errorf("Write() = %v, want ErrClosed", err)
	}
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
