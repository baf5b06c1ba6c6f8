package node

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// transportTimeout bounds one raft request to a peer, and dialling it.
	transportTimeout = 3 * time.Second
	transportPool    = 3 // idle connections kept per peer
)

// raftStreams is raft's stream layer over the node's one listener.
type raftStreams struct {
	*connQueue
	advertised raft.ServerAddress
	dial       func(ctx context.Context, addr string, kind streamKind) (net.Conn, error)
}

// Dial implements raft.StreamLayer.
func (s *raftStreams) Dial(addr raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return s.dial(ctx, string(addr), streamRaft)
}

// transport is raft's transport, counting what fails.
type transport struct {
	*raft.NetworkTransport
	addr    raft.ServerAddress // advertised
	metrics *metrics
}

func newTransport(streams *raftStreams, log *raftLogger, m *metrics) *transport {
	return &transport{raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Logger: log, Stream: streams, MaxPool: transportPool, Timeout: transportTimeout,
	}), streams.advertised, m}
}

// LocalAddr is the advertised address: what peers know this node by.
func (t *transport) LocalAddr() raft.ServerAddress { return t.addr }

// count counts an error of a request to a peer.
func (t *transport) count(id raft.ServerID, kind string, err error) error {
	if err != nil {
		t.metrics.transportErrors.WithLabelValues(string(id), kind).Inc()
	}
	return err
}

// request makes a request, again when it found a connection from the pool dead: the peer was restarted since. Without
// that a vote would be lost, and with it an election, that is half a second. All of raft's requests may be repeated.
func (t *transport) request(id raft.ServerID, kind string, do func() error) error {
	err := do()
	for tries := 0; tries < transportPool && isDeadConn(err); tries++ {
		err = do()
	}
	return t.count(id, kind, err)
}

// isDeadConn reports whether an error says that the other side has closed the connection.
func isDeadConn(err error) bool {
	for _, dead := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, dead) {
			return true
		}
	}
	return false
}

// AppendEntriesPipeline implements raft.Transport.
func (t *transport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, target)
	return p, t.count(id, "pipeline", err)
}

// AppendEntries implements raft.Transport.
func (t *transport) AppendEntries(id raft.ServerID, target raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.request(id, "append", func() error { return t.NetworkTransport.AppendEntries(id, target, req, resp) })
}

// RequestVote implements raft.Transport.
func (t *transport) RequestVote(id raft.ServerID, target raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return t.request(id, "vote", func() error { return t.NetworkTransport.RequestVote(id, target, req, resp) })
}

// RequestPreVote implements raft.WithPreVote.
func (t *transport) RequestPreVote(id raft.ServerID, target raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return t.request(id, "prevote", func() error { return t.NetworkTransport.RequestPreVote(id, target, req, resp) })
}

// TimeoutNow implements raft.Transport.
func (t *transport) TimeoutNow(id raft.ServerID, target raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return t.request(id, "transfer", func() error { return t.NetworkTransport.TimeoutNow(id, target, req, resp) })
}
