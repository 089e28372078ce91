package reach

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// WriteFile makes the file name, the value of a flag, of what write writes. "-" is
// standard output, and "" no file.
func WriteFile(flag, name string, write func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(os.Stdout)
	}
	f, err := os.Create(name)
	if err == nil {
		b := bufio.NewWriter(f)
		err = cmp.Or(write(b), b.Flush())
		err = cmp.Or(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// JSON returns what writes v as JSON for people, too; see [WriteFile].
func JSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "\t")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
}

// Quiet is the flag of a command that prints lines about its connections.
type Quiet struct {
	Quiet bool `help:"Do not print when connections begin and end."`
}

// Log prints a line about the connection with a number.
func (q Quiet) Log(number int, format string, args ...any) {
	if !q.Quiet {
		fmt.Printf("#%d %s\n", number, fmt.Sprintf(format, args...))
	}
}

// NewBar returns a bar of n steps on standard error, which is not seen if that is no
// terminal.
func NewBar(n int, options ...progressbar.Option) *progressbar.ProgressBar {
	return progressbar.NewOptions(n, append(options,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	)...)
}

// Printable returns text with everything escaped that could move the cursor of a
// terminal, change its state, or show characters in another order than they have:
// what a peer sends must not do that. The escapes are those of JSON, so that JSON
// stays JSON.
func Printable(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < 0x20, 0x7f <= r && r < 0xa0: // C0, DEL, C1
		return true
	}
	return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 // bidirectional formatting (UAX #9 §2)
}
