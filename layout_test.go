package websocket_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/zerowire/websocket"

// arrows lists what each package of the library may import: from its own
// module everything that is named here, from outside only what is named.
// Imports point one way.
var arrows = map[string][]string{
	module + "/codec":              {module + "/pool", "bytes", "crypto/fips140", "crypto/sha1", "encoding/base64", "encoding/binary", "errors", "iter", "math/bits", "slices", "strconv", "strings", "unicode/utf8", "golang.org/x/sys/cpu"},
	module + "/pool":               {"github.com/valyala/bytebufferpool", "math", "math/bits"},
	module + "/codec/deflate":      {module + "/codec", module + "/pool", "github.com/klauspost/compress/flate", "encoding/binary", "errors", "iter", "math/bits", "runtime", "slices", "strconv", "sync", "sync/atomic"},
	module:                         {module + "/codec", module + "/codec/deflate", module + "/pool", module + "/internal/h2stream", module + "/internal/instant", module + "/internal/pipe", module + "/internal/session", module + "/internal/transport"},
	module + "/wsjson":             {module},
	module + "/hub":                {module},
	module + "/reconnect":          {module, module + "/codec"},
	module + "/internal/h2stream":  {},
	module + "/internal/xconnect":  {},
	module + "/internal/leak":      {module + "/pool"},
	module + "/internal/pipe":      {},
	module + "/fuzz":               {module, module + "/codec", module + "/codec/deflate", module + "/pool", module + "/internal/wstest"},
	module + "/fuzz/oss-fuzz":      {},
	module + "/internal/stress":    {},
	module + "/internal/wstest":    {module + "/codec"},
	module + "/internal/testkit":   {module, module + "/codec", module + "/internal/wstest"},
	module + "/internal/session":   {module + "/codec", module + "/codec/deflate", module + "/pool", module + "/internal/instant", "math/rand/v2", "net", "runtime", "sync", "sync/atomic", "time"},
	module + "/internal/transport": {module + "/codec", module + "/pool", module + "/internal/instant", "golang.org/x/sys/unix"},
	module + "/internal/instant":   {},
	module + "/internal/loadgen":   {module + "/codec", "golang.org/x/sys/unix"},
	module + "/internal/lint":      {},
	module + "/internal/nosockets": {},
}

// TestImportArrows holds the packages to the direction in which imports point.
func TestImportArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, imports := fields[0], fields[1:]
		allowed, known := arrows[pkg]
		if !known {
			t.Errorf("package %s is not in the table of arrows", pkg)
		}
		std := !strings.HasPrefix(pkg, module+"/codec") && pkg != module+"/pool" && pkg != module+"/internal/session" // the rest may use all of the standard library
		for _, imp := range imports {
			if slices.Contains(allowed, imp) || std && !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
				continue
			}
			t.Errorf("%s imports %s: that arrow is not allowed", pkg, imp)
		}
	}
}

// TestModuleStaysTiny holds the library's own go.mod to its three requirements.
func TestModuleStaysTiny(t *testing.T) {
	allowed := []string{module, "github.com/valyala/bytebufferpool", "github.com/klauspost/compress", "golang.org/x/sys"}
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Path}}", "all")
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -m all: %v", err)
	}
	for path := range strings.Lines(string(out)) {
		if path = strings.TrimSpace(path); !slices.Contains(allowed, path) {
			t.Errorf("go.mod requires %s", path)
		}
	}
}
