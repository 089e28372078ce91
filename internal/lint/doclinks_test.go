package lint

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// bracketed matches what is meant as a link in a doc comment: a name in brackets that begins
// with a capital letter, with a package or type in front or not.
var bracketed = regexp.MustCompile(`\[\*?(?:\w+\.)*[A-Z]\w*\]`)

// TestDocLinksResolve: each name in brackets in the documentation of a package that others
// import is a link there.
func TestDocLinksResolve(t *testing.T) {
	packages := map[string][]string{} // files by directory
	for path := range publicFiles(t) {
		if strings.HasSuffix(path, ".go") && isImported(path) {
			dir := filepath.Dir(path)
			packages[dir] = append(packages[dir], path)
		}
	}
	if len(packages) < 10 {
		t.Errorf("%d packages were checked, want all", len(packages))
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, path := range packages[dir] {
			file, err := parser.ParseFile(fset, filepath.Join(root, path), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		p, err := doc.NewFromFiles(fset, files, filepath.ToSlash(filepath.Join("github.com/zerowire/websocket", dir)), doc.PreserveAST)
		if err != nil {
			t.Fatal(err)
		}
		links := p.Parser()
		for _, file := range files {
			for group := range docComments(file) {
				for _, text := range unlinked(links.Parse(group.Text())) {
					t.Errorf("%s: %s is no link", fset.Position(group.Pos()), text)
				}
			}
		}
	}
}

// unlinked returns the names in brackets that are plain text in a doc comment.
func unlinked(d *comment.Doc) (found []string) {
	text := func(parts []comment.Text) {
		for _, part := range parts {
			if plain, ok := part.(comment.Plain); ok {
				found = append(found, bracketed.FindAllString(string(plain), -1)...)
			}
		}
	}
	var blocks func(content []comment.Block)
	blocks = func(content []comment.Block) {
		for _, b := range content {
			switch b := b.(type) {
			case *comment.Paragraph:
				text(b.Text)
			case *comment.Heading:
				text(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					blocks(item.Content)
				}
			}
		}
	}
	blocks(d.Content)
	return found
}
