package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/zerowire/websocket"
)

func TestPublish(t *testing.T) {
	handler, err := newBroker()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()

	published := make(chan *paho.Publish, 10)
	watcher, err := connect(ctx, srv.URL+"/mqtt", func(p *paho.Publish) { published <- p })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watcher.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "rooms/#", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	sensor, err := connect(ctx, srv.URL+"/mqtt", func(*paho.Publish) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		topic   string
		payload []byte
	}{
		{"rooms/kitchen", []byte("21.5")},
		{"garden", []byte("3")}, // not subscribed
		{"rooms/cellar", bytes.Repeat([]byte("12 "), 100_000)},
	} {
		if _, err := sensor.Publish(ctx, &paho.Publish{Topic: tt.topic, QoS: 1, Payload: tt.payload}); err != nil {
			t.Fatal(err)
		}
		if tt.topic == "garden" {
			continue
		}
		select {
		case p := <-published:
			if p.Topic != tt.topic || !bytes.Equal(p.Payload, tt.payload) {
				t.Errorf("got %d bytes on %s, want %d on %s", len(p.Payload), p.Topic, len(tt.payload), tt.topic)
			}
		case <-ctx.Done():
			t.Fatalf("no message on %s", tt.topic)
		}
	}
	for _, client := range []*paho.Client{sensor, watcher} {
		if err := client.Disconnect(&paho.Disconnect{}); err != nil {
			t.Errorf("Disconnect: %v", err)
		}
	}
}

func TestSubprotocolRequired(t *testing.T) {
	handler, err := newBroker()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(handler)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := websocket.Dial(ctx, srv.URL+"/mqtt", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("without a sub-protocol: %v, want a Close frame with 1008", err)
	}
}
