package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fenced = regexp.MustCompile("(?ms)^```(nginx|haproxy|caddyfile)\n(.*?)^```$")

// TestDocumentShowsTheFiles: what docs/deploy.md quotes stands in the files, and
// they are run.
func TestDocumentShowsTheFiles(t *testing.T) {
	docs := filepath.Join("..", "..", "..", "docs")
	document, err := os.ReadFile(filepath.Join(docs, "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	quoted := map[string]int{}
	for _, block := range fenced.FindAllStringSubmatch(string(document), -1) {
		config := map[string]string{"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "caddyfile": "Caddyfile"}[block[1]]
		quoted[config]++
		file, err := os.ReadFile(filepath.Join(docs, "deploy", config))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(unindented(string(file)), unindented(block[2])) {
			t.Errorf("docs/deploy.md quotes what is not in docs/deploy/%s:\n%s", config, block[2])
		}
	}
	for _, k := range kinds {
		if quoted[k.config] == 0 {
			t.Errorf("docs/deploy.md quotes nothing of docs/deploy/%s", k.config)
		}
	}
}

func unindented(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimLeft(line, "\t "))
	}
	return b.String()
}
