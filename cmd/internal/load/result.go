package load

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// Result is what a run has measured: what --json writes.
type Result struct {
	URL         string    `json:"url"`
	Started     time.Time `json:"started"`
	Seconds     float64   `json:"seconds"` // to the last echo
	Interrupted bool      `json:"interrupted"`
	Load        Load      `json:"load"`

	Sent          int64   `json:"sent"`           // messages
	Received      int64   `json:"received"`       // echoes verified, or messages with all of their answers
	PerSecond     float64 `json:"per_second"`     // of them
	SentBytes     int64   `json:"sent_bytes"`     // of payload
	ReceivedBytes int64   `json:"received_bytes"` // of payload
	Behind        int64   `json:"behind"`         // due in an open load, and never sent
	Latency       Latency `json:"latency"`        // of the echoes received
	Errors        []Fault `json:"errors"`         // empty if all was well
	Limits        []Limit `json:"limits,omitempty"`
	Client        Client  `json:"client"`   // what it took to make the load
	Timeline      []Point `json:"timeline"` // the run, interval by interval
}

// Load is what was asked for.
type Load struct {
	Connections int     `json:"connections"`
	Open        int     `json:"open"`              // connections that could be opened
	Pipeline    int     `json:"pipeline"`          // messages in flight on each, at most
	Size        string  `json:"size"`              // bytes of payload: 125 or 16-4096
	Type        string  `json:"type"`              // text or binary
	Seconds     float64 `json:"seconds,omitempty"` // how long to send
	Messages    int64   `json:"messages,omitempty"`
	Rate        float64 `json:"rate,omitempty"`     // messages per second; without one the load is closed
	Compress    string  `json:"compress,omitempty"` // the server's Sec-WebSocket-Extensions, or "declined"
	Own         bool    `json:"own,omitempty"`      // own messages, answers or ramp, and not random messages that are echoed
	Direct      bool    `json:"direct"`             // sockets were driven without websocket.Conn
}

// Latency is in microseconds: from when a message was sent, or due in an open
// load, to its echo.
type Latency struct {
	Mean        float64      `json:"mean_us"`
	Deviation   float64      `json:"stdev_us"`
	Min         float64      `json:"min_us"`
	Max         float64      `json:"max_us"`
	Percentiles []Percentile `json:"percentiles"`
	Curve       []Percentile `json:"curve"` // finer and finer towards 100
}

// Percentile says that so many per cent of the echoes took no longer.
type Percentile struct {
	Percent float64 `json:"percent"`
	Micros  float64 `json:"us"`
}

// Client is the CPU time of this process while it made the load.
type Client struct {
	Threads    int     `json:"threads"`
	User       float64 `json:"user_s"`
	System     float64 `json:"system_s"`
	PerMessage float64 `json:"per_message_us"`
	Busy       float64 `json:"busy"` // share of the threads' time; near 1, the generator is what limits
}

// percentiles are those of the table.
var percentiles = []float64{50, 75, 90, 95, 99, 99.9, 99.99}

func newResult(r *run) *Result {
	p, t := r.plan, r.timeline
	result := &Result{
		URL: p.URL, Started: r.start.UTC().Truncate(time.Millisecond), Seconds: seconds(r.length), Interrupted: r.stopped.Load(),
		Load: Load{
			Connections: p.Connections, Open: r.links, Pipeline: p.Pipeline, Size: p.Size.String(), Type: p.script.Opcode.String(),
			Seconds: p.Duration.Seconds(), Messages: p.Messages, Rate: p.Rate, Compress: p.compression(), Direct: r.direct,
			Own: p.exchange.own,
		},
		Sent: t.total.sent, Received: t.total.messages, SentBytes: t.total.sentBytes, ReceivedBytes: t.total.bytes,
		PerSecond: ratio(float64(t.total.messages), seconds(r.length)),
		Behind:    r.behind(),
		Errors:    t.faults.list(),
		Limits:    r.judge(),
		Timeline:  t.until(r.length),
	}
	result.Latency = Latency{Percentiles: []Percentile{}, Curve: []Percentile{}}
	if h := t.latency; h.TotalCount() > 0 {
		result.Latency = Latency{Mean: h.Mean() / 1e3, Deviation: h.StdDev() / 1e3, Min: micros(h.Min()), Max: micros(h.Max())}
		for _, p := range percentiles {
			result.Latency.Percentiles = append(result.Latency.Percentiles, percentile(h, p))
		}
		result.Latency.Curve = curve(h)
	}
	result.Client = Client{
		Threads: min(p.Threads, r.links), User: r.busy.user.Seconds(), System: r.busy.system.Seconds(),
		PerMessage: ratio(micros(int64(r.busy.total())), float64(t.total.messages)),
	}
	// One that is not direct works on as many threads as there are cores.
	if !r.direct {
		result.Client.Threads = runtime.GOMAXPROCS(0)
	}
	result.Client.Busy = ratio(r.busy.total().Seconds(), result.Seconds*float64(result.Client.Threads))
	return result
}

// curve returns the percentiles of h, as many of each nine as of the one before, up
// to the one that a single echo decides.
func curve(h *hdrhistogram.Histogram) (points []Percentile) {
	const perNine = 20
	nines := math.Log10(float64(h.TotalCount()))
	for i := range int(nines*perNine) + 1 {
		points = append(points, percentile(h, 100*(1-math.Pow(10, -float64(i)/perNine))))
	}
	return points
}

func percentile(h *hdrhistogram.Histogram, percent float64) Percentile {
	return Percentile{percent, micros(h.ValueAtPercentile(percent))}
}

// behind returns how many messages were due in an open load, and never sent.
func (r *run) behind() int64 {
	if r.plan.Rate == 0 || r.plan.Duration == 0 || r.stopped.Load() {
		return 0
	}
	due := int64(math.Ceil(r.plan.Rate * r.plan.Duration.Seconds()))
	if r.plan.Messages > 0 {
		due = min(due, r.plan.Messages)
	}
	return max(0, due-r.timeline.total.sent)
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// verdict is the error that the command ends with; nil if all was well.
func (r *Result) verdict() error {
	wrong, failed := r.Wrong(echoFaults...), r.Wrong(connectionFaults...)
	switch {
	case wrong > 0:
		return fmt.Errorf("%d of %d messages did not come back as they should", wrong, r.Sent)
	case failed > 0:
		return fmt.Errorf("%d of %d connections failed", failed, r.Load.Connections)
	case r.Interrupted:
		return reach.Interrupted{Text: "interrupted: the result is of what was measured until then"}
	}
	return r.limitError()
}
