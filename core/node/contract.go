package node

import (
	"errors"

	"robustirc/core/ircserver"
)

// Errors that the edges (core/api, core/bridge) tell apart.
var (
	// ErrNoSession is returned for a session that never existed, has ended, or whose secret is wrong.
	ErrNoSession = errors.New("node: no such session")
	// ErrTooManySessions is returned by Create when MaxSessions is reached.
	ErrTooManySessions = errors.New("node: the network's session limit is reached")
	// ErrTooManyNew is returned by Create when an address creates sessions too fast.
	ErrTooManyNew = errors.New("node: too many new sessions from this address")
	// ErrBanned is returned by Create and Post for a banned address.
	ErrBanned = errors.New("node: this address is banned")
	// ErrFlood is returned by Post when a session's backlog overflowed; the session is being closed.
	ErrFlood = errors.New("node: excess flood")
	// ErrLineTooLong is returned by Post for a line over the limit.
	ErrLineTooLong = errors.New("node: line too long")
	// ErrNotGateway is returned by Follow for a session that is no gateway's.
	ErrNotGateway = errors.New("node: not a gateway's session: is its name in the network's configuration, and its password right?")
	// ErrOwned is returned by Post for a gateway's user: what it does is posted on the gateway's link, so that the order of
	// what happens is certain.
	ErrOwned = errors.New("node: the session is a gateway's: its lines are posted on the link")
	// ErrRevision is returned by SetConfig when the configuration changed since the revision it was based on.
	ErrRevision = errors.New("node: the configuration was changed by somebody else")
	// ErrQuorum is returned when a change of membership would leave the cluster without a quorum of healthy nodes.
	ErrQuorum = errors.New("node: this would lose quorum")
	// ErrNoLeader is returned when no leader took the request within Config.HoldTimeout; it may still happen.
	ErrNoLeader = errors.New("node: no leader: is a majority of the nodes running and connected?")
	// ErrOutOfService is returned while the node must not serve: it is replaying, quarantined or shutting down.
	ErrOutOfService = errors.New("node: out of service")
)

// CreateRequest asks for a session.
type CreateRequest struct {
	// Remote is the client's IP address.
	Remote string
	// TLS says that the client's own connection is encrypted.
	TLS bool
	// Challenge demands that the client answers a PING with a random cookie before it may register (plain IRC).
	Challenge bool
}

// Created is a new session. Auth is its secret; the log holds only its hash.
type Created struct {
	Session ircserver.SessionID
	Auth    string // 256 hexadecimal characters
	Prefix  string // the server name
}

// Line is one line of a session; ID deduplicates retries (zero: never a retry). See ircserver.SequentialID.
type Line struct {
	ID   uint64
	Text string
}
