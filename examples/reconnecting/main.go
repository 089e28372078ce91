// Command reconnecting prints the events of a feed, and misses none when its connection
// fails. It reconnects with package reconnect, and then asks for the events after the
// last one that it has printed.
//
//	go run ./examples/reconnecting ws://127.0.0.1:8000/feed
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/reconnect"
	"github.com/zerowire/websocket/wsjson"
)

// subscription is what the client sends on each new connection.
type subscription struct {
	After int `json:"after"` // the number of the last event that is known
}

// event is what the server sends.
type event struct {
	Number int    `json:"number"` // consecutive, from 1
	Text   string `json:"text"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: reconnecting URL")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := follow(ctx, os.Args[1], 500*time.Millisecond, os.Stdout); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

// follow prints the events of the feed at url until ctx ends, or the server refuses the
// client.
func follow(ctx context.Context, url string, delay time.Duration, out io.Writer) error {
	last := 0 // used by Subscribe and Serve, which never run at the same time
	client := &reconnect.Client{
		Dial: func(ctx context.Context) (*websocket.Conn, error) {
			return websocket.Dial(ctx, url, nil)
		},
		Subscribe: func(ctx context.Context, c *websocket.Conn) error {
			return wsjson.Write(ctx, c, subscription{After: last})
		},
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			for {
				var e event
				if err := wsjson.Read(ctx, c, &e); err != nil {
					return err
				}
				fmt.Fprintf(out, "%d %s\n", e.Number, e.Text)
				last = e.Number
			}
		},
		Changed: func(change reconnect.Change) {
			if change.State == reconnect.Waiting {
				log.Printf("%v; next attempt in %v", change.Err, change.Delay.Round(time.Millisecond))
			}
		},
		BaseDelay: delay,
	}
	return client.Run(ctx)
}
