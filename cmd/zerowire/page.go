package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"net/http"
	"os"
	"path"
	"time"

	"github.com/zerowire/websocket"
)

//go:embed page
var pageFiles embed.FS

// contentSecurityPolicy lets the page load what the server itself serves and
// connect to any WebSocket, whose URL the user chooses. It asks the server itself why
// a connection was refused.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes are named here because the system's own table may differ.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// newSite returns the handler of requests that ask for no upgrade: the page
// and its files, the files of dir under /files/ if it is not empty, and the
// library's own answer where a WebSocket is served.
func newSite(dir string) (http.Handler, error) {
	mux := http.NewServeMux()
	if dir != "" {
		root, err := os.OpenRoot(dir) // links out of dir lead nowhere
		if err != nil {
			return nil, fmt.Errorf("--dir: %w", err)
		}
		mux.Handle("GET /files/", http.StripPrefix("/files/", http.FileServerFS(root.FS())))
	}
	mux.HandleFunc("/echo", websocket.WriteRefusal)
	mux.HandleFunc("/ws", websocket.WriteRefusal)

	files, err := pageFiles.ReadDir("page")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	for _, file := range files {
		pattern := "GET /" + file.Name()
		if file.Name() == "index.html" {
			pattern = "GET /{$}"
		}
		mux.Handle(pattern, newPageFile(file.Name()))
	}
	return mux, nil
}

// newPageFile returns the handler that serves one file of the page.
func newPageFile(name string) http.HandlerFunc {
	body, err := pageFiles.ReadFile(path.Join("page", name))
	if err != nil {
		panic(err)
	}
	etag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentTypes[path.Ext(name)])
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", etag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	}
}
