// Package xconnect makes the HTTP/2 servers of the process announce extended CONNECT
// (RFC 8441 §3), if it is imported: for the tests and the commands of this project.
//
// net/http and x/net/http2 read GODEBUG=http2xconnect=1 from the environment when they are
// initialized, and a //go:debug line does not set it. Go initializes packages in the order
// of their import paths as far as their imports allow, so this one, which imports only
// os, comes before both.
package xconnect

import "os"

const setting = "http2xconnect="

func init() {
	value := os.Getenv("GODEBUG")
	for i := range value {
		if len(value)-i >= len(setting) && value[i:i+len(setting)] == setting {
			return // the environment decides
		}
	}
	if value != "" {
		value += ","
	}
	os.Setenv("GODEBUG", value+setting+"1")
}
