package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const root = "github.com/zerowire/websocket"

// modulePath returns the path of the module in directory dir of the repository.
func modulePath(dir string) string { return path.Join(root, dir) }

// tree is a work tree of the repository.
type tree struct {
	dir       string
	files     []string // tracked by git and present, slash-separated, relative to dir
	modules   []string // directories with a go.mod
	published []string // the ones to publish: a module after those that it requires
}

// openTree returns the tree that contains directory dir.
func openTree(dir string) (*tree, error) {
	top, err := gitLines(dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	t := &tree{dir: top[0]}
	tracked, err := gitLines(t.dir, "ls-files")
	if err != nil {
		return nil, err
	}
	for _, name := range tracked {
		if _, err := os.Lstat(t.path(name)); err != nil {
			continue // deleted, and the deletion not committed
		}
		t.files = append(t.files, name)
		if path.Base(name) == "go.mod" {
			t.modules = append(t.modules, path.Dir(name))
		}
	}
	list, err := os.ReadFile(t.path(".ci/published"))
	if err != nil {
		return nil, err
	}
	t.published = strings.Fields(string(list))
	return t, nil
}

func (t *tree) path(name string) string { return filepath.Join(t.dir, filepath.FromSlash(name)) }

// moduleOf returns the directory of the module that contains the file.
func (t *tree) moduleOf(name string) string {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if dir == "." || slices.Contains(t.modules, dir) {
			return dir
		}
	}
}

// license is a file that the go command adds to a module that has none, from the root
// of the repository.
const license = "LICENSE"

// publishAll adds the modules of .ci/published to the proxy, as version.
func (t *tree) publishAll(version, proxy string) error {
	for i, dir := range t.published {
		if err := t.publish(dir, version, proxy, t.published[:i]); err != nil {
			return fmt.Errorf("%s at %s: %w", modulePath(dir), version, err)
		}
	}
	return nil
}

// publish adds the module in directory dir to the proxy, as version. The modules in the
// directories before are there already.
func (t *tree) publish(dir, version, proxy string, before []string) error {
	mod, err := os.ReadFile(t.path(path.Join(dir, "go.mod")))
	if err != nil {
		return err
	}
	if err := checkRequirements(mod, version, before); err != nil {
		return err
	}
	var files []zip.File
	for _, name := range t.files {
		if t.moduleOf(name) == dir {
			files = append(files, moduleFile{path: t.path(name), name: relative(dir, name)})
		}
	}
	if !slices.Contains(t.files, path.Join(dir, license)) {
		files = append(files, moduleFile{path: t.path(license), name: license})
	}
	var archive bytes.Buffer
	if err := zip.Create(&archive, module.Version{Path: modulePath(dir), Version: version}, files); err != nil {
		return err
	}
	versions := filepath.Join(proxy, filepath.FromSlash(modulePath(dir)), "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		return err
	}
	info := fmt.Sprintf(`{"Version":%q,"Time":%q}`, version, time.Now().UTC().Format(time.RFC3339))
	for name, content := range map[string][]byte{
		"list":            []byte(version + "\n"),
		version + ".info": []byte(info),
		version + ".mod":  mod,
		version + ".zip":  archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// checkRequirements reports what keeps a module with this go.mod from being installed
// at version, after the modules in the directories before: a replace, or a requirement of
// a module of ours at another version or that is not published yet.
func checkRequirements(mod []byte, version string, before []string) error {
	f, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		return err
	}
	for _, r := range f.Replace {
		return fmt.Errorf("go.mod replaces %s: go install refuses that", r.Old.Path)
	}
	for _, r := range f.Require {
		ours := r.Mod.Path == root || strings.HasPrefix(r.Mod.Path, root+"/")
		if ours && r.Mod.Version != version {
			return fmt.Errorf("go.mod requires %s at %s, not at %s: run .ci/versions", r.Mod.Path, r.Mod.Version, version)
		}
		if ours && !slices.ContainsFunc(before, func(dir string) bool { return modulePath(dir) == r.Mod.Path }) {
			return fmt.Errorf("go.mod requires %s, which .ci/published does not list before it", r.Mod.Path)
		}
	}
	return nil
}

// relative returns the name of a file of the repository inside the module in dir.
func relative(dir, name string) string {
	if dir == "." {
		return name
	}
	return strings.TrimPrefix(name, dir+"/")
}

// gitLines returns the lines that a git command prints in dir.
func gitLines(dir string, args ...string) ([]string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n"), nil
}
