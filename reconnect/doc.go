// Package reconnect keeps a client connected to a WebSocket server. It dials again after a
// failure, and queues messages that are written in the meantime.
//
//	client := &reconnect.Client{
//		Dial: func(ctx context.Context) (*websocket.Conn, error) {
//			return websocket.Dial(ctx, "wss://feed.example/v1", nil)
//		},
//		Subscribe: func(ctx context.Context, c *websocket.Conn) error {
//			return c.Write(ctx, websocket.OpText, []byte(`{"subscribe":"prices"}`))
//		},
//		Serve: func(ctx context.Context, c *websocket.Conn) error {
//			for m, err := range c.Messages(ctx) {
//				if err != nil {
//					return err
//				}
//				handle(m.Payload)
//			}
//			return nil
//		},
//	}
//	err := client.Run(ctx)
//
// # Delays
//
// The delay before an attempt is random, between zero and a ceiling that doubles with
// every failure, from BaseDelay to MaxDelay (exponential backoff with full jitter). So
// clients that lost a server at the same moment do not return to it at the same
// moment. The ceiling starts again at BaseDelay after a connection that lasted longer
// than the ceiling before it.
//
// A server can ask for more:
//   - a refusal with Retry-After (RFC 9110 §10.2.3): the delay is that time, at most one
//     hour, plus a random part as above;
//   - close code 1012, service restart: 5 to 30 seconds, and at most MaxDelay;
//   - close code 1013, try again later: between half of MaxDelay and MaxDelay.
//
// # Giving up
//
// Run returns when its context ends, when Serve returns nil, and after an error that
// GiveUp reports to be final. The default is [Permanent].
//
// # Delivery
//
// [Client.Write] sends a message on the connection, or queues it while there is none.
// MaxPending limits the queue, and Overflow selects what happens when it is full. Messages of
// one goroutine are sent in the order in which they were written, each at most once. Messages
// that were sent, or being sent, when the connection failed may be lost: WebSocket has no
// acknowledgements. An application that must not lose messages needs its own.
package reconnect
