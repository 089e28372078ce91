package main

import (
	"io"
	"os"
)

// moduleFile is a file of a module, as package zip reads it.
type moduleFile struct {
	path string // where it is
	name string // slash-separated, inside the module
}

func (f moduleFile) Path() string                 { return f.name }
func (f moduleFile) Lstat() (os.FileInfo, error)  { return os.Lstat(f.path) }
func (f moduleFile) Open() (io.ReadCloser, error) { return os.Open(f.path) }
