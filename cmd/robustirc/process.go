package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"robustirc/core/bridge"
)

// ircStopTime is how long telling IRC clients that their listener goes may take.
const ircStopTime = 5 * time.Second

// tuneMemory makes the garbage collector run half as often as by default, unless the operator has set it: the heap is
// small against a machine's memory, and a collection costs latency.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}

// listenIRC serves IRC on addresses until the server is shut down.
func listenIRC(addrs []string, tlsConfig *tls.Config, srv *bridge.Server, work *sync.WaitGroup, failed chan<- error) error {
	for _, addr := range addrs {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("listening for IRC clients: %w", err)
		}
		work.Go(func() {
			if err := srv.Serve(ln, tlsConfig); err != nil {
				failed <- err
			}
		})
	}
	return nil
}

// newLogger writes to standard error, where systemd and dev collect it.
func newLogger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usageError{fmt.Errorf("log level: %w", err)}
	}
	opts := &slog.HandlerOptions{Level: l}
	var w io.Writer = os.Stderr
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, usageError{fmt.Errorf("log format %q is unknown; use text or json", format)}
}
