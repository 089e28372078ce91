package natsbroker_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
)

// counter is a Receiver that only counts.
type counter struct{ got chan struct{} }

func (c counter) Deliver(string, []byte) { c.got <- struct{}{} }
func (c counter) State(bool, error)      {}

// carrier publishes with publish, and has something in got for each message that
// has arrived.
type carrier struct {
	publish func(p []byte) error
	got     chan struct{}
}

// carriers are the ways to be compared: through the first of two servers in a
// cluster to the second.
var carriers = []struct {
	name  string
	start func(b *testing.B, from, to *embedded.Server) carrier
}{
	{"plain nats.go", startPlain},
	{"broker", func(b *testing.B, from, to *embedded.Server) carrier {
		return startBroker(b, from, to, nil)
	}},
	{"broker with a stream", func(b *testing.B, from, to *embedded.Server) carrier {
		return startBroker(b, from, to, &natsbroker.Stream{Memory: true})
	}},
}

func startPlain(b *testing.B, from, to *embedded.Server) carrier {
	pub, err := nats.Connect("", from.ClientOptions()...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pub.Close)
	sub, err := nats.Connect("", to.ClientOptions()...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(sub.Close)
	got := make(chan struct{}, 1<<20)
	if _, err := sub.Subscribe("zerowire.topic", func(*nats.Msg) { got <- struct{}{} }); err != nil {
		b.Fatal(err)
	}
	return carrier{func(p []byte) error { return pub.Publish("zerowire.topic", p) }, got}
}

func startBroker(b *testing.B, from, to *embedded.Server, stream *natsbroker.Stream) carrier {
	open := func(srv *embedded.Server, got chan struct{}) *natsbroker.Broker {
		broker, err := natsbroker.Connect("", &natsbroker.Options{NATS: srv.ClientOptions(), Stream: stream, Logger: quiet})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { broker.Close() })
		if err := broker.Attach(counter{got}); err != nil {
			b.Fatal(err)
		}
		return broker
	}
	got := make(chan struct{}, 1<<20)
	pub, sub := open(from, nil), open(to, got)
	subscribe(b, sub, "topic")
	return carrier{func(p []byte) error { return pub.Publish("topic", p) }, got}
}

// each runs f for every carrier, on a cluster that knows of the subscription. One
// server alone is the first and the second: one hop.
func each(b *testing.B, f func(b *testing.B, c carrier)) {
	for _, hops := range []struct {
		name    string
		servers int
	}{{"one server", 1}, {"two servers", 2}} {
		for _, way := range carriers {
			b.Run(hops.name+"/"+way.name, func(b *testing.B) {
				var servers []*embedded.Server
				switch {
				case way.name != "broker with a stream":
					servers = cluster(b, hops.servers)
				case hops.servers == 1:
					servers = []*embedded.Server{start(b, embedded.Options{StoreDir: b.TempDir()})}
				default:
					servers = replicated(b)[:2]
				}
				c := way.start(b, servers[0], servers[hops.servers-1])
				eventually(b, "linked", func() bool {
					c.publish(nil)
					return len(c.got) > 0
				})
				for quiet := time.After(time.Second); ; { // the rest of those
					select {
					case <-c.got:
						continue
					case <-quiet:
					}
					break
				}
				f(b, c)
			})
		}
	}
}

// BenchmarkLatency publishes one message after the other has arrived.
func BenchmarkLatency(b *testing.B) {
	payload := make([]byte, 512)
	each(b, func(b *testing.B, c carrier) {
		var times []time.Duration
		for b.Loop() {
			start := time.Now()
			if err := c.publish(payload); err != nil {
				b.Fatal(err)
			}
			<-c.got
			times = append(times, time.Since(start))
		}
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	})
}

// BenchmarkThroughput publishes with up to 1,024 messages on their way.
func BenchmarkThroughput(b *testing.B) {
	payload := make([]byte, 512)
	each(b, func(b *testing.B, c carrier) {
		b.SetBytes(int64(len(payload)))
		onTheWay := 0
		for b.Loop() {
			for err := c.publish(payload); err != nil; err = c.publish(payload) {
				if !errors.Is(err, natsbroker.ErrFull) {
					b.Fatal(err)
				}
			}
			if onTheWay++; onTheWay >= 1024 {
				<-c.got
				onTheWay--
			}
		}
		for ; onTheWay > 0; onTheWay-- {
			<-c.got
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	})
}
