package conform

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/zerowire/websocket/internal/wstest"
)

// game is a case to be played in one mode.
type game struct {
	*wstest.Case
	deflate *wstest.DeflateCase // the same one, in groups 12 and 13
	mode    wstest.Mode
}

// allGames returns every case, whole, in the table's order.
func allGames() (games []game) {
	for _, c := range wstest.Cases() {
		games = append(games, game{Case: c})
	}
	for _, c := range wstest.DeflateCases() {
		games = append(games, game{Case: &c.Case, deflate: c})
	}
	return games
}

// choose returns the cases that --cases and --exclude leave.
func (c *Command) choose() ([]game, error) {
	switch {
	case c.Parallel < 1:
		return nil, fmt.Errorf("--parallel %d: it takes at least 1", c.Parallel)
	case c.Messages < 1:
		return nil, fmt.Errorf("--messages %d: it takes at least 1", c.Messages)
	case c.Patience <= 0:
		return nil, fmt.Errorf("--patience %s: it takes a time above zero, such as 3s", c.Patience)
	}
	games := allGames()
	if len(c.Cases) > 0 {
		wanted, err := parsePatterns("--cases", c.Cases)
		if err != nil {
			return nil, err
		}
		games = slices.DeleteFunc(games, func(g game) bool { return !wanted.match(g.ID) })
	}
	excluded, err := parsePatterns("--exclude", c.Exclude)
	if err != nil {
		return nil, err
	}
	games = slices.DeleteFunc(games, func(g game) bool { return excluded.match(g.ID) })
	if len(games) == 0 {
		return nil, errors.New("--cases and --exclude leave no case")
	}
	return games, nil
}

// inAllModes returns each game in every mode that tells something.
func inAllModes(games []game) (all []game) {
	for _, g := range games {
		all = append(all, g)
		if g.deflate != nil {
			continue
		}
		g.mode = wstest.ByteByByte
		all = append(all, g)
		if g.Limit == 0 { // large messages end as small ones do
			g.mode = wstest.Trailing
			all = append(all, g)
		}
	}
	return all
}

// pattern is what a case's number has to begin with, part by part; "*" stands
// for any one.
type pattern []string

// parsePattern reads "6", "6.4", "7.9.*", "1.*.8" or "*".
func parsePattern(s string) (pattern, error) {
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if _, err := strconv.ParseUint(part, 10, 16); part != "*" && err != nil {
			return nil, fmt.Errorf("%q is not the number of a case or group, such as 6, 6.4, 7.9.* or 7.9.1", s)
		}
	}
	return parts, nil
}

func (p pattern) match(id string) bool {
	numbers := strings.Split(id, ".")
	if len(numbers) < len(p) {
		return false
	}
	for i, part := range p {
		if part != "*" && part != numbers[i] {
			return false
		}
	}
	return true
}

type patterns []pattern

// parsePatterns reads the values of a flag. Each has to match a case.
func parsePatterns(flag string, values []string) (patterns, error) {
	var all patterns
	for _, value := range values {
		p, err := parsePattern(strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		if !slices.ContainsFunc(allGames(), func(g game) bool { return p.match(g.ID) }) {
			return nil, fmt.Errorf("%s: there is no case %s; see zerowire conform --list", flag, value)
		}
		all = append(all, p)
	}
	return all, nil
}

func (all patterns) match(id string) bool {
	return slices.ContainsFunc(all, func(p pattern) bool { return p.match(id) })
}

// list shows the cases, a line each.
func list(w io.Writer, games []game) error {
	for _, g := range games {
		if _, err := fmt.Fprintf(w, "%-8s %s\n", g.ID, g.Name); err != nil {
			return err
		}
	}
	return nil
}
