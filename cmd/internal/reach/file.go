package reach

import (
	"bufio"
	"cmp"
	"io"
	"os"
)

// WriteFile makes the file name of what write writes. "-" is standard output, and "" no
// file.
func WriteFile(name string, write func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(os.Stdout)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	err = cmp.Or(write(b), b.Flush())
	return cmp.Or(err, f.Close())
}
