package main

import (
	"archive/tar"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"

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
	"":     "text/html; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
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

	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	names, err := fs.Glob(files, "*")
	sum := sha256.New()
	if err != nil || tar.NewWriter(sum).AddFS(files) != nil {
		panic("the files of the page cannot be read")
	}
	etag := fmt.Sprintf(`"%x"`, sum.Sum(nil)) // all of them change together
	server := http.FileServerFS(files)
	serve := func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentTypes[path.Ext(r.URL.Path)])
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", etag)
		server.ServeHTTP(w, r)
	}
	mux.HandleFunc("GET /{$}", serve)
	for _, name := range names {
		mux.HandleFunc("GET /"+name, serve)
	}
	return mux, nil
}
