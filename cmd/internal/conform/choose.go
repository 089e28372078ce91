package conform

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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
		wanted, err := matcher("--cases", c.Cases)
		if err != nil {
			return nil, err
		}
		games = slices.DeleteFunc(games, func(g game) bool { return !wanted(g) })
	}
	excluded, err := matcher("--exclude", c.Exclude)
	if err != nil {
		return nil, err
	}
	if games = slices.DeleteFunc(games, excluded); len(games) == 0 {
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

// A pattern is what a case's number has to begin with, part by part: "6", "6.4", "7.9.*",
// "1.*.8" or "*", which stands for any part.
var (
	isPattern = regexp.MustCompile(`^(\d+|\*)(\.(\d+|\*))*$`)
	toRegexp  = strings.NewReplacer(".", `\.`, "*", `\d+`)
)

// matcher returns what reports whether a case matches one of the patterns that a flag
// has. Each has to match a case.
func matcher(flag string, values []string) (func(game) bool, error) {
	var matches []func(game) bool
	for _, value := range values {
		value = strings.TrimSpace(value)
		if !isPattern.MatchString(value) {
			return nil, fmt.Errorf("%s: %q is not the number of a case or group, such as 6, 6.4, 7.9.* or 7.9.1", flag, value)
		}
		number := regexp.MustCompile("^" + toRegexp.Replace(value) + `(\.|$)`)
		match := func(g game) bool { return number.MatchString(g.ID) }
		if !slices.ContainsFunc(allGames(), match) {
			return nil, fmt.Errorf("%s: there is no case %s; see zerowire conform --list", flag, value)
		}
		matches = append(matches, match)
	}
	return func(g game) bool {
		return slices.ContainsFunc(matches, func(match func(game) bool) bool { return match(g) })
	}, nil
}
