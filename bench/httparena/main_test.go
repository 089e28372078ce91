package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// serve starts the server and returns its address.
func serve(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := server()
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String()
}

// TestEcho does what the board's validator does before a run.
func TestEcho(t *testing.T) {
	addr, ctx := serve(t), t.Context()
	c, err := websocket.Dial(ctx, "ws://"+addr+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, tt := range []struct {
		name  string
		op    websocket.Opcode
		burst int
	}{
		{"text", websocket.OpText, 1},
		{"binary", websocket.OpBinary, 1},
		{"five at once", websocket.OpText, 5},
		{"sixteen at once", websocket.OpText, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.burst {
				if err := c.Write(ctx, tt.op, fmt.Appendf(nil, "message %d", i)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range tt.burst {
				op, p, err := c.Read(ctx)
				if want := fmt.Appendf(nil, "message %d", i); op != tt.op || !bytes.Equal(p, want) || err != nil {
					t.Fatalf("Read() = %v %q %v, want %v %q", op, p, err, tt.op, want)
				}
			}
		})
	}
	if err := c.Close(websocket.StatusNormalClosure, "validate done"); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

func TestRefused(t *testing.T) {
	addr := serve(t)
	response, err := http.Get("http://" + addr + "/ws")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode/100 != 4 {
		t.Errorf("GET /ws without an upgrade: %s, want 4xx", response.Status)
	}
	if _, err := websocket.Dial(context.Background(), "ws://"+addr+"/other", nil); err == nil {
		t.Error("an upgrade at /other succeeded")
	}

	c, err := websocket.Dial(t.Context(), "ws://"+addr+"/ws", nil)
	if err != nil {
		t.Fatalf("Dial() after refusals = %v", err)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.OpText, []byte("health")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(t.Context()); string(p) != "health" {
		t.Errorf("Read() after refusals = %q, %v, want the echo", p, err)
	}
}

// TestEntry holds the files beside the program to the board's rules: meta.json has the
// fields, and each base image names a version.
func TestEntry(t *testing.T) {
	meta, err := os.ReadFile("meta.json")
	if err != nil {
		t.Fatal(err)
	}
	var fields struct {
		DisplayName, Language, Engine, Type, Mode, Description, Repo string
		Tests                                                        []string
	}
	if err := json.Unmarshal(bytes.ReplaceAll(meta, []byte("display_name"), []byte("displayName")), &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"display_name": fields.DisplayName, "language": fields.Language, "engine": fields.Engine, "type": fields.Type,
		"mode": fields.Mode, "description": fields.Description, "repo": fields.Repo, "tests": strings.Join(fields.Tests, " "),
	} {
		if value == "" {
			t.Errorf("meta.json has no %s", name)
		}
	}
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllSubmatch(dockerfile, -1) {
		if image := string(from[1]); image != "scratch" && !regexp.MustCompile(`:\d+\.\d+`).MatchString(image) {
			t.Errorf("Dockerfile: FROM %s names no version", image)
		}
	}
}
