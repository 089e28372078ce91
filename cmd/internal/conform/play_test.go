package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// run plays the cases of a command, as Run does, without a word on stdout.
func run(t *testing.T, ctx context.Context, c *Command) *report {
	t.Helper()
	games, err := c.choose()
	if err != nil {
		t.Fatal(err)
	}
	if c.Thorough {
		games = inAllModes(games)
	}
	started := time.Now()
	r := newReport(c.URL, started, c.play(ctx, mustTarget(t, c), games))
	r.games, r.strict = len(games), c.Strict
	return r
}

func TestCorrectServerPasses(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		cases     []string
		count     int // each is played in three modes
	}{
		{"ws", serve(t, echo), []string{"1", "2", "3", "4", "5.1", "5.15", "6.2", "6.6", "7"}, 3 * 98},
		{"wss", serveTLS(t), []string{"1.1", "3", "7.1"}, 3 * 21},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := command(tt.url)
			c.Insecure, c.Thorough, c.Cases = true, true, tt.cases
			r := run(t, t.Context(), c)
			if err := r.outcome(); err != nil || r.Total.Cases != tt.count {
				var text bytes.Buffer
				r.writeText(&text, true)
				t.Errorf("outcome() = %v after %d cases, want none after %d\n%s", err, r.Total.Cases, tt.count, &text)
			}
		})
	}
}

func TestCompressionIsTested(t *testing.T) {
	for _, tt := range []struct {
		name        string
		compression *websocket.Compression
		want        counts
	}{
		{"takeover", &websocket.Compression{Takeover: true}, counts{Cases: 20, Pass: 20}},
		{"no takeover", &websocket.Compression{}, counts{Cases: 20, Pass: 20}},
		{"none", nil, counts{Cases: 20, Unimplemented: 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			options := websocket.Options{Compression: tt.compression}
			c := command(serveOn(t, listen(t), &websocket.Server{Handler: echo, Options: options}))
			c.Cases = []string{"12.*.4", "12.*.12", "13.*.1", "13.7.5", "13.5.11", "13.3.9"}
			r := run(t, t.Context(), c)
			if r.Total != tt.want || r.outcome() != nil {
				var text bytes.Buffer
				r.writeText(&text, true)
				t.Errorf("got %+v, want %+v\n%s", r.Total, tt.want, &text)
			}
		})
	}
}

// lossy echoes, but for a message of 127 bytes.
var lossy = websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
	if len(p) == 127 {
		p = p[:126]
	}
	c.Write(context.Background(), op, p)
})

func TestFaultyServerFails(t *testing.T) {
	c := command(serve(t, lossy))
	c.Cases = []string{"1"}
	r := run(t, t.Context(), c)
	var bad []string
	for _, res := range r.Results {
		if res.Verdict == failed {
			bad = append(bad, res.ID)
		}
	}
	if want := []string{"1.1.4", "1.2.4"}; !slices.Equal(bad, want) {
		t.Errorf("failed: %q, want %q", bad, want)
	}
	if err := r.outcome(); err == nil || !strings.Contains(err.Error(), "2 of 16 cases failed") {
		t.Errorf("outcome() = %v, want 2 of 16 cases failed", err)
	}

	var text, brief, page, data bytes.Buffer
	for _, err := range []error{r.writeText(&text, false), r.writeText(&brief, true), r.writeHTML(&page), reach.JSON(r)(&data)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	row := "1.1.4    FAILED         OK               FAIL"
	why := "FAIL 1.1.4: a text message of 127 bytes is echoed\n  FAILED: event 1 is text 126"
	for name, tt := range map[string]struct {
		got       string
		want, not []string
	}{
		"text":  {text.String(), []string{row, why, " 1  payload lengths", "  16     14 "}, nil},
		"brief": {brief.String(), []string{why}, []string{row, "1.1.5"}},
		"page":  {page.String(), []string{`<tr id="1.1.4">`, `class="v failed">FAILED`, "FAILED: event 1 is text 126"}, []string{"http://", "https://"}},
	} {
		for _, want := range tt.want {
			if !strings.Contains(tt.got, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, tt.got)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(tt.got, not) {
				t.Errorf("%s has %q:\n%s", name, not, tt.got)
			}
		}
	}
	var decoded struct {
		URL   string
		Total struct{ Cases, Pass, Failed int }
		Cases []struct {
			ID, Behavior, BehaviorClose, Verdict string
			RemoteCloseCode                      int
		}
	}
	if err := json.Unmarshal(data.Bytes(), &decoded); err != nil {
		t.Fatal(err)
	}
	got := decoded.Cases[3]
	if decoded.URL != c.URL || decoded.Total.Failed != 2 || decoded.Total.Pass != 14 ||
		got.ID != "1.1.4" || got.Behavior != "FAILED" || got.BehaviorClose != "OK" || got.Verdict != "FAIL" || got.RemoteCloseCode != 1000 {
		t.Errorf("JSON: got %s, %+v, case %+v", decoded.URL, decoded.Total, got)
	}
}

func TestLimitOnMessagesIsExplained(t *testing.T) {
	c := command(serveOn(t, listen(t), &websocket.Server{Handler: echo, Options: websocket.Options{MaxMessage: 1 << 10}}))
	c.Cases = []string{"1.1"}
	r := run(t, t.Context(), c)
	var text bytes.Buffer
	r.writeText(&text, true)
	if want := "3 failed because the server takes no message that large (1009)"; !strings.Contains(text.String(), want) {
		t.Errorf("report:\n%swant %q", &text, want)
	}
}

func TestServerThatGoesFailsWhatIsLeft(t *testing.T) {
	c := command("ws://" + closedAddr(t))
	c.Cases = []string{"2.1", "2.2"}
	r := run(t, t.Context(), c)
	if r.Total.Failed != 2 || !strings.Contains(r.Results[0].Why[0], "connection refused") {
		t.Errorf("failed = %d, why = %q; want 2, connection refused", r.Total.Failed, r.Results[0].Why)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first := true // one player, one connection at a time
	c := command(serve(t, websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		if first {
			first = false
			c.Write(background, op, p)
			return
		}
		cancel() // and no echo: the case in progress has to be given up
	})))
	c.Cases, c.Parallel = []string{"1.1.2", "1.1.3", "1.1.4"}, 1
	r := run(t, ctx, c)
	err, ok := r.outcome().(reach.Interrupted)
	if !ok || err.ExitCode() != 130 || err.Error() != "interrupted after 1 of 3 cases" {
		t.Errorf("outcome() = %v, want interrupted after 1 of 3 cases", r.outcome())
	}
}

func TestStrictCountsNonStrict(t *testing.T) {
	for _, tt := range []struct {
		strict bool
		total  counts
		fails  bool
	}{
		{false, counts{Cases: 2, Pass: 1, NonStrict: 1}, false},
		{true, counts{Cases: 2, Pass: 1, NonStrict: 1}, true},
		{true, counts{Cases: 2, Pass: 1, Informational: 1}, false},
		{false, counts{Cases: 2, Pass: 1, Failed: 1}, true},
	} {
		r := &report{Total: tt.total, strict: tt.strict}
		if err := r.outcome(); (err != nil) != tt.fails {
			t.Errorf("strict %t, %+v: outcome() = %v, want an error: %t", tt.strict, tt.total, err, tt.fails)
		}
	}
}

var background = context.Background()
