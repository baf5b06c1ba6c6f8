package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// drainTimeout is how long a stopping node waits for the posts that are under way.
	drainTimeout = 5 * time.Second
	// resolveTimeout is how long it waits, after raft has stopped, for raft to say what became of the last entries.
	resolveTimeout = time.Second
)

// enter counts a call as under way; leave must follow.
func (n *Node) enter() error {
	if n.quarantined.Load() != nil || !n.calls.enter() {
		return n.notReady()
	}
	return nil
}

func (n *Node) leave() { n.calls.leave() }

// endService makes streams end. The node still forwards posts.
func (n *Node) endService() { n.endOnce.Do(func() { close(n.done) }) }

// Shutdown hands over leadership, lets posts in flight finish, ends streams and stops. When ctx is done it stops all
// the same, without waiting for others; with a ctx that is done from the start it stops as abruptly as a process can
// from within.
func (n *Node) Shutdown(ctx context.Context) error {
	n.stopOnce.Do(func() { n.stopErr = n.shutdown(ctx) })
	return n.stopErr
}

func (n *Node) shutdown(ctx context.Context) error {
	var errs []error
	if ctx.Err() == nil && n.raft.State() == raft.Leader && len(n.members()) > 1 {
		if err := n.TransferLeadership(ctx); err != nil {
			n.log.Warn("stopping without a successor", "error", err)
		}
	}
	if err := n.calls.close(ctx, drainTimeout); err != nil {
		errs = append(errs, err)
	}
	n.endService()
	close(n.stopping)
	n.cancel()
	n.notices.close()
	n.throttle.close()
	if err := n.raft.Shutdown().Error(); err != nil {
		errs = append(errs, fmt.Errorf("stopping raft: %w", err))
	}
	n.proposer.close()
	select {
	case <-n.proposer.idle:
	case <-time.After(resolveTimeout):
	}
	n.transport.CloseStreams()
	n.transport.Close()
	if err := n.transport.heartbeats.close(context.Background(), drainTimeout); err != nil {
		errs = append(errs, fmt.Errorf("a heartbeat was still being handled: %w", err))
	}
	n.peers.close()
	n.listener.close()
	n.wg.Wait()
	if err := n.stores.Close(); err != nil {
		errs = append(errs, fmt.Errorf("closing the stores: %w", err))
	}
	return errors.Join(errs...)
}

// gateCounter counts calls under way and can be closed. It is safe for concurrent use.
type gateCounter struct {
	mu     sync.Mutex
	n      int
	closed bool
	zero   chan struct{} // closed when n is zero; nil while open
}

func (g *gateCounter) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.n++
	return true
}

func (g *gateCounter) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.n == 0 && g.closed {
		close(g.zero)
	}
}

// close refuses further calls and waits for those under way.
func (g *gateCounter) close(ctx context.Context, timeout time.Duration) error {
	g.mu.Lock()
	g.closed, g.zero = true, make(chan struct{})
	if g.n == 0 {
		close(g.zero)
	}
	g.mu.Unlock()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-g.zero:
		return nil
	case <-timer.C:
		return errors.New("requests were still under way when the node stopped; their clients will repeat them elsewhere")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isClosed reports whether calls are refused.
func (g *gateCounter) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}
