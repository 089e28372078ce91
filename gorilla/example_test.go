// The example is inside of the package: go mod tidy reads the tests of the packages that a
// program imports, and this module may not import itself where it replaces gorilla/websocket.

package websocket

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
)

// The code is written for gorilla/websocket: only the import is another one.
func Example() {
	upgrader := Upgrader{}
	echo := func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		c.SetReadLimit(64 << 10) // as there, no limit is set by default
		for {
			messageType, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if err := c.WriteMessage(messageType, p); err != nil {
				return
			}
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(echo))
	defer srv.Close()

	url := "ws" + strings.TrimPrefix(srv.URL, "http")
	c, _, err := DefaultDialer.Dial(url, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if err := c.WriteMessage(TextMessage, []byte("Hello")); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.ReadMessage()
	fmt.Printf("%s, %v\n", p, err)
	// Output: Hello, <nil>
}
