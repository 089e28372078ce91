package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stage is what a Containerfile says of one of its images.
type stage struct {
	base       string
	run        []string    // commands
	copied     [][2]string // from the first stage: source, destination
	user       string
	entrypoint []string
	cmd        []string
}

// TestContainerfile does what the Containerfile says, without a container runtime: it
// runs the commands of the first stage on a copy of the tree, makes a directory of what
// the second stage copies, and starts the server in there, as the user of the image. As
// root it has nothing but that directory.
func TestContainerfile(t *testing.T) {
	stages := readContainerfile(t, "../../../Containerfile")
	if len(stages) != 2 || stages[1].base != "scratch" {
		t.Fatalf("the stages are %+v, want two, the second from scratch", stages)
	}
	build, image := stages[0], stages[1]
	uid, gid, ok := strings.Cut(image.user, ":")
	if id, err := strconv.Atoi(uid); err != nil || id == 0 || !ok {
		t.Fatalf("USER is %q, want two numbers, and not root", image.user)
	}

	s, tree, root := new(stranger), copyTree(t), t.TempDir()
	for _, command := range build.run {
		s.mustRun(t, tree, "sh", "-c", strings.ReplaceAll(command, "-o /", "-o "+root+"/"))
	}
	for _, c := range image.copied {
		if to := filepath.Join(root, c[1]); strings.HasSuffix(c[1], "/") {
			s.mustRun(t, root, "mkdir", "-p", to)
			s.mustRun(t, root, "cp", c[0], to)
		} else if c[0] != c[1] {
			t.Fatalf("COPY renames %s to %s, which this test does not do", c[0], c[1])
		} else if _, err := os.Stat(to); err != nil {
			t.Fatalf("the first stage makes no %s: %v", c[0], err)
		}
	}
	program := filepath.Join(root, image.entrypoint[0])
	binary, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	if slices.ContainsFunc(binary.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Error("the program needs a dynamic linker, and the image has none")
	}

	addr := freeAddr(t)
	args := strings.Split(strings.ReplaceAll(strings.Join(append(image.entrypoint[1:], image.cmd...), "\n"), "0.0.0.0:8000", addr), "\n")
	server := exec.Command(program, args...)
	server.Env = []string{}
	var out bytes.Buffer
	server.Stdout, server.Stderr = &out, &out
	if os.Geteuid() == 0 {
		id, _ := strconv.ParseUint(uid, 10, 32)
		group, _ := strconv.ParseUint(gid, 10, 32)
		server.Path, server.Dir = image.entrypoint[0], "/"
		server.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(group)}}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	waitFor(t, addr)
	echo := exec.Command(program, "connect", "ws://"+addr+"/echo")
	echo.Stdin = strings.NewReader("hello\n")
	if got, err := echo.Output(); string(got) != "hello\n" || err != nil {
		t.Errorf("zerowire connect prints %q (%v), not the echo", got, err)
	}
	server.Process.Signal(syscall.SIGTERM) // as a container runtime does
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v\n%s", err, &out)
	}
}

// readContainerfile returns the stages of a Containerfile.
func readContainerfile(t *testing.T, name string) (stages []stage) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range file.AST.Children {
		var args []string
		for a := n.Next; a != nil; a = a.Next {
			args = append(args, a.Value)
		}
		if strings.EqualFold(n.Value, "FROM") {
			stages = append(stages, stage{base: args[0]})
			continue
		}
		s := &stages[len(stages)-1]
		switch strings.ToUpper(n.Value) {
		case "RUN":
			s.run = append(s.run, strings.Join(args, " "))
		case "COPY":
			if slices.Contains(n.Flags, "--from=build") {
				s.copied = append(s.copied, [2]string{args[0], args[1]})
			}
		case "USER":
			s.user = args[0]
		case "ENTRYPOINT":
			s.entrypoint = args
		case "CMD":
			s.cmd = args
		case "WORKDIR", "EXPOSE":
		default:
			t.Fatalf("line %d: this test does not know %s", n.StartLine, n.Value)
		}
	}
	return stages
}
