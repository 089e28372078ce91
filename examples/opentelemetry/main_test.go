package main

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/zerowire/websocket"
)

func TestTelemetry(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	recorder := tracetest.NewSpanRecorder()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	reader := sdkmetric.NewManualReader()
	srv, err := newServer(tracers, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(ln)
	defer srv.Close()

	// The client's request is part of a trace.
	clientCtx, request := tracers.Tracer("test").Start(ctx, "request")
	header := http.Header{}
	propagation.TraceContext{}.Inject(clientCtx, propagation.HeaderCarrier(header))
	c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String()+"/feed", &websocket.DialOptions{Header: header})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for range 2 {
		if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
			t.Fatalf("got %q, %v, want the echo", p, err)
		}
	}
	wantMetrics(ctx, t, reader, map[string]int64{
		"websocket.connections": 1, "websocket.messages receive": 2, "websocket.messages transmit": 2,
		"websocket.io receive": 10, "websocket.io transmit": 10,
	})
	c.CloseRead(ctx) // answers the Close frame
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	wantMetrics(ctx, t, reader, map[string]int64{"websocket.connections": 0})

	var opened sdktrace.ReadOnlySpan
	messages := 0
	for _, span := range recorder.Ended() {
		switch span.Name() {
		case "websocket open":
			opened = span
		case "websocket message":
			messages++
			if opened == nil || len(span.Links()) != 1 || !span.Links()[0].SpanContext.Equal(opened.SpanContext()) {
				t.Errorf("a message has the links %v, want one to the span of the handshake", span.Links())
			}
			if span.SpanContext().TraceID() == request.SpanContext().TraceID() {
				t.Error("a message is part of the client's trace, want one of its own")
			}
		}
	}
	if opened == nil || opened.Parent().SpanID() != request.SpanContext().SpanID() {
		t.Errorf("the span of the handshake is %v, want one with the client's span as parent", opened)
	}
	if messages != 2 {
		t.Errorf("%d spans of messages, want 2", messages)
	}
}

// wantMetrics compares the sums that reader collects with want, by name and direction.
func wantMetrics(ctx context.Context, t *testing.T, reader sdkmetric.Reader, want map[string]int64) {
	t.Helper()
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &collected); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				t.Fatalf("%s is a %T", m.Name, m.Data)
			}
			for _, point := range sum.DataPoints {
				name := m.Name
				if direction, ok := point.Attributes.Value(attribute.Key("direction")); ok {
					name += " " + direction.AsString()
				}
				got[name] = point.Value
			}
		}
	}
	for name, value := range want {
		if n, ok := got[name]; !ok || n != value {
			t.Errorf("%s = %d, want %d", name, n, value)
		}
	}
}
