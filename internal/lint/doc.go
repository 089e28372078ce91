// Package lint checks the text of this repository: what its documents, doc comments and
// messages may say. It has tests only, which parse the sources of all modules.
package lint
