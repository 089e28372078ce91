package reach

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// KeyLog returns the file that the environment variable SSLKEYLOGFILE names, for
// [crypto/tls.Config.KeyLogWriter], or nil if the variable is not set. The file is
// opened once, and what is written is appended. Secrets in it let anyone decrypt the
// connections. It is safe for concurrent use.
var KeyLog = sync.OnceValues(func() (io.Writer, error) {
	name := os.Getenv("SSLKEYLOGFILE")
	if name == "" {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("SSLKEYLOGFILE: %w", err)
	}
	return file, nil
})
