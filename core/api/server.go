package api

import (
	"container/list"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of the HTTP server.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	// maxSilent is how many connections may exist that have not sent a request yet; then the oldest are closed.
	maxSilent = 1024
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
		ConnState:         newSilentConns(maxSilent).change,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			SendPingTimeout:      30 * time.Second,
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     30 * time.Second,
		},
	}
}

// silentConns bounds the connections that have not sent a request yet, so that somebody who opens many does no harm:
// clients that do send one leave the queue before its end.
type silentConns struct {
	limit int

	mu       sync.Mutex
	order    list.List // of net.Conn, the oldest first
	elements map[net.Conn]*list.Element
}

func newSilentConns(limit int) *silentConns {
	return &silentConns{limit: limit, elements: map[net.Conn]*list.Element{}}
}

// change is http.Server's ConnState.
func (s *silentConns) change(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != http.StateNew {
		s.forget(c)
		return
	}
	s.elements[c] = s.order.PushBack(c)
	if s.order.Len() > s.limit {
		oldest := s.order.Front().Value.(net.Conn)
		s.forget(oldest)
		cutOff(oldest)
	}
}

// cutOff closes a connection without waiting for the peer to take TLS's goodbye.
func cutOff(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	c.Close()
}

func (s *silentConns) forget(c net.Conn) {
	if e := s.elements[c]; e != nil {
		s.order.Remove(e)
		delete(s.elements, c)
	}
}
