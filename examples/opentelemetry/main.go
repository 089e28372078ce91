// Command opentelemetry is an echo server with traces and metrics of OpenTelemetry.
//
// The opening handshake is a span in the trace of the client's request, if that has a
// traceparent header. Each message is a trace of its own with a link to that span: one trace
// for all messages of a connection would grow for as long as the connection lasts.
//
// Spans and metrics are printed. Replace the two exporters by those of OTLP to send them to
// a collector.
//
//	go run ./examples/opentelemetry
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	spans, err := stdouttrace.New()
	if err != nil {
		log.Fatal(err)
	}
	figures, err := stdoutmetric.New()
	if err != nil {
		log.Fatal(err)
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(figures)))
	srv, err := newServer(tracers, meters)
	if err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	go srv.Serve(ln)
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err = errors.Join(srv.Shutdown(end), tracers.Shutdown(end), meters.Shutdown(end))
	if err != nil {
		log.Fatal(err)
	}
}

// newServer returns an echo server that traces and counts.
func newServer(tracers trace.TracerProvider, meters metric.MeterProvider) (*websocket.Server, error) {
	const name = "github.com/zerowire/websocket/examples/opentelemetry"
	counting, err := hooks(meters.Meter(name))
	if err != nil {
		return nil, err
	}
	tracer := tracers.Tracer(name)
	return &websocket.Server{
		Route: func(r *websocket.Request) (websocket.Handler, error) {
			ctx := propagation.TraceContext{}.Extract(r.Context(), carrier{r})
			_, span := tracer.Start(ctx, "websocket open", trace.WithSpanKind(trace.SpanKindServer),
				trace.WithAttributes(attribute.String("url.path", r.Path())))
			defer span.End()
			return &session{tracer, trace.Link{SpanContext: span.SpanContext()}}, nil
		},
		Options: websocket.Options{Hooks: counting},
	}, nil
}

// carrier gives the propagator the header of a request.
type carrier struct{ *websocket.Request }

func (c carrier) Get(name string) string { return c.Header(name) }
func (carrier) Set(string, string)       {}
func (carrier) Keys() []string           { return nil }

// session is the Handler of one connection.
type session struct {
	tracer trace.Tracer
	opened trace.Link
}

func (*session) Open(*websocket.Conn) {}

// Message echoes within a span. ctx goes to all that the answer takes, such as a database.
func (s *session) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	ctx, span := s.tracer.Start(context.Background(), "websocket message", trace.WithLinks(s.opened),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.Int("websocket.message.size", len(p))))
	defer span.End()
	if err := c.Write(ctx, op, p); err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, "write")
	}
}

func (*session) Close(*websocket.Conn, error) {}

// hooks returns functions that count connections and messages with instruments of meter.
func hooks(meter metric.Meter) (websocket.Hooks, error) {
	open, err1 := meter.Int64UpDownCounter("websocket.connections", metric.WithUnit("{connection}"))
	messages, err2 := meter.Int64Counter("websocket.messages", metric.WithUnit("{message}"))
	bytes, err3 := meter.Int64Counter("websocket.io", metric.WithUnit("By"))
	// Made once, because the functions are called for each message.
	received := metric.WithAttributeSet(attribute.NewSet(attribute.String("direction", "receive")))
	sent := metric.WithAttributeSet(attribute.NewSet(attribute.String("direction", "transmit")))
	ctx := context.Background()
	return websocket.Hooks{
		Opened: func(*websocket.Conn, *websocket.Request) { open.Add(ctx, 1) },
		Closed: func(*websocket.Conn, error) { open.Add(ctx, -1) },
		Received: func(_ *websocket.Conn, _ websocket.Opcode, n int) {
			messages.Add(ctx, 1, received)
			bytes.Add(ctx, int64(n), received)
		},
		Sent: func(_ *websocket.Conn, _ websocket.Opcode, n int) {
			messages.Add(ctx, 1, sent)
			bytes.Add(ctx, int64(n), sent)
		},
	}, errors.Join(err1, err2, err3)
}
