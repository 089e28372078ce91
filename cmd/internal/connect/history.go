package connect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// maxHistory is how many lines are kept.
const maxHistory = 1000

// history is the lines that were typed before, the oldest first, and which of them
// is being looked at.
type history struct {
	path  string // of the file that they are kept in; "" for none
	lines []string
	at    int    // of lines; their number if what is looked at is new
	draft string // what was typed when the looking began, which is what the lines shown begin with
}

// openHistory reads the user's history. It is kept in the directory for state of the
// XDG base directory specification, or what takes its place on other systems.
func openHistory() (*history, error) {
	path, err := xdg.StateFile(filepath.Join("zerowire", "connect_history"))
	if err != nil {
		return nil, err
	}
	h := &history{path: path}
	return h, h.read()
}

func (h *history) read() error {
	content, err := os.ReadFile(h.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(content) > 0 {
		h.lines = strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	}
	all := len(h.lines)
	h.lines = h.lines[max(all-maxHistory, 0):]
	h.at = len(h.lines)
	if all <= 2*maxHistory {
		return nil
	}
	// The file is replaced by one that has only the lines kept.
	part := fmt.Sprintf("%s.%d", h.path, os.Getpid())
	defer os.Remove(part) // fails if it was renamed
	if err := os.WriteFile(part, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(part, h.path)
}

// add keeps line, unless it begins with a space or is the same as the last one, and
// ends the looking at others.
func (h *history) add(line string) error {
	defer func() { h.at = len(h.lines) }()
	if line == "" || line[0] == ' ' || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return nil
	}
	h.lines = append(h.lines, line)
	if h.path == "" {
		return nil
	}
	// One write for a line, at the end of the file: other processes do the same.
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600) // others need not know
	if err == nil {
		_, err = f.WriteString(line + "\n")
		err = cmp.Or(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// step returns the next line that begins with what was typed, in place of current: an older
// one if by is -1, and a newer one if it is 1. Behind the last line is what was typed itself.
func (h *history) step(by int, current string) (string, bool) {
	switch {
	case h.at < len(h.lines):
	case by > 0:
		return "", false
	default:
		h.draft = current
	}
	for i := h.at + by; i >= 0 && i < len(h.lines); i += by {
		if line := h.lines[i]; strings.HasPrefix(line, h.draft) && line != current {
			h.at = i
			return line, true
		}
	}
	if by > 0 {
		h.at = len(h.lines)
	}
	return h.draft, by > 0
}
