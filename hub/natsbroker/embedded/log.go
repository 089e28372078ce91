package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// logger passes the log of the NATS server to slog, and stores the error that has prevented
// its start.
type logger struct {
	slog *slog.Logger
	mu   sync.Mutex
	last error
}

func (l *logger) Noticef(format string, v ...any) { l.slog.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l *logger) Debugf(format string, v ...any)  { l.slog.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l *logger) Tracef(format string, v ...any)  { l.slog.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l *logger) Warnf(format string, v ...any)   { l.slog.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l *logger) Errorf(format string, v ...any)  { l.slog.Error("nats: " + fmt.Sprintf(format, v...)) }

// Fatalf does not end the process: Start fails instead.
func (l *logger) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.slog.Error("nats: " + text)
	l.mu.Lock()
	l.last = errors.New(text)
	l.mu.Unlock()
}

// failure returns the error that has prevented the start, or nil if none was logged.
func (l *logger) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return nil
	}
	return fmt.Errorf("embedded: the NATS server did not start: %w", l.last)
}
