package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// The blocking form: a loop that reads.
func ExampleUpgrade() {
	opts := &websocket.Options{MaxMessage: 64 << 10} // one for all requests
	http.HandleFunc("GET /echo", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, opts)
		if err != nil {
			return // the client has been told
		}
		defer c.CloseNow()
		for {
			op, p, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), op, p); err != nil {
				return
			}
		}
	})
	srv := httptest.NewServer(nil)
	defer srv.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, srv.URL+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	c.Write(ctx, websocket.OpText, []byte("hello"))
	_, p, err := c.Read(ctx)
	fmt.Printf("%s %v\n", p, err)
	c.Close(websocket.StatusNormalClosure, "")
	// Output: hello <nil>
}

// Why a request was refused: a Refusal says which rule it broke.
func ExampleUpgrade_refused() {
	r := httptest.NewRequest("GET", "/chat", nil) // by a browser that was typed a URL into
	w := httptest.NewRecorder()
	_, err := websocket.Upgrade(w, r, nil)

	refused, _ := errors.AsType[*websocket.HandshakeError](err)
	refusal, _ := errors.AsType[codec.Refusal](err)
	fmt.Println(refused.Status, refusal == codec.ErrUpgrade)
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 426 true
	// 426 Upgrade header does not name websocket
}
