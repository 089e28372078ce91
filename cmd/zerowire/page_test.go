package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
)

// siteOf returns the site that serves dir as well.
func siteOf(t *testing.T, dir string) http.Handler {
	t.Helper()
	site, err := newSite(dir)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func TestPageFiles(t *testing.T) {
	site := siteOf(t, "")
	get := func(t *testing.T, path string) (*http.Response, string) {
		t.Helper()
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		body, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.Result(), string(body)
	}
	tests := []struct{ path, contentType string }{
		{"/", "text/html; charset=utf-8"},
		{"/style.css", "text/css; charset=utf-8"},
		{"/app.js", "text/javascript; charset=utf-8"},
		{"/icon.svg", "image/svg+xml"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			got, body := get(t, tt.path)
			if got.StatusCode != http.StatusOK || body == "" {
				t.Fatalf("GET %s: %s with %d bytes, want 200 and a body", tt.path, got.Status, len(body))
			}
			for name, want := range map[string]string{
				"Content-Type":            tt.contentType,
				"Content-Security-Policy": contentSecurityPolicy,
				"X-Content-Type-Options":  "nosniff",
			} {
				if value := got.Header.Get(name); value != want {
					t.Errorf("GET %s: %s is %q, want %q", tt.path, name, value, want)
				}
			}
		})
	}

	// Whatever the page and its files refer to is served with them.
	reference := regexp.MustCompile(`(?:src|href)="([^"#]+)"|from "\./([^"]+)"`)
	seen := map[string]bool{}
	var follow func(path string)
	follow = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		got, body := get(t, path)
		if got.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %s, want 200", path, got.Status)
		}
		for _, found := range reference.FindAllStringSubmatch(body, -1) {
			if name := found[1] + found[2]; name != "/" {
				follow("/" + name)
			}
		}
	}
	follow("/")
	if files, err := pageFiles.ReadDir("page"); err != nil || len(files) != len(seen) {
		t.Errorf("the page refers to %d files, itself included: %v; embedded are %d", len(seen), seen, len(files))
	}
}

func TestPageIsReadOnly(t *testing.T) {
	site := siteOf(t, "")
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s /: %d, Allow %q, want 405, %q", method, w.Code, w.Header().Get("Allow"), "GET, HEAD")
		}
	}
}
