package node

import (
	"context"
	"net"
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

// AppendEntriesPipeline implements raft.Transport.
func (t *transport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, target)
	return p, t.count(id, "pipeline", err)
}

// AppendEntries implements raft.Transport.
func (t *transport) AppendEntries(id raft.ServerID, target raft.ServerAddress, req *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	return t.count(id, "append", t.NetworkTransport.AppendEntries(id, target, req, resp))
}

// RequestVote implements raft.Transport.
func (t *transport) RequestVote(id raft.ServerID, target raft.ServerAddress, req *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return t.count(id, "vote", t.NetworkTransport.RequestVote(id, target, req, resp))
}

// RequestPreVote implements raft.WithPreVote.
func (t *transport) RequestPreVote(id raft.ServerID, target raft.ServerAddress, req *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return t.count(id, "prevote", t.NetworkTransport.RequestPreVote(id, target, req, resp))
}

// TimeoutNow implements raft.Transport.
func (t *transport) TimeoutNow(id raft.ServerID, target raft.ServerAddress, req *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return t.count(id, "transfer", t.NetworkTransport.TimeoutNow(id, target, req, resp))
}
