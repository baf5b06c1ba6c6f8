package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// catchUp returns once this node has applied everything that was committed before the call.
func (n *Node) catchUp(ctx context.Context) error {
	index, err := n.index.get(ctx)
	if err != nil {
		return fmt.Errorf("asking the leader how far the log goes: %w", err)
	}
	return n.waitApplied(ctx, index)
}

// appliedPoll is how often a node looks whether raft has come to an index. Entries that are raft's own do not reach the
// replica, so nothing tells when they have been passed.
const appliedPoll = time.Millisecond

// waitApplied waits until the replica has applied everything up to a committed index, which this node may not have
// received yet.
func (n *Node) waitApplied(ctx context.Context, index uint64) error {
	for n.raft.AppliedIndex() < index {
		if err := sleepContext(ctx, appliedPoll); err != nil {
			return err
		}
	}
	return n.fsm.waitApplied(ctx, index)
}

// waitOwn is waitApplied for an entry that carries inputs.
func (n *Node) waitOwn(ctx context.Context, index uint64) error {
	return n.fsm.progress.wait(ctx, index)
}

// askIndex asks the leader for its commit index, once; errRetry says that there is none at the moment.
func (n *Node) askIndex(ctx context.Context) (uint64, error) {
	leader := n.leader.get()
	switch {
	case leader.self:
		return n.leaderIndex(ctx)
	case n.stranded():
		return 0, errStranded
	case leader.none():
		return 0, errRetry
	}
	b, err := n.peers.to(string(leader.addr)).call(ctx, leader.changed, methodCommitIndex, nil)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errRetry, err)
	}
	index, _, err := takeUvarint(b)
	return index, err
}

// leaderIndex returns the commit index at the leader, having verified that it leads: everything acknowledged before
// the call is at or below it. errRetry says that this node does not lead.
func (n *Node) leaderIndex(ctx context.Context) (uint64, error) {
	// A new leader knows the commit index only once it has committed an entry of its own term.
	index := n.raft.CommitIndex()
	if term, err := n.termAt(index); err != nil || term != n.raft.CurrentTerm() {
		if err := wait(ctx, n.raft.Barrier(transportTimeout)); err != nil {
			return 0, fmt.Errorf("%w: %w", errRetry, err)
		}
		index = n.raft.CommitIndex()
	}
	if err := wait(ctx, n.raft.VerifyLeader()); err != nil {
		return 0, fmt.Errorf("%w: %w", errRetry, err)
	}
	return index, nil
}

// termAt is the term of a log entry.
func (n *Node) termAt(index uint64) (uint64, error) {
	var l raft.Log
	err := n.stores.log.GetLog(index, &l)
	return l.Term, err
}

// wait waits for a raft future. Raft resolves every future in the end, so its goroutine does not stay.
func wait(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// indexReader asks the leader for its commit index on behalf of many at once: who comes while a question is under way
// shares the next one, so however many clients ask for unknown sessions, the leader is asked one question at a time.
type indexReader struct {
	ask  func(context.Context) (uint64, error)
	ctx  context.Context // of the node
	hold time.Duration   // how long a question is repeated while there is no leader
	wg   *sync.WaitGroup

	mu      sync.Mutex
	next    *indexRound // those who wait for the next question
	running bool
}

type indexRound struct {
	done  chan struct{}
	index uint64
	err   error
}

// get returns the leader's commit index as of some moment after the call.
func (r *indexReader) get(ctx context.Context) (uint64, error) {
	r.mu.Lock()
	if r.next == nil {
		r.next = &indexRound{done: make(chan struct{})}
	}
	round := r.next
	if !r.running {
		r.running = true
		r.wg.Go(r.run)
	}
	r.mu.Unlock()
	select {
	case <-round.done:
		return round.index, round.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run asks as long as somebody waits.
func (r *indexReader) run() {
	for {
		r.mu.Lock()
		round := r.next
		r.next = nil
		if round == nil {
			r.running = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		round.index, round.err = r.askUntil()
		close(round.done)
	}
}

// askUntil repeats the question while there is no leader to answer it.
func (r *indexReader) askUntil() (uint64, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.hold)
	defer cancel()
	for {
		index, err := r.ask(ctx)
		if !errors.Is(err, errRetry) {
			return index, err
		}
		if sleepContext(ctx, maxRetryWait/4) != nil {
			return 0, fmt.Errorf("%w (%v)", ErrNoLeader, err)
		}
	}
}
