// Command jsonrpc is a server of JSON-RPC 2.0, with one request or notification per
// message. Requests of a connection run concurrently, so that a slow one delays no other.
// Batches are refused.
//
//	go run ./examples/jsonrpc
//	zerowire connect ws://127.0.0.1:8000/
//	> {"jsonrpc": "2.0", "id": 1, "method": "add", "params": [1, 2]}
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/wsjson"
)

// maxCalls is how many requests of one connection run at a time. The server reads no
// further message meanwhile.
const maxCalls = 16

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	web := &http.Server{Addr: *addr, Handler: http.HandlerFunc(serve), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(web.ListenAndServe())
}

// methods are what clients can call. ctx ends with the connection.
var methods = map[string]func(ctx context.Context, params json.RawMessage) (any, error){
	"add": func(_ context.Context, params json.RawMessage) (any, error) {
		var terms []float64
		if err := json.Unmarshal(params, &terms); err != nil {
			return nil, &rpcError{-32602, "params: want an array of numbers"}
		}
		sum := 0.0
		for _, term := range terms {
			sum += term
		}
		return sum, nil
	},
	"sleep": func(ctx context.Context, params json.RawMessage) (any, error) {
		var seconds [1]float64
		if err := json.Unmarshal(params, &seconds); err != nil {
			return nil, &rpcError{-32602, "params: want an array of one number"}
		}
		select {
		case <-time.After(time.Duration(seconds[0] * float64(time.Second))):
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	},
}

// serve upgrades a request, and answers the messages until the connection ends.
func serve(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Upgrade(w, r, nil)
	if err != nil {
		return // the client has received the error
	}
	defer c.CloseNow()
	var calls sync.WaitGroup
	defer calls.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.AfterClose(cancel) // also while the loop waits for a call
	running := make(chan struct{}, maxCalls)
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return
		}
		req, err := parse(m.Payload)
		if err != nil {
			wsjson.Write(ctx, c, refuse(json.RawMessage("null"), err))
			continue
		}
		running <- struct{}{}
		calls.Go(func() {
			defer func() { <-running }()
			if result := call(ctx, req); req.ID != nil {
				wsjson.Write(ctx, c, result)
			}
		})
	}
}
