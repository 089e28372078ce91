package inspect

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// keysWithout writes the key log of tls.pcap with changed lines, and returns its name.
func keysWithout(t *testing.T, change func(line string) string) string {
	t.Helper()
	keys, err := os.ReadFile("testdata/tls.keys")
	if err != nil {
		t.Fatal(err)
	}
	changed := "# a comment, and a line that is no secret\nHELLO\n"
	for line := range strings.Lines(string(keys)) {
		changed += change(line)
	}
	name := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(name, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Without the right secrets a connection is encrypted, and the others are shown.
func TestKeyLogIsIncomplete(t *testing.T) {
	file, err := os.ReadFile("testdata/tls.pcap")
	if err != nil {
		t.Fatal(err)
	}
	dropped := func(drop func(line string) bool) func(string) string {
		return func(line string) string {
			if drop(line) {
				return ""
			}
			return line
		}
	}
	handshakes := 0
	for _, tt := range []struct {
		name   string
		change func(line string) string
		want   []string // lines that begin with this
		not    string   // and none with this in it
	}{
		{"all there", func(line string) string { return line }, []string{"#6: client "}, "TLS"},
		{"in capitals", strings.ToUpper, []string{"#6: client "}, "TLS"},
		{"no secrets of TLS 1.2", dropped(func(line string) bool { return strings.HasPrefix(line, "CLIENT_RANDOM") }), []string{
			"#3: client ", "client 127.0.0.1:52844, server 127.0.0.1:18080: TLS is not decrypted: the key log has no CLIENT_RANDOM", "not shown: 3 encrypted",
		}, "GCM"},
		{"no handshake secret of the first server", dropped(func(line string) bool {
			if strings.HasPrefix(line, "SERVER_HANDSHAKE") {
				handshakes++
			}
			return strings.HasPrefix(line, "SERVER_HANDSHAKE") && handshakes == 1
		}), []string{"#5: client ", "client 127.0.0.1:52842, server 127.0.0.1:18080: TLS is not decrypted: the key log has no SERVER_HANDSHAKE_TRAFFIC_SECRET", "not shown: 1 encrypted"}, "by zerowire"},
		{"wrong secrets", func(line string) string {
			fields := strings.Fields(line)
			return strings.Join([]string{fields[0], fields[1], "ff" + fields[2][2:]}, " ") + "\n"
		}, []string{"client 127.0.0.1:52842, server 127.0.0.1:18080: TLS is not decrypted: record 0 does not decrypt", "no WebSocket connection", "not shown: 6 encrypted"}, "GCM"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, violations := decrypted(t, file, keysWithout(t, tt.change))
			for _, want := range tt.want {
				if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
					t.Errorf("no line that begins with %q", want)
				}
			}
			if text := strings.Join(got, "\n"); strings.Contains(text, tt.not) || violations != 0 || t.Failed() {
				t.Errorf("%d violations, and %q should not be in\n%s", violations, tt.not, text)
			}
		})
	}
}

// Packets that are missing, or captured in another order, are no violations, and what is
// shown of a connection is true.
func TestKeyLogOfDamagedCapture(t *testing.T) {
	base := load(t, "tls.pcap")
	whole, _ := decrypted(t, store(t, layers.LinkTypeEthernet, base), "testdata/tls.keys")
	const keys = "testdata/tls.keys"
	for at := range base {
		for name, spoiled := range map[string][]packet{
			"missing": slices.Delete(slices.Clone(base), at, at+1),
			"twice":   slices.Insert(slices.Clone(base), at, base[at]),
			"late":    slices.Insert(slices.Delete(slices.Clone(base), at, at+1), min(at+1, len(base)-1), base[at]),
		} {
			got, violations := decrypted(t, store(t, layers.LinkTypeEthernet, spoiled), keys)
			if violations != 0 {
				t.Errorf("packet %d is %s: %d violations in\n%s", at, name, violations, strings.Join(got, "\n"))
			}
			for _, line := range got {
				if strings.Contains(line, " text ") && !slices.ContainsFunc(whole, func(w string) bool { return w[strings.Index(w, "#")+2:] == line[strings.Index(line, "#")+2:] }) {
					t.Errorf("packet %d is %s: line %q is not in the whole capture", at, name, line)
				}
			}
			if name == "twice" && !slices.Equal(got, whole) {
				t.Errorf("packet %d is twice:\n%s\nwant the same as once", at, strings.Join(got, "\n"))
			}
		}
	}
}

func TestReadKeyLogRefuses(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(name, []byte("hello\nCLIENT_RANDOM zz zz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, file, want string }{
		{"no secrets", name, "no secret found"},
		{"no file", name + "2", "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if keys, err := readKeyLog(tt.file); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("readKeyLog = %v, %v, want an error with %q", keys, err, tt.want)
			}
		})
	}
}

// TestHelloRetry keeps the capture from losing what it is there for.
func TestHelloRetry(t *testing.T) {
	file, err := os.ReadFile("testdata/tls.pcap")
	if err != nil || !bytes.Contains(file, helloRetry) {
		t.Errorf("tls.pcap has no HelloRetryRequest (%v)", err)
	}
}
