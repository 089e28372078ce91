package interop

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/hashicorp/yamux"
	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/zerowire/websocket"
)

// onEachTransport runs f with the two ends of a NetConn on each transport.
func onEachTransport(t *testing.T, f func(t *testing.T, client, server net.Conn)) {
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := transport(t)
			f(t, websocket.NetConn(client, websocket.OpBinary), websocket.NetConn(server, websocket.OpBinary))
		})
	}
}

// TestNetConnCarriesYamux sends data back and forth in many streams of
// hashicorp/yamux at once.
func TestNetConnCarriesYamux(t *testing.T) {
	onEachTransport(t, func(t *testing.T, client, server net.Conn) {
		config := yamux.DefaultConfig()
		config.LogOutput = io.Discard
		config.KeepAliveInterval = 50 * time.Millisecond
		accepting, err := yamux.Server(server, config)
		if err != nil {
			t.Fatal(err)
		}
		var echoes sync.WaitGroup
		echoes.Go(func() {
			for {
				s, err := accepting.Accept()
				if err != nil {
					return
				}
				echoes.Go(func() {
					io.Copy(s, s)
					s.Close()
				})
			}
		})
		opening, err := yamux.Client(client, config)
		if err != nil {
			t.Fatal(err)
		}
		var streams sync.WaitGroup
		for range 20 {
			streams.Go(func() {
				if err := echoOver(opening); err != nil {
					t.Error(err)
				}
			})
		}
		streams.Wait()
		if _, err := opening.Ping(); err != nil {
			t.Errorf("Ping: %v", err)
		}
		if err := opening.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		echoes.Wait() // the other end has found that the connection is closed
		accepting.Close()
	})
}

// echoOver opens a stream, sends random bytes, and compares what comes back.
func echoOver(session *yamux.Session) error {
	s, err := session.Open()
	if err != nil {
		return fmt.Errorf("Open: %w", err)
	}
	defer s.Close()
	want := make([]byte, 500_000)
	rand.Read(want)
	sent := make(chan error, 1)
	go func() {
		_, err := s.Write(want)
		sent <- err
	}()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(s, got); err != nil {
		return fmt.Errorf("read an echo: %w", err)
	}
	if err := <-sent; err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if !bytes.Equal(got, want) {
		return errors.New("the echo differs from what was sent")
	}
	return nil
}

// TestNetConnCarriesMQTT joins the client of Eclipse Paho to the broker mochi-mqtt,
// over a NetConn at each end.
func TestNetConnCarriesMQTT(t *testing.T) {
	onEachTransport(t, func(t *testing.T, client, server net.Conn) {
		ln := &handedOver{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
		ln.conns <- server
		b := broker.New(&broker.Options{})
		if err := errors.Join(b.AddHook(new(auth.AllowHook), nil), b.AddListener(listeners.NewNet("websocket", ln))); err != nil {
			t.Fatal(err)
		}
		if err := b.Serve(); err != nil {
			t.Fatal(err)
		}
		defer b.Close()

		opts := mqtt.NewClientOptions().AddBroker("ws://broker.example").SetClientID("one").SetAutoReconnect(false)
		opts.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return client, nil })
		c := mqtt.NewClient(opts)
		done(t, "connect", c.Connect())

		const messages = 200
		received := make(chan []byte, messages)
		done(t, "subscribe", c.Subscribe("a/+", 1, func(_ mqtt.Client, m mqtt.Message) { received <- m.Payload() }))
		for i := range messages {
			done(t, "publish", c.Publish("a/b", 1, false, bytes.Repeat([]byte{byte(i)}, 1+100*i)))
		}
		for i := range messages {
			select {
			case got := <-received:
				if want := bytes.Repeat([]byte{byte(i)}, 1+100*i); !bytes.Equal(got, want) {
					t.Fatalf("message %d has %d bytes, want %d", i, len(got), len(want))
				}
			case <-time.After(patience):
				t.Fatalf("message %d has not come", i)
			}
		}
		c.Disconnect(100)
	})
}

// done waits until the broker has acknowledged what a token stands for.
func done(t *testing.T, what string, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("%s: %v", what, token.Error())
	}
}

// handedOver is a net.Listener that accepts the connections sent on a channel.
type handedOver struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (ln *handedOver) Accept() (net.Conn, error) {
	select {
	case nc := <-ln.conns:
		return nc, nil
	case <-ln.closed:
		return nil, net.ErrClosed
	}
}

func (ln *handedOver) Close() error {
	ln.once.Do(func() { close(ln.closed) })
	return nil
}

func (ln *handedOver) Addr() net.Addr { return &net.UnixAddr{Name: "handed over", Net: "websocket"} }
