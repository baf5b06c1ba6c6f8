package api

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of the HTTP server.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	// maxStreams is how many requests one HTTP/2 connection may have under way: a bridge keeps a stream per session.
	maxStreams = 2048
)

// Server returns the HTTP server of a node, for connections whose TLS handshake is done: HTTP/1.1 or, where ALPN chose
// it, HTTP/2. It sets no deadline for whole requests, since streams never end: handlers set their own.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			SendPingTimeout:      30 * time.Second,
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     flushTimeout,
		},
	}
}
