package bridge

import (
	"log/slog"
	"time"
)

// Config is what a Server works with. Zero values take the defaults that Default lists.
type Config struct {
	// Network is where sessions are created.
	Network Network
	// ServerName is the source of what the bridge itself says before a session exists.
	ServerName string
	// Throttled says whether the network throttles sessions at the moment: a client that is ahead of it by more than
	// the receive queue then floods, and is closed. Nil means that it does not.
	Throttled func() bool
	// Log receives what operators should know. Nil discards it.
	Log *slog.Logger

	// MaxConns limits all connections, MaxPerIP those of one address (IPv6: of one /64); loopback is not limited by
	// address. Negative means unlimited.
	MaxConns, MaxPerIP int
	// MaxPending limits connections that have not sent a line yet; the oldest gives way.
	MaxPending int
	// RegistrationTimeout is how long a connection may take for the TLS handshake and its first line.
	RegistrationTimeout time.Duration
	// CreateTimeout is how long a client waits for its session while the network has no leader.
	CreateTimeout time.Duration
	// PingInterval is the silence after which a client is sent a PING; after twice that it is closed.
	PingInterval time.Duration
	// WriteTimeout is how long a client may take to accept 64 KiB.
	WriteTimeout time.Duration
	// DrainTimeout is how long lines that a client sent before it went away may take to be posted.
	DrainTimeout time.Duration
}

// Default are the limits that a Config takes where it says nothing.
var Default = Config{
	ServerName:          "robustirc",
	MaxConns:            20_000,
	MaxPerIP:            128,
	MaxPending:          4096,
	RegistrationTimeout: 30 * time.Second,
	CreateTimeout:       60 * time.Second,
	PingInterval:        90 * time.Second,
	WriteTimeout:        30 * time.Second,
	DrainTimeout:        10 * time.Second,
}

func (c Config) withDefaults() Config {
	if c.ServerName == "" {
		c.ServerName = Default.ServerName
	}
	if c.Throttled == nil {
		c.Throttled = func() bool { return false }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, n := range []struct {
		value *int
		or    int
	}{{&c.MaxConns, Default.MaxConns}, {&c.MaxPerIP, Default.MaxPerIP}, {&c.MaxPending, Default.MaxPending}} {
		if *n.value == 0 {
			*n.value = n.or
		}
	}
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{
		{&c.RegistrationTimeout, Default.RegistrationTimeout}, {&c.CreateTimeout, Default.CreateTimeout},
		{&c.PingInterval, Default.PingInterval}, {&c.WriteTimeout, Default.WriteTimeout},
		{&c.DrainTimeout, Default.DrainTimeout},
	} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	return c
}
