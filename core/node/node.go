package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
	"robustirc/core/outputstream"
)

// Node is one running node. All methods are safe for concurrent use.
type Node struct {
	cfg     Config
	log     *slog.Logger
	metrics *metrics
	certs   *certificates
	gate    *PasswordGate
	key     peerKey

	listener  *listener
	peers     *peers
	transport *transport
	stores    *stores
	fsm       *fsm
	raft      *raft.Raft

	leader     *leaderWatch
	proposer   *proposer
	throttle   *throttle
	notices    *notices
	clock      *netClock
	index      *indexReader
	turns      turns
	newcomers  *newcomers
	claimGate  *PasswordGate // for the passwords of operators and services; its own is not used
	claimSlots chan struct{}

	// Goroutines that use raft run under ctx and are counted in wg.
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	started     atomic.Bool
	startedAt   time.Time
	caughtUp    atomic.Bool
	quarantined atomic.Pointer[string] // why
	done        chan struct{}          // closed when the node begins to end streams
	endOnce     sync.Once
	stopping    chan struct{} // closed when nothing is waited for any more
	stopOnce    sync.Once
	stopErr     error
	calls       gateCounter
}

// Open starts a node and returns once its log is open and it is a member of a cluster, or is asking to become one. It
// may not be ready to serve yet: see Ready.
func Open(cfg Config) (*Node, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	n, err := newNode(cfg)
	if err != nil {
		return nil, err
	}
	if err := n.open(); err != nil {
		n.abandon()
		return nil, err
	}
	n.start()
	return n, nil
}

// newNode prepares what needs no cleaning up.
func newNode(cfg Config) (*Node, error) {
	certs, err := loadCertificates(cfg.TLS)
	if err != nil {
		return nil, err
	}
	key, err := newPeerKey(cfg.Password)
	if err != nil {
		return nil, fmt.Errorf("deriving the peers' key: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := &Node{
		cfg: cfg, log: cfg.Logger.With("node", cfg.ID), certs: certs, key: key,
		gate:       NewPasswordGate(cfg.Password, time.Now),
		leader:     newLeaderWatch(raft.ServerID(cfg.ID)),
		newcomers:  newNewcomers(),
		turns:      turns{sessions: map[ircserver.SessionID]*turn{}},
		claimGate:  NewPasswordGate("", time.Now),
		claimSlots: newClaimSlots(),
		ctx:        ctx, cancel: cancel, startedAt: cfg.Clock(),
		done: make(chan struct{}), stopping: make(chan struct{}),
	}
	n.metrics, err = newMetrics(n)
	if err != nil {
		return nil, fmt.Errorf("registering the metrics: %w", err)
	}
	return n, nil
}

// open opens the listener, the stores and raft, in the order in which they need each other.
func (n *Node) open() error {
	if err := n.listen(); err != nil {
		return err
	}
	compression, err := ParseCompression(n.cfg.Compression)
	if err != nil {
		return err
	}
	n.stores, err = openStores(n.cfg.Dir, n.log, n.cfg.Fatal)
	if err != nil {
		return err
	}
	n.stores.entries.took = func(d time.Duration) { n.metrics.fsyncSeconds.Observe(d.Seconds()) }
	n.fsm = newFSM(fsmConfig{
		Logs: n.stores.log, Initial: ircserver.InitialConfig(), Compression: compression, Logger: n.log, Stop: n.cfg.Fatal,
	})
	if err := n.cfg.Registerer.Register(&replicaMetrics{f: n.fsm, stores: n.stores}); err != nil {
		return fmt.Errorf("registering the metrics: %w", err)
	}
	member, err := raft.HasExistingState(n.stores.log, n.stores.stable, n.stores.snapshots)
	if err != nil {
		return err
	}
	if n.raft, err = openRaft(n.raftConfig(), n.fsm, n.stores, n.transport); err != nil {
		return err
	}
	if member {
		n.cfg.Join = ""
		return nil
	}
	return n.bootstrap()
}

// listen opens the one listener, and what dials through it.
func (n *Node) listen() error {
	inner := n.cfg.Listener
	if inner == nil {
		var err error
		if inner, err = net.Listen("tcp", n.cfg.Listen); err != nil {
			return fmt.Errorf("node: listening on %q: %w", n.cfg.Listen, err)
		}
	}
	orDefault(&n.cfg.Advertise, inner.Addr().String())
	n.peers = newPeers(n.dial)
	n.listener = newListener(inner, n.certs.server(), n.key, n)
	streams := &raftStreams{n.listener.raft, raft.ServerAddress(n.cfg.Advertise), n.dial}
	n.transport = newTransport(n, streams)
	return nil
}

func (n *Node) dial(ctx context.Context, addr string, kind streamKind) (net.Conn, error) {
	conn, err := n.key.dial(ctx, n.cfg.Dial, n.certs, addr, n.cfg.ID, kind)
	if err != nil { // not conn: a nil *tls.Conn is not a nil net.Conn
		return nil, err
	}
	return conn, nil
}

func (n *Node) raftLogger(name string) *raftLogger {
	return &raftLogger{log: n.log, name: name, said: &lastSaid{at: map[string]time.Time{}}}
}

// raftConfig is raft's configuration; docs/measurements.md says why.
func (n *Node) raftConfig() *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(n.cfg.ID)
	c.HeartbeatTimeout = n.cfg.HeartbeatTimeout
	c.ElectionTimeout = n.cfg.HeartbeatTimeout
	c.LeaderLeaseTimeout = n.cfg.HeartbeatTimeout
	c.CommitTimeout = n.cfg.CommitTimeout
	c.MaxAppendEntries = 64 // of up to 64 KiB each: what must cross to a follower within transportTimeout
	c.BatchApplyCh = true
	c.SnapshotInterval = n.cfg.SnapshotInterval
	c.SnapshotThreshold = n.cfg.SnapshotThreshold
	c.TrailingLogs = n.cfg.TrailingLogs
	c.NoLegacyTelemetry = true
	c.ShutdownOnRemove = false // a removed node says so in its status; it is stopped by its operator
	c.Logger = n.raftLogger("raft")
	return c
}

// bootstrap makes the first list of members. Nodes that do it with the same list form one cluster.
func (n *Node) bootstrap() error {
	if len(n.cfg.Bootstrap) == 0 {
		if n.cfg.Join == "" {
			return errors.New("node: the data directory is empty: give the list of first members to begin a network, or a member to join")
		}
		return nil
	}
	var c raft.Configuration
	self := false
	for _, p := range n.cfg.Bootstrap {
		self = self || p.ID == n.cfg.ID
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Addr)})
	}
	if !self {
		return fmt.Errorf("node: the list of first members does not contain this node, %s", n.cfg.ID)
	}
	if err := n.raft.BootstrapCluster(c).Error(); err != nil {
		return fmt.Errorf("node: beginning the network: %w", err)
	}
	return nil
}

// start starts the goroutines.
func (n *Node) start() {
	n.notices = newNotices(n.leader.self, n.transport, n.members, n.termAt)
	n.clock = newNetClock(n.cfg.Clock, n.clocksAgree)
	n.proposer = newProposer(n)
	n.throttle = newThrottle(n.proposer.add)
	n.index = &indexReader{ask: n.askIndex, ctx: n.ctx, hold: n.cfg.HoldTimeout, wg: &n.wg}
	n.started.Store(true)
	for _, run := range []func(){
		n.notices.run, n.proposer.run, n.throttle.run, n.watchLeader, n.tick, n.becomeReady,
	} {
		n.wg.Go(run)
	}
	go n.proposer.resolve() // waited for by shutdown, within reason
	if n.cfg.Join != "" {
		n.wg.Go(n.join)
	}
	n.listener.wg.Go(n.listener.run)
}

// abandon gives back what a failed open has taken.
func (n *Node) abandon() {
	n.cancel()
	if n.raft != nil {
		n.raft.Shutdown().Error() // the error of open is what matters
	}
	if n.transport != nil {
		n.transport.Close()
	}
	if n.listener != nil {
		n.listener.close()
	}
	if n.stores != nil {
		n.stores.Close()
	}
}

// fatal is the default of Config.Fatal: the node must not go on.
func fatal(log *slog.Logger) func(error) {
	return func(err error) {
		log.Error("the node stops at once", "error", err)
		os.Exit(1)
	}
}

// encodeEntry is encodeEntry with the node's compression.
func (n *Node) encodeEntry(inputs []ircserver.Input) ([]byte, error) {
	return encodeEntry(inputs, n.fsm.compression)
}

// entryResults are the numbers of an entry's inputs.
func entryResults(response any, inputs int) ([]ircserver.InputID, error) {
	switch r := response.(type) {
	case appliedEntry:
		ids := make([]ircserver.InputID, inputs)
		for i := range ids {
			ids[i] = r.First + ircserver.InputID(i)
		}
		return ids, nil
	case error:
		return nil, fmt.Errorf("%w: %w", ErrOutOfService, r)
	}
	return nil, fmt.Errorf("node: the replica answered %T", response)
}

// HTTPListener returns the listener of all connections that are not peers', after their TLS handshake: h2 or http/1.1.
func (n *Node) HTTPListener() net.Listener { return n.listener.http }

// Outputs returns the replica's output stream.
func (n *Node) Outputs() *outputstream.Stream { return n.fsm.out }

// Stream opens a session's output after an id. There is one reader per session and node: a newer one ends the older.
// ErrNoSession is returned for a session that does not exist.
func (n *Node) Stream(ctx context.Context, sid ircserver.SessionID, after ircserver.OutputID) (*outputstream.Reader, error) {
	if err := n.Ready(); err != nil {
		return nil, err
	}
	if _, err := n.known(ctx, sid); err != nil && !errors.Is(err, ErrNoSession) { // the stream knows of ended sessions
		return nil, err
	}
	r, err := n.fsm.out.Open(sid, after)
	if errors.Is(err, outputstream.ErrNoSession) {
		return nil, ErrNoSession
	}
	return r, err
}

// Follow is Stream for a gateway's link, or for one of its users who has a stream of its own, with the link's secret. The
// reader goes on behind what is no longer retained; see outputstream.Stream.Follow. ErrNotGateway is returned for other
// sessions.
func (n *Node) Follow(ctx context.Context, sid ircserver.SessionID, auth string, after ircserver.OutputID) (*outputstream.Reader, error) {
	if err := n.AuthenticateReader(ctx, sid, auth); err != nil {
		return nil, err
	}
	if info, ok := n.fsm.session(sid); !ok || info.Gateway == "" {
		// This replica may be behind what made it one, which the client knows to be committed.
		if err := n.catchUp(ctx); err != nil {
			return nil, err
		}
		if info, ok = n.fsm.session(sid); ok && info.Gateway == "" {
			return nil, ErrNotGateway
		}
	}
	if err := n.Ready(); err != nil {
		return nil, err
	}
	r, err := n.fsm.out.Follow(sid, after)
	if errors.Is(err, outputstream.ErrNoSession) {
		return nil, ErrNoSession
	}
	return r, err
}

// PasswordGate checks the network password, slowing down sources that get it wrong.
func (n *Node) PasswordGate() *PasswordGate { return n.gate }

// ReloadTLS reads the certificate, key and CA again.
func (n *Node) ReloadTLS() error { return n.certs.reload() }

// Done is closed when the node begins to stop serving: streams must end.
func (n *Node) Done() <-chan struct{} { return n.done }
