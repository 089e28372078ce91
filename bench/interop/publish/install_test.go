package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// shellBlock matches commands in a document.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestInstall does with the published modules what a user does: it installs the
// program, gets the libraries, and runs programs that use them.
func TestInstall(t *testing.T) {
	s := newStranger(t)
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}

	replacement := ""
	for _, block := range shellBlock.FindAllSubmatch(readme, -1) {
		if strings.HasPrefix(string(block[1]), "go mod edit -replace ") {
			replacement = string(block[1])
		}
	}
	if replacement == "" {
		t.Fatal("README.md has no commands that replace gorilla/websocket")
	}

	t.Run("the first commands of README, and its server", func(t *testing.T) {
		commands := shellBlock.FindSubmatch(readme)
		if commands == nil {
			t.Fatal("README.md has no commands")
		}
		dir := t.TempDir() // where nothing is
		s.mustRun(t, dir, "sh", "-ec", string(commands[1]))
		required := s.mustRun(t, dir, "go", "list", "-m", "all")
		for _, module := range []string{root, modulePath("hub/natsbroker")} {
			if !strings.Contains(required, module+" "+s.version+"\n") {
				t.Errorf("after these commands go.mod does not require %s at %s:\n%s", module, s.version, required)
			}
		}
		zerowire := filepath.Join(s.dir, "bin", "zerowire")
		if out := s.mustRun(t, dir, zerowire, "--version"); !strings.Contains(out, s.version) {
			t.Errorf("zerowire --version prints %q, without %s", out, s.version)
		}

		server := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindSubmatch(readme)
		if server == nil || !strings.Contains(string(server[1]), `"127.0.0.1:8000"`) {
			t.Fatal("README.md has no program that listens on 127.0.0.1:8000")
		}
		addr := freeAddr(t)
		writeFile(t, filepath.Join(dir, "main.go"), strings.ReplaceAll(string(server[1]), "127.0.0.1:8000", addr))
		s.mustRun(t, dir, "go", "build", "-o", "server", ".")
		s.start(t, dir, "", filepath.Join(dir, "server"))
		waitFor(t, addr)
		s.mustEcho(t, addr)
	})

	t.Run("program", func(t *testing.T) {
		zerowire := filepath.Join(s.dir, "bin", "zerowire")
		addr := s.start(t, s.dir, `Listening on (\S+)`, zerowire, "serve", "--listen", "127.0.0.1:0")
		s.mustEcho(t, addr+"/echo")
	})

	t.Run("program with a NATS server, of docs/cluster.md", func(t *testing.T) {
		document, err := os.ReadFile("../../../docs/cluster.md")
		if err != nil {
			t.Fatal(err)
		}
		install := shellBlock.FindSubmatch(document)
		if install == nil || !strings.HasPrefix(string(install[1]), "go install ") {
			t.Fatal("docs/cluster.md does not begin with go install")
		}
		dir := t.TempDir()
		embedded := *s
		embedded.env = append(slices.Clone(s.env), "GOBIN="+dir)
		embedded.mustRun(t, dir, "sh", "-ec", string(install[1]))
		addr := s.start(t, dir, `Listening on (\S+)`, filepath.Join(dir, "zerowire"), "serve", "--cluster", "embedded", "--listen", "127.0.0.1:0")
		s.mustEcho(t, addr+"/echo")
	})

	t.Run("entry for HttpArena", func(t *testing.T) {
		const entry = "bench/httparena/"
		build := readContainerfile(t, filepath.Join(s.repository, entry+"Dockerfile"))[0]
		dir := t.TempDir()
		for i, command := range build.run {
			if i == 1 { // the source is copied between the two
				source, err := os.ReadFile(filepath.Join(s.repository, entry+"main.go"))
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dir, "main.go"), string(source))
			}
			s.mustRun(t, dir, "sh", "-ec", strings.ReplaceAll(command, "-o /", "-o "+dir+"/"))
		}
		addr := freeAddr(t)
		s.start(t, dir, "", filepath.Join(dir, "server"), addr)
		waitFor(t, addr)
		s.mustEcho(t, addr+"/ws")
	})

	for _, tt := range []struct {
		name     string
		program  string
		old, new string // replaced in its source
		commands string
	}{
		{name: "hub/natsbroker", program: "natsbroker", commands: "go mod tidy"},
		{name: "h2", program: "http2", commands: "go get " + modulePath("h2")},
		{name: "gorilla, by import", program: "echo", old: "github.com/gorilla/websocket", new: modulePath("gorilla"), commands: "go mod tidy"},
		{name: "gorilla, by the replacement of README", program: "echo", commands: replacement},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := s.program(t, tt.program, tt.old, tt.new)
			s.mustRun(t, dir, "sh", "-ec", tt.commands)
			if out := s.mustRun(t, dir, "go", "run", "."); !strings.HasSuffix(out, "hello\n") {
				t.Errorf("the program prints %q, without hello", out)
			}
		})
	}
}

// mustEcho has the installed program send a message to the echo server at url, which
// is without its scheme.
func (s *stranger) mustEcho(t *testing.T, url string) {
	t.Helper()
	client := exec.Command(filepath.Join(s.dir, "bin", "zerowire"), "connect", "ws://"+url)
	client.Stdin = strings.NewReader("hello\n")
	if out, err := client.Output(); string(out) != "hello\n" || err != nil {
		t.Errorf("zerowire connect prints %q (%v), not the echo", out, err)
	}
}

// start starts a program, which is killed when the test ends. It returns the submatch
// of pattern in the first line that matches, and at once if pattern is empty.
func (s *stranger) start(t *testing.T, dir, pattern, name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if pattern == "" {
		return ""
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(lines.Text()); found != nil {
			return found[1]
		}
	}
	t.Fatalf("%s ended without printing %s", name, pattern)
	return ""
}

// waitFor waits until a server listens on addr.
func waitFor(t *testing.T, addr string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
	}
	t.Fatalf("nothing listens on %s", addr)
}
