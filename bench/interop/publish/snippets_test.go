package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// known are the packages that the documents' Go code uses, by the name in front of the dot.
var known = map[string]string{
	"codec": modulePath("codec"), "context": "context", "embedded": modulePath("hub/natsbroker/embedded"),
	"fmt": "fmt", "h2": modulePath("h2"), "http": "net/http", "http3": "github.com/quic-go/quic-go/http3",
	"hub": modulePath("hub"), "nats": "github.com/nats-io/nats.go", "natsbroker": modulePath("hub/natsbroker"),
	"net": "net", "time": "time", "websocket": root,
}

// given declares what the documents' Go code takes as given.
const given = `package snippets

import (
	"context"
	"net"
	"net/http"

	"` + root + `"
)

var (
	authenticate func(*websocket.Request) (websocket.Handler, error)
	c            *websocket.Conn
	conn         net.Conn
	count        func(*websocket.Conn, websocket.Opcode, int)
	ctx          context.Context
	handler      websocket.Handler
	local        net.Addr
	mux          *http.ServeMux
	opts         *websocket.Options
	p            []byte
	r            *http.Request
	remote       net.Addr
	secret       string
	w            http.ResponseWriter
)

type recorder struct{ http.ResponseWriter }

func newStream(stream any, local, remote net.Addr) net.Conn { return nil }
`

// TestSnippets compiles the Go code of all documents: a reader copies it. It may leave out
// what is marked with an ellipsis, and declare what it does not use.
func TestSnippets(t *testing.T) {
	documents, err := filepath.Glob("../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "given.go"), given)
	args := []string{"build", "-gcflags=-e", filepath.Join(dir, "given.go")}
	for _, document := range append(documents, "../../../README.md", "../../../SECURITY.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatchIndex(text, -1) {
			code := string(text[block[2]:block[3]])
			if strings.HasPrefix(code, "package ") {
				continue // TestInstall runs it
			}
			line := 1 + strings.Count(string(text[:block[2]]), "\n")
			name := filepath.Join(dir, fmt.Sprintf("%s_%d.go", filepath.Base(document), line))
			writeFile(t, name, wrap(code))
			args = append(args, name)
		}
	}
	if len(args) < 10 {
		t.Fatalf("found %d pieces of code, want those of all documents", len(args)-3)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = "../../.."
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("a document has no variable that it does not use: this test can be simpler")
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "declared and not used: ") {
			t.Errorf("%s", strings.TrimSpace(line))
		}
	}
}

// wrap makes a Go file of a piece of code: statements, an expression or a declaration.
func wrap(code string) string {
	imports := map[string]bool{}
	var body []string
	for line := range strings.Lines(strings.ReplaceAll(code, "…", `panic("left out")`)) {
		if strings.HasPrefix(line, "import ") {
			continue
		}
		body = append(body, line)
		for _, name := range regexp.MustCompile(`\b([a-z]\w*)\.[A-Z]`).FindAllStringSubmatch(line, -1) {
			if known[name[1]] != "" {
				imports[name[1]] = true
			}
		}
	}
	var file strings.Builder
	file.WriteString("package snippets\n\n")
	for name := range imports {
		fmt.Fprintf(&file, "import %s %q\n", name, known[name])
	}
	switch text := strings.Join(body, ""); {
	case strings.HasPrefix(text, "func "):
		file.WriteString(text)
	case regexp.MustCompile(`^\w+\.\w+\{`).MatchString(text):
		file.WriteString("var _ = " + text)
	default:
		file.WriteString("func _() error {\n" + text + "return nil\n}\n")
	}
	return file.String()
}
