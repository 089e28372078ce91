package interop

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const us = "github.com/zerowire/websocket"

// named says which packages the names in docs/migrating.md are from: with "" those
// that stand alone. They are ours in the second column of a table, theirs in the
// first, and one or the other elsewhere.
var (
	namedOurs   = map[string]string{"": us, "codec": us + "/codec", "wsjson": us + "/wsjson"}
	namedTheirs = map[string]map[string]string{
		"gorilla/websocket": {"": "github.com/gorilla/websocket"},
		"gobwas/ws":         {"ws": "github.com/gobwas/ws", "wsutil": "github.com/gobwas/ws/wsutil"},
		"coder/websocket":   {"": "github.com/coder/websocket", "wsjson": "github.com/coder/websocket/wsjson"},
		"lxzan/gws":         {"": "github.com/lxzan/gws"},
	}
	namedStd = map[string]string{
		"bufio": "bufio", "context": "context", "errors": "errors", "http": "net/http", "io": "io",
		"net": "net", "sync": "sync", "time": "time", "tls": "crypto/tls", "utf8": "unicode/utf8",
	}
)

var (
	codeSpan = regexp.MustCompile("`[^`]+`")
	goName   = regexp.MustCompile(`(?:\b([a-z0-9]+)\.)?\b([A-Z]\w*(?:\.[A-Z]\w*)*)`)
)

// TestMigratingNames looks up every name that docs/migrating.md mentions.
func TestMigratingNames(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "migrating.md"))
	if err != nil {
		t.Fatalf("os.ReadFile: %v", err)
	}
	var theirs map[string]string
	found := map[string]int{}
	section := ""
	number := 0
	for line := range strings.Lines(string(doc)) {
		number++
		if title, ok := strings.CutPrefix(line, "## From "); ok {
			section = strings.TrimSpace(title)
			theirs = namedTheirs[section]
			if theirs == nil {
				t.Errorf("line %d: nobody knows the packages of %q", number, section)
			}
		}
		for column, text := range strings.Split(line, "|") {
			packages := []map[string]string{namedOurs, theirs, namedStd}
			switch {
			case !strings.HasPrefix(line, "|"):
			case column == 1:
				packages = []map[string]string{theirs, namedStd}
			case column == 2:
				packages = []map[string]string{namedOurs, namedStd}
			}
			for _, span := range codeSpan.FindAllString(text, -1) {
				for _, m := range goName.FindAllStringSubmatch(span, -1) {
					found[section]++
					if !exported(t, packages, m[1], m[2]) {
						t.Errorf("line %d, %s: there is no %s", number, section, m[0])
					}
				}
			}
		}
	}
	for section := range namedTheirs {
		if found[section] < 50 {
			t.Errorf("found %d names in the section on %s: is it still there?", found[section], section)
		}
	}
}

// exported reports whether one of the packages of that short name has the name.
func exported(t *testing.T, packages []map[string]string, short, name string) bool {
	for _, p := range packages {
		if path, ok := p[short]; ok && namesOf(t, path)[name] {
			return true
		}
	}
	return name == "Origin" && short == "" // a header
}

var namesCache = map[string]map[string]bool{}

// namesOf returns what a package declares: F, T, T.Method, T.Field.
func namesOf(t *testing.T, path string) map[string]bool {
	if names, ok := namesCache[path]; ok {
		return names
	}
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}{{range .GoFiles}}\n{{.}}{{end}}", path).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", path, err)
	}
	dir, files, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
	p := declared{names: map[string]bool{}, embeds: map[string][]string{}}
	for file := range strings.FieldsSeq(string(files)) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(string(dir), file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("parser.ParseFile: %v", err)
		}
		for _, d := range f.Decls {
			p.add(d)
		}
	}
	p.promote()
	namesCache[path] = p.names
	return p.names
}

// declared is what a package declares.
type declared struct {
	names  map[string]bool     // F, T, T.Method, T.Field
	embeds map[string][]string // the types that a struct embeds
}

func (p *declared) add(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			p.names[d.Name.Name] = true
		} else {
			p.names[base(d.Recv.List[0].Type)+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					p.names[n.Name] = true
				}
			case *ast.TypeSpec:
				p.addType(s)
			}
		}
	}
}

// addType adds a type with its fields or the methods of an interface.
func (p *declared) addType(s *ast.TypeSpec) {
	p.names[s.Name.Name] = true
	var members *ast.FieldList
	switch u := s.Type.(type) {
	case *ast.StructType:
		members = u.Fields
	case *ast.InterfaceType:
		members = u.Methods
	default:
		return
	}
	for _, field := range members.List {
		if field.Names == nil {
			p.embeds[s.Name.Name] = append(p.embeds[s.Name.Name], base(field.Type))
		}
		for _, n := range field.Names {
			p.names[s.Name.Name+"."+n.Name] = true
		}
	}
}

// promote adds what structs have from those that they embed, one level deep.
func (p *declared) promote() {
	for outer, embedded := range p.embeds {
		for _, inner := range embedded {
			for name := range maps.Clone(p.names) {
				if member, ok := strings.CutPrefix(name, inner+"."); ok {
					p.names[outer+"."+member] = true
				}
			}
		}
	}
}

// base returns the name of a receiver's type.
func base(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return base(e.X)
	case *ast.IndexExpr:
		return base(e.X)
	case *ast.IndexListExpr:
		return base(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
