package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// Status is what a node knows about itself and its cluster, for status pages and metrics.
type Status struct {
	ID, Addr, Version string
	// State is raft's: Follower, Candidate, Leader or Shutdown.
	State      string
	LeaderID   string
	LeaderAddr string
	Term       uint64
	// LastLog, Commit and Applied are raft indexes.
	LastLog, Commit, Applied uint64
	// LastContact is when a follower last heard from the leader; zero on the leader.
	LastContact time.Time
	// NotReady is why the node does not serve; empty while it serves.
	NotReady string
	Peers    []PeerStatus
	Started  time.Time
	Now      time.Time // the node's clock

	Sessions, Channels int
	Revision           uint64 // of the network configuration
	Inputs             ircserver.InputID
	// Digest is the newest digest of the replica's state, "<input> <state> <chain>": equal on all nodes at equal inputs.
	// Empty before the first.
	Digest string
}

// PeerStatus is one member as seen from this node.
type PeerStatus struct {
	ID, Addr string
	Self     bool
	// Suffrage is Voter or Nonvoter.
	Suffrage string
	// LastContact is when the member last answered a ping; zero when it never has.
	LastContact time.Time
	// Latency is the last ping's round trip.
	Latency time.Duration
	// ClockOffset is how far the member's clock is ahead of this node's, within the latency.
	ClockOffset time.Duration
	// Version is the member's program version, as it last said.
	Version string
	// Healthy says that the last ping was answered.
	Healthy bool
}

// leaderSilence is how long a node serves without hearing from a leader. It is longer than any election, so that an
// election does not end streams; a node that is cut off has them end in time for clients to go elsewhere.
const leaderSilence = 20 * time.Second

// Ready returns nil while the node serves, otherwise an error that wraps ErrOutOfService and says why.
func (n *Node) Ready() error {
	if n.quarantined.Load() != nil || n.calls.isClosed() || !n.caughtUp.Load() {
		return n.notReady()
	}
	if n.peers.disowned() {
		return fmt.Errorf("%w: this node was removed from the network: stop it and delete its data directory", ErrOutOfService)
	}
	if n.stranded() {
		return errStranded
	}
	if silence := n.silence(); silence > leaderSilence {
		return fmt.Errorf("%w: no leader has been heard of for %v: is a majority of the nodes running and connected, and is this node still a member?",
			ErrOutOfService, silence.Round(time.Second))
	}
	return nil
}

// strandedAfter is how long a node may be without a leader that others have; it is longer than an election, with the
// pings that tell of it.
const strandedAfter = 3 * time.Second

// errStranded says what stranded does, to operators.
var errStranded = fmt.Errorf("%w: other members have a leader that this node does not hear: check the network between them", ErrOutOfService)

// stranded reports whether other members have a leader and this node has none, for longer than an election takes: its
// clients are better off elsewhere. While nobody has a leader they are not.
func (n *Node) stranded() bool {
	leader := n.leader.get()
	return leader.none() && n.leader.since() > strandedAfter && n.peers.led()
}

// notReady is the error that says why the node does not serve.
func (n *Node) notReady() error {
	if reason := n.quarantined.Load(); reason != nil {
		return fmt.Errorf("%w: %s; %s", ErrOutOfService, *reason, repair)
	}
	if n.calls.isClosed() {
		return fmt.Errorf("%w: the node is stopping", ErrOutOfService)
	}
	return fmt.Errorf("%w: the node has not applied everything yet that was committed before it started", ErrOutOfService)
}

// silence is how long this node has not heard from a leader; zero at the leader.
func (n *Node) silence() time.Duration {
	if n.leader.get().self {
		return 0
	}
	last := n.raft.LastContact()
	if last.IsZero() { // never since it was started
		return n.leader.since()
	}
	return time.Since(last)
}

// becomeReady makes the node serve once it has applied everything that was committed when it started.
func (n *Node) becomeReady() {
	for n.ctx.Err() == nil {
		err := n.catchUp(n.ctx)
		if err == nil && n.unconfigured() { // a change by an operator would take the place of the first configuration
			err = errors.New("the leader has not given the new network its configuration yet")
		}
		if err == nil {
			n.caughtUp.Store(true)
			n.log.Info("ready", "applied", n.raft.AppliedIndex(), "took", n.cfg.Clock().Sub(n.startedAt))
			return
		}
		n.log.Info("not ready yet", "error", err)
		_ = sleepContext(n.ctx, time.Second)
	}
}

// Servers returns the host:port of all members.
func (n *Node) Servers() []string {
	members := n.members()
	addrs := make([]string, len(members))
	for i, s := range members {
		addrs[i] = string(s.Address)
	}
	return addrs
}

// LeaderAddr returns the leader's host:port, or "" while there is none.
func (n *Node) LeaderAddr() string {
	l := n.leader.get()
	return string(l.addr)
}

// IsLeader reports whether this node leads.
func (n *Node) IsLeader() bool {
	l := n.leader.get()
	return l.self
}

// Snapshot takes a snapshot now and compacts the log.
func (n *Node) Snapshot(ctx context.Context) error {
	err := wait(ctx, n.raft.Snapshot())
	if err != nil && !errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return fmt.Errorf("taking a snapshot: %w", err)
	}
	return nil
}

// Status describes the node and its cluster.
func (n *Node) Status() Status {
	leader := n.leader.get()
	s := Status{
		ID: n.cfg.ID, Addr: n.cfg.Advertise, Version: n.cfg.Version, State: n.raft.State().String(),
		LeaderID: string(leader.id), LeaderAddr: string(leader.addr), Term: n.raft.CurrentTerm(),
		LastLog: n.raft.LastIndex(), Commit: n.raft.CommitIndex(), Applied: n.raft.AppliedIndex(),
		Started: n.startedAt, Now: n.cfg.Clock(), Revision: n.NetworkConfig().Revision, Peers: n.peerStatus(),
	}
	if !leader.self {
		s.LastContact = n.raft.LastContact()
	}
	if err := n.Ready(); err != nil {
		s.NotReady = err.Error()
	}
	_, _, s.Inputs = n.fsm.applied()
	if d := n.fsm.digests.last(); d.Input > 0 {
		s.Digest = fmt.Sprintf("%d %x %08x", d.Input, d.State, d.Chain)
	}
	n.fsm.view(func(m *ircserver.Server) { s.Sessions, s.Channels = m.Counts() })
	return s
}

// Sessions lists the network's sessions in ascending order.
func (n *Node) Sessions() (all []ircserver.SessionInfo) {
	n.fsm.view(func(m *ircserver.Server) { all = m.Sessions() })
	return all
}

func (n *Node) peerStatus() []PeerStatus {
	members := n.members()
	all := make([]PeerStatus, len(members))
	for i, m := range members {
		all[i] = PeerStatus{ID: string(m.ID), Addr: string(m.Address), Suffrage: m.Suffrage.String()}
		p := &all[i]
		if m.ID == n.leader.self {
			p.Self, p.Healthy, p.Version = true, true, n.cfg.Version
			continue
		}
		h := n.peers.of(m.ID)
		p.LastContact, p.Latency, p.ClockOffset, p.Healthy, p.Version = h.lastContact, h.latency, h.offset, h.healthy, h.said.version
	}
	return all
}
