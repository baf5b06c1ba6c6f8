package node

import (
	"context"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// Propose hands in inputs as they are.
func (n *Node) Propose(ctx context.Context, inputs ...ircserver.Input) ([]ircserver.InputID, error) {
	done, err := n.propose(ctx, inputs)
	return done.ids, err
}

// Log returns all inputs in this node's log up to what it has applied, and what its state then hashes to.
func (n *Node) Log() (inputs []ircserver.Input, state Digest, err error) {
	n.fsm.mu.RLock()
	defer n.fsm.mu.RUnlock()
	state = takeDigest(n.fsm.machine)
	first, err := n.stores.log.FirstIndex()
	if err != nil {
		return nil, state, err
	}
	for i := first; i <= n.fsm.at.index; i++ {
		var l raft.Log
		if err := n.stores.log.GetLog(i, &l); err != nil {
			return nil, state, err
		}
		more, err := entryInputs(&l)
		if err != nil {
			return nil, state, err
		}
		inputs = append(inputs, more...)
	}
	return inputs, state, nil
}

// State is what this node's state hashes to.
func (n *Node) State() (d Digest) {
	n.fsm.view(func(m *ircserver.Server) { d = takeDigest(m) })
	return d
}

// Replay is what a bare machine's state hashes to after these inputs.
func Replay(inputs []ircserver.Input) Digest {
	m := ircserver.New(ircserver.DefaultConfig())
	for i := range inputs {
		m.Apply(&inputs[i])
	}
	return takeDigest(m)
}

// Damage changes this node's state behind the log's back.
func (n *Node) Damage() {
	n.fsm.mu.Lock()
	defer n.fsm.mu.Unlock()
	n.fsm.machine.Config().NetworkInfo = "damaged"
}

// ProposeDigest makes all nodes compute their digests.
func (n *Node) ProposeDigest() { n.proposeDigest(0) }

// LastDigest is the newest digest this node has computed.
func (n *Node) LastDigest() Digest { return n.fsm.digests.last() }

// CompareDigests compares this node's digests with its peers'.
func (n *Node) CompareDigests() { n.compareDigests() }

// Throttled is how many sessions the throttle remembers.
func (n *Node) Throttled() int {
	n.throttle.mu.Lock()
	defer n.throttle.mu.Unlock()
	return len(n.throttle.sessions)
}
