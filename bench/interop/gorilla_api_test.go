//go:build !race

package interop

import (
	"go/importer"
	"go/token"
	"go/types"
	"slices"
	"testing"
)

// added are the exported names of package gorilla that gorilla/websocket has not.
var added = []string{"AllowInvalidUTF8"}

// TestGorillaAPI compares what the two packages export: names, kinds, types, values of
// constants, exported fields and methods.
func TestGorillaAPI(t *testing.T) {
	theirs := exportedBy(t, "github.com/gorilla/websocket")
	ours := exportedBy(t, "github.com/zerowire/websocket/gorilla")
	if len(theirs) < 90 {
		t.Fatalf("gorilla/websocket exports %d things, want 90 or more", len(theirs))
	}
	for name, want := range theirs {
		if got := ours[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, got := range ours {
		if theirs[name] == "" && !slices.Contains(added, name) {
			t.Errorf("%s, %q, is not in gorilla/websocket", name, got)
		}
	}
}

// exportedBy returns what a package exports, by name: of a type also the exported
// fields and methods.
func exportedBy(t *testing.T, path string) map[string]string {
	t.Helper()
	source := importer.ForCompiler(token.NewFileSet(), "source", nil).(types.ImporterFrom)
	pkg, err := source.ImportFrom(path, ".", 0)
	if err != nil {
		t.Fatalf("importing %s: %v", path, err)
	}
	within := types.RelativeTo(pkg)
	found := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		named, isType := object.Type().(*types.Named)
		if _, ok := object.(*types.TypeName); !ok || !isType {
			found[name] = signature(object, within)
			continue
		}
		found[name] = "type"
		if fields, ok := named.Underlying().(*types.Struct); ok {
			for field := range fields.Fields() {
				if field.Exported() {
					found[name+"."+field.Name()] = types.TypeString(field.Type(), within)
				}
			}
		} else {
			found[name] = types.TypeString(named.Underlying(), within)
		}
		methods := types.NewMethodSet(types.NewPointer(named))
		for selection := range methods.Methods() {
			if method := selection.Obj(); method.Exported() {
				found[name+"."+method.Name()] = signature(method, within)
			}
		}
	}
	return found
}

// signature returns the kind and the type of object, and the value of a constant. Names
// of parameters do not count.
func signature(object types.Object, within types.Qualifier) string {
	typ := object.Type()
	pointer := ""
	if f, ok := typ.(*types.Signature); ok {
		if r := f.Recv(); r != nil {
			pointer = types.TypeString(r.Type(), within) + " "
		}
		typ = types.NewSignatureType(nil, nil, nil, unnamed(f.Params()), unnamed(f.Results()), f.Variadic())
	}
	s := pointer + types.TypeString(typ, within)
	if c, ok := object.(*types.Const); ok {
		s += " = " + c.Val().String()
	}
	return s
}

func unnamed(list *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range list.Variables() {
		vars = append(vars, types.NewParam(token.NoPos, nil, "", v.Type()))
	}
	return types.NewTuple(vars...)
}
