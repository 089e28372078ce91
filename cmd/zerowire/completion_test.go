package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	for _, tt := range []struct {
		name string
		line string   // behind "zerowire", the last word is being typed
		want []string // among the candidates
		not  []string // not among them
	}{
		{"commands", "", []string{"serve", "connect", "completion"}, []string{"--help", completeRequest}},
		{"a command", "ser", []string{"serve"}, []string{"connect"}},
		{"flags of the program", "--", []string{"--help", "--version"}, []string{"--listen"}},
		{"flags of a command", "serve --", []string{"--listen", "--tls-cert", "--help"}, nil},
		{"a flag", "serve --tls-s", []string{"--tls-self-signed"}, []string{"--tls-cert"}},
		{"behind a flag without a value", "serve --quiet --li", []string{"--listen"}, nil},
		{"behind a flag with its value", "serve --listen :0 --qu", []string{"--quiet"}, nil},
		{"behind a flag with its value in one word", "serve --listen=:0 --qu", []string{"--quiet"}, nil},
		{"a flag that is on unless it is said", "replay --no", []string{"--no-compare"}, []string{"--compare"}},
		{"the value of a flag is the shell's", "serve --tls-cert ", nil, []string{"--quiet", "serve"}},
		{"an argument", "completion ", []string{"bash", "zsh", "fish"}, nil},
		{"an argument that has begun", "completion z", []string{"zsh"}, []string{"bash"}},
		{"an unknown command", "swerve --", []string{"--help"}, []string{"--listen"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			complete(&out, newParser(context.Background()), strings.Split(tt.line, " "))
			var got []string
			for line := range strings.Lines(out.String()) {
				word, described, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
				if !ok || described == "" {
					t.Errorf("complete(%q): the line %q has no description", tt.line, line)
				}
				got = append(got, word)
			}
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("complete(%q) = %q, want %q among them", tt.line, got, want)
				}
			}
			for _, not := range tt.not {
				if slices.Contains(got, not) {
					t.Errorf("complete(%q) = %q, want no %q", tt.line, got, not)
				}
			}
		})
	}
}

// TestCompletionInShells has each shell itself complete a line.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		shell string
		args  []string // run the function of zerowire's own script, on $1
		file  string   // what it offers for a file
	}{
		{"bash", []string{"--norc", "-c", `
			source <(zerowire completion bash)
			COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			_zerowire
			printf '%s\n' "${COMPREPLY[@]}"`, "bash"}, ""}, // which has readline look for one
		{"zsh", []string{"-f", "-c", `
			compdef() { : }
			_describe() { print -l -- "${(@)${(P)2}%%:*}" }
			_files() { print ce*.pem }
			source <(zerowire completion zsh)
			words=(${=1}) CURRENT=$#words
			_zerowire`, "zsh"}, "cert.pem"},
		{"fish", []string{"--no-config", "-c", `
			zerowire completion fish | source
			complete -C $argv[1] | string split -f1 \t; true`}, "cert.pem"},
	} {
		t.Run(tt.shell, func(t *testing.T) {
			_, err := exec.LookPath(tt.shell)
			need(t, err, "apt-get install "+tt.shell)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "cert.pem"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			for line, want := range map[string]string{
				"zerowire comple":             "completion",
				"zerowire serve --tls-self":   "--tls-self-signed",
				"zerowire serve --quiet --me": "--metrics",
				"zerowire completion fi":      "fish",
				"zerowire serve --tls-cert c": tt.file,
			} {
				cmd := exec.Command(tt.shell, append(tt.args, line)...)
				cmd.Dir = dir
				cmd.Env = append(cmd.Environ(), "HOME="+dir)
				out, err := cmd.CombinedOutput()
				if got := strings.TrimSpace(string(out)); err != nil || got != want {
					t.Errorf("%s completes %q to %q (%v), want %q", tt.shell, line, got, err, want)
				}
			}
		})
	}
}
