package main

import (
	"bytes"
	"encoding/json"
)

// encode returns v, a struct of strings, numbers and booleans, as JSON.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // readers parse it, they do not put it into HTML
	if err := e.Encode(v); err != nil {
		panic(err) // only a type that JSON cannot express gets here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
