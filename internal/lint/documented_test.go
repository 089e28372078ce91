package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExportedNamesAreDocumented: each exported function, method, type, constant, variable
// and field of the packages that others import has a comment. A name in a group may share
// the comment of the group.
func TestExportedNamesAreDocumented(t *testing.T) {
	names := 0
	for path := range publicFiles(t) {
		if !strings.HasSuffix(path, ".go") || !isImported(path) {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, filepath.Join(root, path), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		eachExported(file, func(name *ast.Ident, documented bool) {
			names++
			if !documented {
				t.Errorf("%s: %s has no comment", files.Position(name.Pos()), name.Name)
			}
		})
	}
	if names < 500 {
		t.Errorf("%d names were checked, want those of all packages", names)
	}
}

// isImported reports whether a file is of a package that others may import.
func isImported(path string) bool {
	top := strings.Split(path, "/")
	return !slices.Contains(top, "internal") && !slices.Contains([]string{"bench", "cmd", "examples", "fuzz"}, top[0])
}

// eachExported calls f for each exported name of a file, and reports whether it has a
// comment.
func eachExported(file *ast.File, f func(name *ast.Ident, documented bool)) {
	each := func(names []*ast.Ident, comments ...*ast.CommentGroup) {
		documented := slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil })
		for _, name := range names {
			if name.IsExported() {
				f(name, documented)
			}
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || exportedType(d.Recv.List[0].Type) {
				each([]*ast.Ident{d.Name}, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					each(s.Names, d.Doc, s.Doc, s.Comment)
				case *ast.TypeSpec:
					each([]*ast.Ident{s.Name}, d.Doc, s.Doc, s.Comment)
					for _, field := range fieldsOf(s) {
						each(field.Names, field.Doc, field.Comment)
					}
				}
			}
		}
	}
}

// fieldsOf returns the fields of a struct, or the methods of an interface, that is exported.
func fieldsOf(s *ast.TypeSpec) []*ast.Field {
	if !s.Name.IsExported() {
		return nil
	}
	switch t := s.Type.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}
