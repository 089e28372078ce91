package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// The end of a context ends one call. The next read continues where it was.
func ExampleConn_Read() {
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, _, err := client.Read(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	server.Write(context.Background(), websocket.OpText, []byte("Hello"))
	op, p, err := client.Read(context.Background()) // p is valid until the next read
	fmt.Printf("%v %s, %v\n", op, p, err)
	// Output:
	// true
	// text Hello, <nil>
}

// Messages is a loop of reads. Its last error says how the connection has ended.
func ExampleConn_Messages() {
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	go func() {
		ctx := context.Background()
		server.Write(ctx, websocket.OpText, []byte("one"))
		server.Write(ctx, websocket.OpBinary, []byte("two"))
		server.Close(websocket.StatusNormalClosure, "that is all")
	}()

	for m, err := range client.Messages(context.Background()) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Printf("%v %s\n", m.Opcode, m.Payload)
	}
	// Output:
	// text one
	// binary two
	// websocket: closed by the peer: 1000 normal closure: "that is all"
}

// A client in the event form. Serve returns when the connection has ended.
func ExampleConn_Serve() {
	client, server := websocket.Pipe(nil) // a client calls Dial
	go func() {
		server.Write(context.Background(), websocket.OpText, []byte("price 7"))
		server.Close(websocket.StatusGoingAway, "")
	}()

	err := client.Serve(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		fmt.Printf("%s\n", p)
	}))
	fmt.Println(err)
	// Output:
	// price 7
	// websocket: closed by the peer: 1001 going away
}

// Close sends what was written before, then the Close frame, and waits for the peer's.
// Deferring CloseNow as well releases the connection on every other way out.
func ExampleConn_Close() {
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	received := make(chan string)
	go func() {
		defer server.CloseNow()
		ctx := context.Background()
		_, p, _ := server.Read(ctx)
		received <- string(p)
		_, _, err := server.Read(ctx)
		received <- err.Error()
	}()

	client.Write(context.Background(), websocket.OpText, []byte("the last message"))
	closed := make(chan error)
	go func() { closed <- client.Close(websocket.StatusNormalClosure, "bye") }()
	fmt.Println(<-received)
	fmt.Println(<-received)
	fmt.Println(<-closed)
	// Output:
	// the last message
	// websocket: closed by the peer: 1000 normal closure: "bye"
	// <nil>
}

// What a client does next depends on the status code.
func ExampleCloseStatus() {
	for _, code := range []websocket.StatusCode{
		websocket.StatusNormalClosure,
		websocket.StatusGoingAway,
		websocket.StatusPolicyViolation,
	} {
		client, server := websocket.Pipe(nil)
		go server.Close(code, "")
		_, _, err := client.Read(context.Background())
		switch websocket.CloseStatus(err) {
		case websocket.StatusNormalClosure:
			fmt.Println("done")
		case websocket.StatusGoingAway, websocket.StatusAbnormalClosure: // no Close frame
			fmt.Println("connect again")
		default:
			fmt.Println(err)
		}
		client.CloseNow()
	}
	// Output:
	// done
	// connect again
	// websocket: closed by the peer: 1008 policy violation
}

// Err is the cause if this endpoint has ended the connection, and nil if the peer has sent a
// Close frame.
func ExampleCloseError() {
	client, server := websocket.Pipe(&websocket.Options{MaxMessage: 10})
	defer client.CloseNow()
	defer server.CloseNow()
	ctx := context.Background()
	client.Write(ctx, websocket.OpText, []byte("more than ten bytes"))
	received := client.CloseRead(ctx)

	_, _, err := server.Read(ctx)
	if end, ok := errors.AsType[*websocket.CloseError](err); ok {
		fmt.Println(end.Code, errors.Is(end.Err, codec.ErrMessageTooBig))
	}
	<-received.Done()
	if end, ok := errors.AsType[*websocket.CloseError](context.Cause(received)); ok {
		fmt.Println(end.Code, end.Err)
	}
	// Output:
	// message too big true
	// message too big <nil>
}

// NewConn is for two ends that agree on WebSocket frames by other means than an opening
// handshake. See the example of [Upgrader.Negotiate] for an opening handshake that another
// HTTP library receives.
func ExampleNewConn() {
	a, b := net.Pipe() // or the stream of a multiplexer, a socketpair, a serial line
	agreed := websocket.Handshake{Extensions: "permessage-deflate"}
	server, err := websocket.NewConn(a, websocket.RoleServer, agreed, nil)
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	}))

	client, err := websocket.NewConn(b, websocket.RoleClient, agreed, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseNow()
	ctx := context.Background()
	client.Write(ctx, websocket.OpText, []byte("Hello"))
	_, p, err := client.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	fmt.Println(client.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// Hello, <nil>
	// <nil>
}

// Pipe connects two ends in memory, so that an application's handlers can be tested
// without a network.
func ExamplePipe() {
	greet := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, append([]byte("Hello, "), p...))
	})

	client, server := websocket.Pipe(nil)
	go server.Serve(greet)

	ctx := context.Background()
	client.Write(ctx, websocket.OpText, []byte("test"))
	_, p, err := client.Read(ctx)
	fmt.Printf("%s, %v\n", p, err)
	fmt.Println(client.Close(websocket.StatusNormalClosure, ""))
	// Output:
	// Hello, test, <nil>
	// <nil>
}

// A Writer and a Reader stream a message that is too large to hold in memory.
func ExampleConn_Writer() {
	ctx := context.Background()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()

	sent := make(chan error)
	go func() {
		w, err := client.Writer(ctx, websocket.OpText)
		if err != nil {
			log.Fatal(err)
		}
		for i := range 100_000 {
			fmt.Fprintln(w, i)
		}
		sent <- w.Close()
	}()

	op, r, err := server.Reader(ctx)
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	fmt.Println(op, n, err)
	fmt.Println(<-sent)
	// Output:
	// text 588890 <nil>
	// <nil>
}

// ReadAppend reads into memory of the caller, which may keep it.
func ExampleConn_ReadAppend() {
	ctx := context.Background()
	client, server := websocket.Pipe(nil)
	defer client.CloseNow()
	defer server.CloseNow()

	for _, s := range []string{"to ", "be ", "kept"} {
		client.Write(ctx, websocket.OpText, []byte(s))
	}
	var kept []byte
	for range 3 {
		var err error
		if _, kept, err = server.ReadAppend(ctx, kept); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%s\n", kept)
	// Output:
	// to be kept
}
