package ossfuzz

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTargets compares the targets that build.sh names with those that there are.
func TestTargets(t *testing.T) {
	script := readFile(t, "build.sh")
	list := regexp.MustCompile(`(?s)targets=\((.*?)\)`).FindStringSubmatch(script)
	if list == nil {
		t.Fatal("build.sh has no list of targets")
	}
	named := strings.Fields(list[1])
	var want []string
	files, err := filepath.Glob("../*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		source := readFile(t, name)
		if strings.Contains(source, `"testing/synctest"`) {
			continue // does not run outside of go test
		}
		for _, target := range regexp.MustCompile(`(?m)^func (Fuzz\w+)\(f \*testing\.F\)`).FindAllStringSubmatch(source, -1) {
			want = append(want, target[1])
		}
	}
	slices.Sort(named)
	slices.Sort(want)
	if !slices.Equal(named, want) {
		t.Errorf("build.sh names %q, want %q", named, want)
	}
}

// compile does what the command compile_native_go_fuzzer of OSS-Fuzz's image does.
const compile = `#!/bin/bash -eu
go-118-fuzz-build -o "$3.a" -func "$2" "$(go list -f '{{.Dir}}' "$1")"
$CXX $CXXFLAGS $LIB_FUZZING_ENGINE "$3.a" -o "$OUT/$3"
`

// TestBuild runs build.sh for some of the targets and what it has built on the seeds of
// each. All targets are of one package, so all are compiled.
func TestBuild(t *testing.T) {
	const install = "apt-get install clang zip"
	for _, name := range []string{"clang", "clang++", "zip"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%v: install it with %s", err, install)
		}
	}
	targets := []string{"FuzzHandshake", "FuzzExtension"}
	src, out, bin := copyTree(t), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "compile_native_go_fuzzer"), []byte(compile), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, []string{
		"SRC=" + src, "OUT=" + out, "WORK=" + t.TempDir(), "TARGETS=" + strings.Join(targets, " "),
		"SANITIZER=address", "GOFLAGS=-trimpath", "CC=clang", "CXX=clang++", "CXXFLAGS=-fsanitize=address", "LIB_FUZZING_ENGINE=-fsanitize=fuzzer",
		"GOBIN=" + bin, "PATH=" + bin + ":" + os.Getenv("PATH"),
	}, filepath.Join(src, "websocket/fuzz/oss-fuzz/build.sh"))

	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(out, target+".dict")); err != nil {
				t.Error(err)
			}
			fuzzer, seeds := filepath.Join(out, target), t.TempDir()
			corpus, err := zip.OpenReader(filepath.Join(out, target+"_seed_corpus.zip"))
			if err != nil {
				t.Fatal(err)
			}
			defer corpus.Close()
			if err := os.CopyFS(seeds, corpus); err != nil {
				t.Fatal(err)
			}
			none := covered(t, fuzzer, t.TempDir())
			all := covered(t, fuzzer, seeds)
			t.Logf("the seeds reach %d places, an empty input %d", all, none)
			if all < 2*none { // the seeds are not what the target takes them for
				t.Error("the seeds reach too little")
			}
		})
	}
}

// covered runs a fuzzer on the inputs in a directory, and returns how many places in the
// code they reach.
func covered(t *testing.T, fuzzer, inputs string) int {
	t.Helper()
	log := run(t, nil, fuzzer, "-runs=0", "-dict="+fuzzer+".dict", inputs)
	found := regexp.MustCompile(`INITED cov: (\d+)`).FindStringSubmatch(log)
	if found == nil {
		t.Fatalf("%s %s: no coverage in\n%s", fuzzer, inputs, log)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// copyTree copies the files that git tracks to websocket in a directory, and returns the
// directory. It reads them itself, so that go test repeats the test when one has changed.
func copyTree(t *testing.T) string {
	src := t.TempDir()
	for name := range strings.SplitSeq(run(t, nil, "git", "-C", "../..", "ls-files"), "\n") {
		info, err := os.Stat(filepath.Join("../..", name))
		if err != nil || info.IsDir() {
			continue // deleted, and the deletion not committed
		}
		to := filepath.Join(src, "websocket", name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(readFile(t, filepath.Join("../..", name))), info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return src
}

func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
