package node

import (
	"context"
	"errors"
	"net"

	"robustirc/core/ircserver"
)

// Node is one running node. All methods are safe for concurrent use.
type Node struct {
	cfg Config
}

// Open starts a node and returns once its log is open and it is a member of a cluster, or is asking to become one. It
// may not be ready to serve yet: see Ready.
func Open(cfg Config) (*Node, error) { return nil, errors.ErrUnsupported }

// HTTPListener returns the listener of all connections that are not peers', after their TLS handshake: h2 or http/1.1.
func (n *Node) HTTPListener() net.Listener { return nil }

// Create makes a session. It returns ErrTooManySessions or ErrBanned when the network refuses it.
func (n *Node) Create(ctx context.Context, req CreateRequest) (Created, error) {
	return Created{}, errors.ErrUnsupported
}

// Authenticate checks a session's secret in constant time; ErrNoSession when the session is unknown or the secret is
// wrong. A node that does not know the session first catches up with the leader.
func (n *Node) Authenticate(ctx context.Context, sid ircserver.SessionID, auth string) error {
	return errors.ErrUnsupported
}

// Post hands in lines of a session, in order, and returns once all of them are committed, that is on the disks of a
// majority. Posts of one session through one node happen one after the other. While there is no leader they wait.
// Lines without an ID get one, so that nothing happens twice however often the node itself has to retry; a caller that
// retries a line after an error must use the same ID.
func (n *Node) Post(ctx context.Context, sid ircserver.SessionID, remote string, lines []Line) error {
	return errors.ErrUnsupported
}

// Delete ends a session. Deleting a session that has ended is no error.
func (n *Node) Delete(ctx context.Context, sid ircserver.SessionID, quit string) error {
	return errors.ErrUnsupported
}

// Kill ends a session in the name of the network's operators.
func (n *Node) Kill(ctx context.Context, sid ircserver.SessionID, reason string) error {
	return errors.ErrUnsupported
}

// NetworkConfig returns the network configuration as of the last applied entry. It must not be changed.
func (n *Node) NetworkConfig() *ircserver.Config { return nil }

// SetNetworkConfig replaces the network configuration; ErrRevision when its revision is no longer basedOn.
func (n *Node) SetNetworkConfig(ctx context.Context, basedOn uint64, cfg ircserver.Config) error {
	return errors.ErrUnsupported
}

// Servers returns the host:port of all members.
func (n *Node) Servers() []string { return nil }

// LeaderAddr returns the leader's host:port, or "" while there is none.
func (n *Node) LeaderAddr() string { return "" }

// IsLeader reports whether this node leads.
func (n *Node) IsLeader() bool { return false }

// AddPeer admits a member; ErrQuorum when the new quorum would not be healthy.
func (n *Node) AddPeer(ctx context.Context, id, addr string) error { return errors.ErrUnsupported }

// RemovePeer removes a member; ErrQuorum when the healthy rest would not be a quorum.
func (n *Node) RemovePeer(ctx context.Context, id string) error { return errors.ErrUnsupported }

// TransferLeadership hands leadership to another member; it returns once this node no longer leads.
func (n *Node) TransferLeadership(ctx context.Context) error { return errors.ErrUnsupported }

// Snapshot takes a snapshot now and compacts the log.
func (n *Node) Snapshot(ctx context.Context) error { return errors.ErrUnsupported }

// Status describes the node and its cluster.
func (n *Node) Status() Status { return Status{} }

// Ready returns nil while the node serves, otherwise an error that wraps ErrOutOfService and says why.
func (n *Node) Ready() error { return errors.ErrUnsupported }

// ReloadTLS reads the certificate, key and CA again.
func (n *Node) ReloadTLS() error { return errors.ErrUnsupported }

// Shutdown hands over leadership, lets posts in flight finish, ends streams and stops. It returns early with ctx's
// error when ctx is done, having stopped all the same.
func (n *Node) Shutdown(ctx context.Context) error { return errors.ErrUnsupported }

// Done is closed when the node begins to stop serving.
func (n *Node) Done() <-chan struct{} { return nil }
