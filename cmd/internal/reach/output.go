package reach

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"

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

// WriteJSON writes v as JSON for people, too.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	e.SetEscapeHTML(false)
	return e.Encode(v)
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
