// Package frameworks has only tests: each way to upgrade a request of net/http, behind the
// middlewares of gin, echo, chi, gorilla/handlers, otelhttp and gzhttp, over HTTP/1.1 and
// HTTP/2.
package frameworks
