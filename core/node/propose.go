package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"robustirc/core/ircserver"
)

// committed is what became of a group of inputs.
type committed struct {
	ids   []ircserver.InputID
	index uint64 // the raft index of the last of them
}

// The waits between attempts to find a leader that takes inputs.
const (
	firstRetryWait = 2 * time.Millisecond
	maxRetryWait   = 100 * time.Millisecond
	strandedCheck  = 500 * time.Millisecond
)

// propose hands inputs to the leader, whoever that is, and waits until they are committed. While there is no leader,
// and when the outcome of an attempt is unknown, it tries again: inputs must be such that this does no harm (lines
// carry message ids, deleting twice is deleting, a session created twice and never used times out).
func (n *Node) propose(ctx context.Context, inputs []ircserver.Input) (committed, error) {
	if len(inputs) == 0 {
		return committed{}, errors.New("a proposal without inputs")
	}
	ctx, cancel := context.WithTimeout(ctx, n.holdTimeout(len(inputs)))
	defer cancel()
	wait := firstRetryWait
	for {
		leader := n.leader.get()
		done, err := n.attempt(ctx, &leader, inputs)
		if err == nil || !errors.Is(err, errRetry) {
			return done, err
		}
		n.metrics.proposalRetries.Inc()
		if err := n.waitForLeader(ctx, &leader, wait); err != nil {
			return committed{}, err
		}
		wait = min(2*wait, maxRetryWait)
	}
}

// holdTimeout is how long so many inputs are held: what the throttle may delay them comes on top.
func (n *Node) holdTimeout(inputs int) time.Duration {
	return n.cfg.HoldTimeout + time.Duration(inputs)*n.fsm.networkConfig().PostMessageCooloff
}

// waitForLeader waits until another attempt may go better.
func (n *Node) waitForLeader(ctx context.Context, leader *leadership, wait time.Duration) error {
	if leader.none() {
		wait = strandedCheck // only a leader's arrival helps, or to know that others have one
	}
	retry := time.NewTimer(wait)
	defer retry.Stop()
	select {
	case <-leader.changed:
		return nil
	case <-retry.C:
		if n.stranded() {
			return errStranded
		}
		return nil
	case <-n.stopping:
		return fmt.Errorf("%w: the node is stopping", ErrOutOfService)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ErrNoLeader
		}
		return ctx.Err()
	}
}

// attempt hands inputs to the present leader. errRetry says that they were not taken, or that nobody knows.
func (n *Node) attempt(ctx context.Context, leader *leadership, inputs []ircserver.Input) (committed, error) {
	switch {
	case leader.self:
		return n.attemptHere(ctx, inputs)
	case leader.none():
		return committed{}, errRetry
	}
	return n.forward(ctx, leader, inputs)
}

// attemptHere proposes on this node.
func (n *Node) attemptHere(ctx context.Context, inputs []ircserver.Input) (committed, error) {
	finished := make(chan struct{})
	c := newCall(inputs, func(*call) { close(finished) })
	n.admit(c)
	select {
	case <-finished:
		return committed{c.results, c.index}, c.err
	case <-n.stopping:
		return committed{}, errRetry
	case <-ctx.Done():
		return committed{}, holdError(ctx)
	}
}

// holdError is what a caller is told whose inputs were handed in but not heard of in time.
func holdError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrNoLeader
	}
	return ctx.Err()
}

// admit takes a call at the leader: throttled lines wait for their turn, everything else is proposed at once, and together.
func (n *Node) admit(c *call) {
	cooloff := n.fsm.networkConfig().PostMessageCooloff
	if cooloff <= 0 || !slices.ContainsFunc(c.inputs, n.isThrottled) {
		n.proposer.add(c.items()...)
		return
	}
	for _, it := range c.items() {
		if !n.isThrottled(*it.input()) {
			n.proposer.add(it)
			continue
		}
		if err := n.throttle.add(it, cooloff); err != nil {
			it.fail(err)
		}
	}
}

// isThrottled reports whether an input has to wait for its turn. A session that is not known here is not throttled: the
// node that it posts to knows it, so this leader, elected just after its start, has not applied all of the log yet.
func (n *Node) isThrottled(in ircserver.Input) bool {
	if in.Kind != ircserver.KindLine {
		return false
	}
	info, ok := n.fsm.session(in.Session)
	return ok && !isUnthrottled(&info)
}

// forward sends inputs to the leader.
func (n *Node) forward(ctx context.Context, leader *leadership, inputs []ircserver.Input) (committed, error) {
	n.metrics.forwarded.Add(float64(len(inputs)))
	// A leader that hangs must not hold what the next one could take: its replacement aborts the call.
	reply, err := n.peers.to(string(leader.addr)).call(ctx, leader.changed, methodPropose, ircserver.EncodeBatch(nil, inputs))
	var said *remoteError
	switch {
	case err == nil:
		return decodeCommitted(reply, len(inputs))
	case errors.As(err, &said):
		return committed{}, err
	}
	return committed{}, fmt.Errorf("%w: %w", errRetry, err) // the outcome is unknown; the caller's context ends the hold
}

// appendCommitted encodes the reply to methodPropose: index, then the inputs' numbers.
func appendCommitted(dst []byte, c *call) []byte {
	dst = binary.AppendUvarint(dst, c.index)
	for _, id := range c.results {
		dst = binary.AppendUvarint(dst, uint64(id))
	}
	return dst
}

func decodeCommitted(b []byte, inputs int) (committed, error) {
	index, b, err := takeUvarint(b)
	if err != nil {
		return committed{}, err
	}
	c := committed{ids: make([]ircserver.InputID, inputs), index: index}
	for i := range c.ids {
		var id uint64
		if id, b, err = takeUvarint(b); err != nil {
			return committed{}, err
		}
		c.ids[i] = ircserver.InputID(id)
	}
	return c, nil
}

var errShortReply = errors.New("a peer's message is too short")

func takeUvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errShortReply
	}
	return v, b[n:], nil
}
