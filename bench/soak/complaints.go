package main

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// complaints are what the server has logged: errors that no call can return, mostly panics
// in handlers. A soak must cause none.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) logger() *slog.Logger { return slog.New(slog.NewTextHandler(c, nil)) }

// Write takes a line of the log.
func (c *complaints) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) < maxTold {
		c.lines = append(c.lines, strings.TrimSpace(string(line)))
	}
	return len(line), nil
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lines)
}
