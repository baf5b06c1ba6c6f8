package node

import (
	"time"

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
