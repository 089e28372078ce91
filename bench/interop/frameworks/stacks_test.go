package frameworks

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	gingzip "github.com/gin-contrib/gzip"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// stack is a framework, or a chain of middlewares, around a handler at /ws.
type stack struct {
	name string

	// wrap mounts h. log is the access log: it gets the status of each request that has
	// ended. errors is for what the framework logs of its own.
	wrap func(h http.Handler, log func(status int), errors io.Writer) http.Handler

	encodes bool // bodies of the size of a refusal are compressed
	noisy   bool // it writes a status after the connection was hijacked, which net/http logs
}

var stacks = []stack{
	{name: "net/http", wrap: func(h http.Handler, log func(int), _ io.Writer) http.Handler { return logged(h, log) }},
	{name: "gin", wrap: ginEngine},
	{name: "echo", wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return echoServer(h, log, errors)
	}},
	{name: "echo with Gzip", encodes: true, noisy: true, wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return echoServer(h, log, errors, echomiddleware.Gzip())
	}},
	{name: "echo with Gzip that skips the route", wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return echoServer(h, log, errors, echomiddleware.GzipWithConfig(echomiddleware.GzipConfig{
			Skipper: func(c *echo.Context) bool { return c.Path() == "/ws" },
		}))
	}},
	{name: "chi", encodes: true, wrap: func(h http.Handler, log func(int), _ io.Writer) http.Handler {
		r := chi.NewRouter()
		r.Use(chimiddleware.RequestID, chimiddleware.RequestLogger(chiLog(log)), chimiddleware.Recoverer, chimiddleware.Compress(5))
		r.Handle("/ws", h)
		return r
	}},
	{name: "gorilla/handlers", encodes: true, wrap: func(h http.Handler, log func(int), _ io.Writer) http.Handler {
		return handlers.ProxyHeaders(logged(handlers.RecoveryHandler()(handlers.CompressHandler(h)), log))
	}},
	{name: "otelhttp", wrap: traced},
	{name: "gzhttp", encodes: true, wrap: func(h http.Handler, log func(int), _ io.Writer) http.Handler {
		return logged(gzipped(h), log)
	}},

	{name: "otelhttp around gin", wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return traced(ginEngine(h, func(int) {}, errors), log, errors)
	}},
	{name: "otelhttp around echo", wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return traced(echoServer(h, func(int) {}, errors), log, errors)
	}},
	{name: "chi's logger around gzhttp around otelhttp", encodes: true, wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return chimiddleware.RequestLogger(chiLog(log))(gzipped(traced(h, func(int) {}, errors)))
	}},

	// The outer middleware has no method Hijack, and those inside hide that it has Unwrap.
	{name: "Unwrap around chi's Compress", encodes: true, wrap: func(h http.Handler, log func(int), _ io.Writer) http.Handler {
		return unwrappable(chimiddleware.Compress(5)(h), log)
	}},
	{name: "Unwrap around gzhttp", encodes: true, wrap: func(h http.Handler, log func(int), _ io.Writer) http.Handler {
		return unwrappable(gzipped(h), log)
	}},
	{name: "Unwrap around gin", wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return unwrappable(ginEngine(h, func(int) {}, errors), log)
	}},
	{name: "Unwrap around echo", wrap: func(h http.Handler, log func(int), errors io.Writer) http.Handler {
		return unwrappable(echoServer(h, func(int) {}, errors), log)
	}},
}

// ginEngine is gin as gin.Default has it, with gzip.
func ginEngine(h http.Handler, log func(int), errors io.Writer) http.Handler {
	engine := gin.New()
	engine.Use(
		gin.LoggerWithConfig(gin.LoggerConfig{
			Output:    io.Discard,
			Formatter: func(p gin.LogFormatterParams) string { log(p.StatusCode); return "" },
		}),
		gin.RecoveryWithWriter(errors),
		gingzip.Gzip(gingzip.DefaultCompression),
	)
	engine.Any("/ws", gin.WrapH(h))
	return engine
}

func echoServer(h http.Handler, log func(int), errors io.Writer, more ...echo.MiddlewareFunc) http.Handler {
	e := echo.New()
	e.Logger = slog.New(slog.NewTextHandler(errors, nil))
	e.Use(echomiddleware.RequestLoggerWithConfig(echomiddleware.RequestLoggerConfig{
		LogStatus:     true,
		LogValuesFunc: func(_ *echo.Context, v echomiddleware.RequestLoggerValues) error { log(v.Status); return nil },
	}), echomiddleware.Recover())
	e.Use(more...)
	e.Any("/ws", echo.WrapHandler(h))
	return e
}

// logged is gorilla/handlers' access log.
func logged(h http.Handler, log func(int)) http.Handler {
	return handlers.CustomLoggingHandler(io.Discard, h, func(_ io.Writer, p handlers.LogFormatterParams) { log(p.StatusCode) })
}

// chiLog is a chimiddleware.LogFormatter and its LogEntry.
type chiLog func(status int)

func (l chiLog) NewLogEntry(*http.Request) chimiddleware.LogEntry { return l }

func (l chiLog) Write(status, _ int, _ http.Header, _ time.Duration, _ any) { l(status) }

func (chiLog) Panic(any, []byte) {}

// gzipped compresses bodies of any size.
func gzipped(h http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1))
	if err != nil {
		panic(err)
	}
	return wrap(h)
}

// traced is otelhttp, whose spans are the access log.
func traced(h http.Handler, log func(int), _ io.Writer) http.Handler {
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(statusOfSpans(log)))
	return otelhttp.NewHandler(h, "ws", otelhttp.WithTracerProvider(provider))
}

// statusOfSpans is a sdktrace.SpanProcessor.
type statusOfSpans func(status int)

func (statusOfSpans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (log statusOfSpans) OnEnd(s sdktrace.ReadOnlySpan) {
	for _, attribute := range s.Attributes() {
		if attribute.Key == "http.response.status_code" {
			log(int(attribute.Value.AsInt64()))
		}
	}
}

func (statusOfSpans) Shutdown(context.Context) error   { return nil }
func (statusOfSpans) ForceFlush(context.Context) error { return nil }

// unwrappable is a middleware as many are written: what is embedded is all that it has,
// beside Unwrap.
func unwrappable(h http.Handler, log func(int)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := &unwrapper{ResponseWriter: w, status: http.StatusOK}
		defer func() { log(u.status) }()
		h.ServeHTTP(u, r)
	})
}

type unwrapper struct {
	http.ResponseWriter
	status int
}

func (u *unwrapper) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (u *unwrapper) WriteHeader(status int) {
	u.status = status
	u.ResponseWriter.WriteHeader(status)
}
