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
	// A leader looks for a peer that is down every reviveInterval, and tells raft of the failure after reviveTimeout.
	// Raft itself waits longer with each failure, up to 10 s, and a node that is started again is of no use until then.
	reviveInterval = 50 * time.Millisecond
	reviveTimeout  = 30 * time.Second
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
	ctx     context.Context // of the node
	leads   func() bool

	heartbeats gateCounter // raft handles them on the connections' goroutines, which it does not wait for when it stops
}

func newTransport(n *Node, streams *raftStreams) *transport {
	return &transport{
		NetworkTransport: raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
			Logger: n.raftLogger("transport"), Stream: streams, MaxPool: transportPool, Timeout: transportTimeout,
		}),
		addr: streams.advertised, metrics: n.metrics, ctx: n.ctx,
		leads: func() bool { l := n.leader.get(); return l.self },
	}
}

// SetHeartbeatHandler implements raft.Transport. No heartbeat may reach the stores once they are closed.
func (t *transport) SetHeartbeatHandler(handle func(raft.RPC)) {
	t.NetworkTransport.SetHeartbeatHandler(func(rpc raft.RPC) {
		if !t.heartbeats.enter() {
			rpc.Respond(nil, ErrOutOfService)
			return
		}
		defer t.heartbeats.leave()
		handle(rpc)
	})
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

// revive repeats a request while nothing answers at the peer's address and this node leads.
func (t *transport) revive(do func() error) error {
	for end := time.Now().Add(reviveTimeout); ; {
		err := do()
		var dial *net.OpError
		if !errors.As(err, &dial) || dial.Op != "dial" || !t.leads() || time.Now().After(end) {
			return err
		}
		if sleepContext(t.ctx, reviveInterval) != nil {
			return err
		}
	}
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
	return t.request(id, "append", func() error {
		return t.revive(func() error { return t.NetworkTransport.AppendEntries(id, target, req, resp) })
	})
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
