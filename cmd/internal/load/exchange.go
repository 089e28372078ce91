package load

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// exchange is what is sent, and what has to come back, in place of random messages and
// their echoes.
type exchange struct {
	sent    []*template.Template // none for the random ones of the script
	shuffle bool                 // sent at random, and not in turn
	echo    bool                 // each message comes back
	answers int                  // to each message; 0 for none
	pattern *regexp.Regexp       // of the messages that are answers; nil for all
	ramp    ramp
	own     bool // it is not just random messages and their echoes
}

// message is what a template of --send can use.
type message struct {
	N          int64 // number of the message, from 0 on
	Connection int   // number of its connection, from 0 on
}

// functions are those that a template of --send can use besides.
var functions = template.FuncMap{
	"timestamp": func() int64 { return time.Now().UnixMilli() },
	"random": func(n int) (string, error) {
		if n < 0 || n > maxSize {
			return "", fmt.Errorf("random %d: want 0 to %d characters", n, maxSize)
		}
		text := ""
		for len(text) < n {
			text += rand.Text()
		}
		return text[:n], nil
	},
}

// newExchange returns what the flags ask for. An error says what is wrong with them.
func (c *Command) newExchange() (*exchange, error) {
	x := &exchange{shuffle: c.Shuffle, ramp: ramp{c.Ramp, c.Steps}}
	if err := x.expect(c.Expect); err != nil {
		return nil, err
	}
	x.own = len(c.Send) > 0 || c.Receive || !x.echo || c.Think > 0 || c.Ramp > 0
	switch {
	case c.Receive && (len(c.Send) > 0 || c.Rate > 0 || c.Think > 0 || !x.echo):
		return nil, errors.New("--receive sends nothing: it goes with none of --send, --rate, --think and --expect")
	case c.Think < 0 || c.Think > 0 && c.Rate > 0:
		return nil, fmt.Errorf("--think %s: want a time above zero, and no --rate", c.Think)
	case c.Ramp < 0 || c.Steps < 0 || c.Steps > 0 && c.Ramp == 0:
		return nil, fmt.Errorf("--ramp %s, --steps %d: want a time above zero, and steps only with it", c.Ramp, c.Steps)
	case c.Shuffle && len(c.Send) == 0:
		return nil, errors.New("--shuffle is the order of --send: give that, too")
	}
	for _, text := range c.Send {
		if err := x.add(text); err != nil {
			return nil, fmt.Errorf("--send: %w", err)
		}
	}
	return x, nil
}

// add adds a template, or each line of the file @NAME as one.
func (x *exchange) add(text string) error {
	lines := []string{text}
	if name, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		lines = strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	}
	for _, line := range lines {
		t, err := template.New("message").Funcs(functions).Parse(strings.TrimSuffix(line, "\r"))
		if err != nil {
			return err
		}
		if err := t.Execute(&bytes.Buffer{}, message{}); err != nil {
			return err
		}
		x.sent = append(x.sent, t)
	}
	return nil
}

// expect parses --expect.
func (x *exchange) expect(text string) error {
	pattern, isPattern := strings.CutPrefix(text, "/")
	n, err := strconv.Atoi(text)
	switch {
	case text == "" || text == "echo":
		x.echo, x.answers = true, 1
	case text == "none":
	case isPattern:
		x.answers = 1
		if x.pattern, err = regexp.Compile(strings.TrimSuffix(pattern, "/")); err != nil {
			return fmt.Errorf("--expect: %w", err)
		}
	case err == nil && n >= 0 && n <= maxPipeline:
		x.answers = n
	default:
		return fmt.Errorf("--expect %q: want echo, none, a number of messages, or /REGEXP/", text)
	}
	return nil
}

// render returns message n, which connection sends, in the space of what buf points at.
func (x *exchange) render(buf *[]byte, n int64, connection int) ([]byte, error) {
	b, of := bytes.NewBuffer((*buf)[:0]), n
	if x.shuffle {
		of = int64(uint64(n+1) * 0x9E3779B97F4A7C15 >> 33)
	}
	err := x.sent[of%int64(len(x.sent))].Execute(b, message{n, connection})
	return b.Bytes(), err
}

// ramp is how connections and rate are raised: evenly, or in steps.
type ramp struct {
	over  time.Duration
	steps int
}

// opens returns when connection i of n is opened, from the start on.
func (r ramp) opens(i, n int) time.Duration {
	if r.steps > 0 {
		return r.over * time.Duration(i*r.steps/n) / time.Duration(r.steps)
	}
	return time.Duration(float64(r.over) * float64(i) / float64(n))
}

// due returns when message n is due, in seconds from the start on, if so many are to
// be sent per second in the end.
func (r ramp) due(n, rate float64) float64 {
	over := r.over.Seconds()
	if over == 0 {
		return n / rate
	}
	if r.steps == 0 {
		if during := rate * over / 2; n >= during {
			return over + (n-during)/rate
		}
		return math.Sqrt(2 * over * n / rate)
	}
	length := over / float64(r.steps)
	for k := range r.steps {
		now := rate * float64(k+1) / float64(r.steps)
		if n < now*length {
			return float64(k)*length + n/now
		}
		n -= now * length
	}
	return over + n/rate
}
