package node

import (
	"context"
	"errors"
	"sync"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// progress is how far the replica has come. It is safe for concurrent use.
type progress struct {
	mu      sync.Mutex
	at      position
	changed chan struct{} // closed with the next change; nil while nobody waits
}

// set notes a new position and wakes who waits.
func (p *progress) set(at position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *progress) get() position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// wait waits until the raft index has been applied.
func (p *progress) wait(ctx context.Context, index uint64) error {
	for {
		changed := p.next(index)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// next returns nil when index has been applied, otherwise a channel that is closed with the next change.
func (p *progress) next(index uint64) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.index >= index {
		return nil
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// applied returns the index and term of the last raft entry whose inputs were applied and whose outputs were filed, and
// the number of the last input. Entries that are raft's own do not count.
func (f *fsm) applied() (index, term uint64, input ircserver.InputID) {
	at := f.progress.get()
	return at.index, at.term, at.input
}

// waitApplied waits until everything up to a raft index that raft has handed on (raft.AppliedIndex is at least as high)
// has been applied. Entries that are raft's own never reach the replica: for them it waits for the last one before that
// does.
func (f *fsm) waitApplied(ctx context.Context, index uint64) error {
	target, err := f.lastForUs(index)
	if err != nil {
		return err
	}
	return f.progress.wait(ctx, target)
}

// lastForUs returns the index of the last entry up to index that is given to the replica, or the applied index when
// that is at least as high.
func (f *fsm) lastForUs(index uint64) (uint64, error) {
	for ; index > f.progress.get().index; index-- {
		var l raft.Log
		err := f.logs.GetLog(index, &l)
		if errors.Is(err, raft.ErrLogNotFound) {
			continue // covered by a snapshot, which is restored as a whole
		}
		if err != nil {
			return 0, err
		}
		if l.Type == raft.LogCommand || l.Type == raft.LogConfiguration {
			return index, nil
		}
	}
	return index, nil
}
