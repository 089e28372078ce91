package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the directory of the repository.
const root = "../.."

// ban returns the word that pattern describes. It matches whole words in any case, and
// its spaces match line ends too.
func ban(pattern, say string) word {
	return word{banned: wholeWords(pattern), say: say}
}

// except returns w without the places that overlap a match of pattern.
func except(w word, pattern string) word {
	w.except = wholeWords(pattern)
	return w
}

func wholeWords(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(` + strings.ReplaceAll(pattern, " ", `\s+`) + `)\b`)
}

// find returns the uses of banned words in text.
func find(text string) (found []finding) {
	for _, w := range words {
		for _, at := range w.banned.FindAllStringIndex(text, -1) {
			if w.allows(text, at) {
				continue
			}
			found = append(found, finding{at[0], text[at[0]:at[1]], w.say})
		}
	}
	return found
}

// finding is a banned word in a text.
type finding struct {
	offset    int
	word, say string
}

// allows reports whether the match at is an exception.
func (w *word) allows(text string, at []int) bool {
	if w.except == nil {
		return false
	}
	for _, exception := range w.except.FindAllStringIndex(text, -1) {
		if exception[0] < at[1] && at[0] < exception[1] {
			return true
		}
	}
	return false
}

// passage is a piece of text.
type passage struct {
	file string // from the root of the repository
	line int
	text string
}

// TestTextIsPlain checks documents, comments, and messages of the library and the programs
// against the glossary.
func TestTextIsPlain(t *testing.T) {
	files := 0
	for path, read := range publicFiles(t) {
		files++
		for _, p := range read(t, path) {
			for _, f := range find(p.text) {
				t.Errorf("%s:%d: %q: say: %s", path, p.line+strings.Count(p.text[:f.offset], "\n"), f.word, f.say)
			}
		}
	}
	if files < 100 {
		t.Errorf("%d files were checked, want those of the whole repository", files)
	}
}

// documents returns the documents of the repository, with their texts.
func documents(t *testing.T) iter.Seq2[string, []byte] {
	return func(yield func(path string, text []byte) bool) {
		for path := range publicFiles(t) {
			if !strings.HasSuffix(path, ".md") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				t.Fatal(err)
			}
			if !yield(path, text) {
				return
			}
		}
	}
}

// publicFiles returns the files whose text is checked, each with the function that reads
// its passages.
func publicFiles(t *testing.T) map[string]func(*testing.T, string) []passage {
	t.Helper()
	found := map[string]func(*testing.T, string) []passage{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		path, err = filepath.Rel(root, path)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		switch {
		case strings.HasSuffix(name, ".md"):
			found[path] = document
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !supportsTests(path):
			found[path] = source
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// supportsTests reports whether a file is of a package that only tests use.
func supportsTests(path string) bool {
	dir := filepath.Dir(path)
	return slices.Contains([]string{"internal/leak", "internal/pipe", "internal/testkit", "internal/wstest"}, filepath.ToSlash(dir))
}

// code matches what is not prose in a document: blocks and spans of code, and links.
var code = regexp.MustCompile("(?s)```.*?```|`[^`]*`|\\]\\([^)]*\\)")

// flagName matches the name of a flag in a message, which is not prose either.
var flagName = regexp.MustCompile(`--[a-z-]+`)

// document returns the prose of a document.
func document(t *testing.T, path string) []passage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	prose := code.ReplaceAllStringFunc(string(text), func(s string) string {
		return "`" + strings.Repeat("\n", strings.Count(s, "\n")) + "`"
	})
	return []passage{{path, 1, prose}}
}

// source returns the text of a Go file: comments and messages.
func source(t *testing.T, path string) (passages []passage) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filepath.Join(root, path), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	add := func(at token.Pos, text string) {
		passages = append(passages, passage{path, files.Position(at).Line, text})
	}
	for _, doc := range file.Comments {
		var text strings.Builder
		for _, c := range doc.List {
			text.WriteString(strings.TrimPrefix(c.Text, "//") + "\n")
		}
		add(doc.Pos(), text.String())
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && strings.Contains(text, " ") {
				add(n.Pos(), flagName.ReplaceAllString(text, "`"))
			}
		}
		return true
	})
	return passages
}

// docComments returns the comments of a file that documentation shows.
func docComments(file *ast.File) map[*ast.CommentGroup]bool {
	docs := map[*ast.CommentGroup]bool{file.Doc: true}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || exportedType(d.Recv.List[0].Type)) {
				docs[d.Doc] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				specDocs(docs, d, spec)
			}
		}
	}
	delete(docs, nil)
	return docs
}

// specDocs adds the comments of one exported constant, variable or type.
func specDocs(docs map[*ast.CommentGroup]bool, d *ast.GenDecl, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		if slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
			maps.Copy(docs, map[*ast.CommentGroup]bool{d.Doc: true, s.Doc: true, s.Comment: true})
		}
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return
		}
		maps.Copy(docs, map[*ast.CommentGroup]bool{d.Doc: true, s.Doc: true, s.Comment: true})
		ast.Inspect(s.Type, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok && (len(f.Names) == 0 || slices.ContainsFunc(f.Names, (*ast.Ident).IsExported)) {
				maps.Copy(docs, map[*ast.CommentGroup]bool{f.Doc: true, f.Comment: true})
			}
			return true
		})
	}
}

// exportedType reports whether the type of a receiver is exported.
func exportedType(receiver ast.Expr) bool {
	exported := false
	ast.Inspect(receiver, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			exported = name.IsExported()
			return false
		}
		return true
	})
	return exported
}

// TestFind holds the patterns to sentences that have a banned word and to some that have
// none.
func TestFind(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // the banned word; "" for none
	}{
		{"Whoever reads owns the buffer.", "Whoever"},
		{"a shelf of buffers", "shelf"},
		{"The fault is mended.", "mended"},
		{"Recommended settings, amended.", ""},
		{"Small messages are spared.", "spared"},
		{"two spare buffers", ""},
		{"there is a second to spare", "to spare"},
		{"a handshake that is broken off", "broken off"},
		{"a broken offer", ""},
		{"the hub is told\nof it", "is told"},
		{"The peer is cut after ten seconds.", "is cut"},
		{"Messages are cut short", ""},
		{"the stream may be cut at any byte", ""},
		{"a shortcut", ""},
		{"The buffer is lent to the handler.", "lent"},
		{"an excellent silent client", ""},
		{"It is your turn, the turnstile said.", ""},
		{"The caller owns the buffer.", ""},
	} {
		got := ""
		for _, f := range find(tt.text) {
			got = f.word
		}
		if got != tt.want {
			t.Errorf("find(%q) found %q, want %q", tt.text, got, tt.want)
		}
	}
}
