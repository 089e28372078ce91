package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand is `zerowire completion`. The script that it prints has the
// shell ask `zerowire __complete WORD…` what the last word may become, so that
// it never disagrees with the binary.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell to print the script for: bash, zsh or fish."`
}

// Help says how to use the script.
func (*completionCommand) Help() string {
	return `Examples:

  source <(zerowire completion bash)   # also in ~/.bashrc
  source <(zerowire completion zsh)    # also in ~/.zshrc, behind compinit
  zerowire completion fish >~/.config/fish/completions/zerowire.fish`
}

// Run prints the script.
func (c *completionCommand) Run(parser *kong.Kong) error {
	_, err := io.WriteString(parser.Stdout, completionScripts[c.Shell])
	return err
}

// completeRequest is the first argument of the request that the scripts make.
const completeRequest = "__complete"

// completionScripts has a script for each shell. All three offer file names
// where zerowire has no suggestion.
var completionScripts = map[string]string{
	"bash": `_zerowire() {
	local line=${COMP_LINE:0:COMP_POINT} words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	local last=${words[-1]} IFS=$'\n'
	COMPREPLY=($(compgen -W "$(zerowire ` + completeRequest + ` "${words[@]:1}" 2>/dev/null | cut -f1)" -- "$last"))
	# bash replaces only what stands behind the last "=" or ":"
	COMPREPLY=("${COMPREPLY[@]#"${last%"${last##*[=:]}"}"}")
}
complete -o default -F _zerowire zerowire
`,
	"zsh": `#compdef zerowire
_zerowire() {
	local -a candidates
	local line
	for line in ${(f)"$(zerowire ` + completeRequest + ` "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
		candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	if (( $#candidates )); then
		_describe zerowire candidates
	else
		_files
	fi
}
compdef _zerowire zerowire
`,
	"fish": `function __zerowire_complete
	set -l words (commandline -opc)[2..] (commandline -ct)
	set -l candidates (zerowire ` + completeRequest + ` $words 2>/dev/null)
	if test (count $candidates) -gt 0
		printf '%s\n' $candidates
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c zerowire -f -a "(__zerowire_complete)"
`,
}

// complete prints what the last of words may become, one candidate a line, with
// a description behind a tab. words are those typed behind "zerowire"; the last one
// may be empty.
func complete(w io.Writer, parser *kong.Kong, words []string) {
	if len(words) == 0 {
		return
	}
	typed, last := words[:len(words)-1], words[len(words)-1]
	line, err := kong.Trace(parser, typed) // as far as they make sense
	if err != nil {
		return
	}
	node := parser.Model.Node
	if command := line.Selected(); command != nil {
		node = command
	}
	flags := line.Flags()
	name, _, isValue := strings.Cut(last, "=")
	offer := func(word, help string) {
		if word != "" && strings.HasPrefix(word, last) {
			fmt.Fprintf(w, "%s\t%s\n", word, help)
		}
	}
	// The values that v may have, if those are few: the others are for the shell, which
	// completes file names.
	offerValues := func(before string, v *kong.Value) {
		for _, value := range v.EnumSlice() {
			if value != "" {
				offer(before+value, v.Help)
			}
		}
	}
	awaited := findFlag(flags, words[max(len(typed)-1, 0)])
	switch {
	case len(typed) > 0 && awaited != nil && !awaited.IsBool():
		offerValues("", awaited.Value)
	case isValue && strings.HasPrefix(last, "-"):
		if flag := findFlag(flags, name); flag != nil {
			offerValues(name+"=", flag.Value)
		}
	case strings.HasPrefix(last, "-"):
		for _, flag := range flags {
			for _, name := range longNames(flag) {
				if !flag.Hidden {
					offer(name, flag.Help)
				}
			}
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				offer(child.Name, child.Help)
			}
		}
		if len(node.Positional) > 0 {
			offerValues("", node.Positional[0])
		}
	}
}

// findFlag returns the flag that is written like word, or nil.
func findFlag(flags []*kong.Flag, word string) *kong.Flag {
	for _, flag := range flags {
		if slices.Contains(longNames(flag), word) || flag.Short != 0 && word == "-"+string(flag.Short) {
			return flag
		}
	}
	return nil
}

// longNames returns how flag is written: --flag, and --no-flag if that is another
// way to have none.
func longNames(flag *kong.Flag) []string {
	names := []string{"--" + flag.Name}
	if flag.Tag != nil && flag.Tag.Negatable != "" {
		names = append(names, "--no-"+flag.Name)
	}
	return names
}
