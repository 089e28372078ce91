package websocket

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// TestSecurityTellsTheDefaults holds the tables of SECURITY.md to what zero Options become:
// every field is in them, with its default.
func TestSecurityTellsTheDefaults(t *testing.T) {
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Defaults\n")
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `?([^`|]+?)`? \\| ([^|]+) \\| [^|]* ?\\|$").FindAllStringSubmatch(section, -1) {
		told[row[1]] = row[2]
	}
	want := map[string]string{
		"Options": "default", "elsewhere": "default", // the heads of the tables
		"Server.MaxConns":          shown(reflect.ValueOf(Server{}.MaxConns)),
		"Compression.Takeover":     fmt.Sprint(Compression{}.Takeover),
		"Compression.Level":        "1",
		"Compression.Threshold":    fmt.Sprint(defaultThreshold),
		"Compression.WindowBits":   "15",
		"DialOptions.MaxRedirects": fmt.Sprint(defaultRedirects),
		"a refusal's body":         bytesShown(maxRefusalBody),
	}
	options := reflect.ValueOf(Options{}.resolve().Options)
	for field, value := range options.Fields() {
		want[field.Name] = shown(value)
		if strings.HasPrefix(field.Name, "MaxMessage") || field.Name == "MaxPending" || field.Name == "FragmentSize" {
			want[field.Name] = bytesShown(value.Int())
		}
	}
	want["MaxHeadBytes"], want["MaxHeadFields"] = bytesShown(codec.MaxHeadBytes), fmt.Sprint(codec.MaxHeadLines)
	want["Logger"] = "slog.Default()"
	for name, value := range want {
		if told[name] != value {
			t.Errorf("SECURITY.md says %q of %s, whose default is %s", told[name], name, value)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("SECURITY.md has a default for %s, which does not exist", name)
	}
}

// shown returns a default as a person writes it.
func shown(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		switch {
		case x == 0:
			return "none"
		case x < time.Millisecond:
			return fmt.Sprint(x.Microseconds(), " µs")
		}
		return fmt.Sprint(x.Seconds(), " s")
	case Overflow:
		return map[Overflow]string{Block: "Block"}[x]
	}
	if v.IsZero() {
		return "none"
	}
	return fmt.Sprint(v.Interface())
}

func bytesShown[T int | int64](n T) string {
	if n >= 1<<20 {
		return fmt.Sprint(n>>20, " MiB")
	}
	return fmt.Sprint(n>>10, " KiB")
}
