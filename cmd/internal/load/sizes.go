package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// maxSize is the largest payload, in bytes: several messages of it have to fit
// into memory twice.
const maxSize = 64 << 20

// sizes is the range that payload sizes are drawn from, evenly, in bytes. On the
// command line it is "125" or "16-4096".
type sizes struct{ min, max int }

// UnmarshalText parses a size or a range.
func (s *sizes) UnmarshalText(text []byte) error {
	low, high, isRange := strings.Cut(string(text), "-")
	if !isRange {
		high = low
	}
	var err error
	if s.min, err = parseSize(low); err != nil {
		return err
	}
	if s.max, err = parseSize(high); err != nil {
		return err
	}
	if s.min > s.max {
		return fmt.Errorf("the range %s begins above its end", text)
	}
	return nil
}

func parseSize(text string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, fmt.Errorf("%q is not a number of bytes, such as 125 or 16-4096", text)
	case err != nil || n > maxSize:
		return 0, fmt.Errorf("%s bytes are too many: the limit is %d", text, maxSize)
	}
	return int(n), nil
}

// String returns what UnmarshalText parses.
func (s sizes) String() string {
	if s.min == s.max {
		return strconv.Itoa(s.min)
	}
	return fmt.Sprintf("%d-%d", s.min, s.max)
}

// draw returns one of the sizes.
func (s sizes) draw(r *rand.Rand) int { return s.min + r.IntN(s.max-s.min+1) }
