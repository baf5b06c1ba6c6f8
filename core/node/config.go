package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"robustirc/core/ircserver"
)

// Peer is one member of the cluster.
type Peer struct {
	// ID is the member's name for all time.
	ID string
	// Addr is its advertised host:port.
	Addr string
}

// TLSFiles are the PEM files of a node's certificate. They are read again by Node.ReloadTLS.
type TLSFiles struct {
	Cert, Key string
	// CA, when not empty, is what peers' certificates are verified against. Without it peers rely on the proof of the
	// network password alone, which is bound to the TLS channel.
	CA string
}

// Config says how to run a node. The zero value of a field with a default means the default.
type Config struct {
	// ID is the node's name in the cluster, for all time.
	ID string
	// Dir is the directory of the node's log and snapshots.
	Dir string
	// Listen is the address to listen on; Listener, when not nil, takes its place.
	Listen   string
	Listener net.Listener
	// Advertise is the host:port under which peers and clients reach this node; empty: the listener's address.
	Advertise string
	TLS       TLSFiles
	// Password is the network password: the shared secret of the nodes, and of the private HTTP pages.
	Password string
	// Bootstrap is the first list of members, the same on every node; ignored once the node has a log.
	Bootstrap []Peer
	// Join is the address of any member to ask for admission; ignored once the node has a log.
	Join string
	// InitialConfig is what the first leader of a new network proposes as its configuration.
	InitialConfig ircserver.Config
	// Version is the program's version, shown in the status.
	Version string

	// HeartbeatTimeout is how long a follower waits for the leader before it stands for election (default 500 ms).
	HeartbeatTimeout time.Duration
	// CommitTimeout is raft's fallback for telling followers the commit index (default 50 ms).
	CommitTimeout time.Duration
	// HoldTimeout is how long a post waits for a leader before it fails (default 55 s; the stock bridge gives up at 70 s).
	HoldTimeout time.Duration
	// SnapshotInterval is how often raft looks whether to take a snapshot (default 2 min).
	SnapshotInterval time.Duration
	// SnapshotThreshold is how many log entries (batches) there must be since the last snapshot (default 8192).
	SnapshotThreshold uint64
	// TrailingLogs is how many log entries (batches) are kept after a snapshot for followers to catch up (default 4096).
	TrailingLogs uint64
	// Compression of stored data: "none" (default) or "zstd".
	Compression string
	// MaxHalfOpen is how many connections may be in their TLS handshake or peer proof at once (default 1024); when
	// there are more, the oldest is dropped.
	MaxHalfOpen int
	// TestCommands lets a new network begin with the test-only command that panics inside the machine enabled.
	TestCommands bool

	// Dial connects to peers (default: net.Dialer).
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Fatal is called when the node cannot go on: its disk failed or its data is damaged. It must not return, except in
	// tests (default: log the error and exit with status 1; a supervisor starts the node again).
	Fatal func(error)
	// Clock is the source of the time that a leader stamps (default time.Now).
	Clock func() time.Time
	// Logger takes the node's log (default slog.Default()).
	Logger *slog.Logger
	// Registerer takes the node's metrics (default: none are registered).
	Registerer prometheus.Registerer
}

// Defaults of Config.
const (
	defaultHeartbeatTimeout  = 500 * time.Millisecond
	defaultCommitTimeout     = 50 * time.Millisecond
	defaultHoldTimeout       = 55 * time.Second
	defaultSnapshotInterval  = 2 * time.Minute
	defaultSnapshotThreshold = 8192
	defaultTrailingLogs      = 4096
	defaultMaxHalfOpen       = 1024
)

// setDefaults fills in what was left out.
func (c *Config) setDefaults() {
	orDefault(&c.HeartbeatTimeout, defaultHeartbeatTimeout)
	orDefault(&c.CommitTimeout, defaultCommitTimeout)
	orDefault(&c.HoldTimeout, defaultHoldTimeout)
	orDefault(&c.SnapshotInterval, defaultSnapshotInterval)
	orDefault(&c.SnapshotThreshold, defaultSnapshotThreshold)
	orDefault(&c.TrailingLogs, defaultTrailingLogs)
	orDefault(&c.MaxHalfOpen, defaultMaxHalfOpen)
	orDefault(&c.Compression, "none")
	c.InitialConfig.TestCommands = c.InitialConfig.TestCommands || c.TestCommands
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Fatal == nil {
		c.Fatal = fatal(c.Logger)
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
}

func orDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// check reports what is missing, naming what the operator must set.
func (c *Config) check() error {
	switch {
	case c.ID == "":
		return errors.New("the node needs a name (ID)")
	case c.Dir == "":
		return errors.New("the node needs a data directory (Dir)")
	case c.Password == "":
		return errors.New("the network password is missing: give it in a file or in ROBUSTIRC_NETWORK_PASSWORD")
	case c.TLS.Cert == "" || c.TLS.Key == "":
		return errors.New("the node needs a TLS certificate and key")
	case c.Compression != "none" && c.Compression != "zstd":
		return fmt.Errorf("compression %q is unknown; use none or zstd", c.Compression)
	case len(c.Bootstrap) > 0 && c.Join != "":
		return errors.New("a node either bootstraps a new network or joins one, not both")
	}
	return nil
}
