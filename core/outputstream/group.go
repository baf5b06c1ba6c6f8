package outputstream

import (
	"context"
	"sync"
)

// Group lets one goroutine wait for many readers.
type Group struct {
	wake chan struct{} // signalled when dirty got its first reader

	mu    sync.Mutex // taken under Stream.mu
	dirty []*Reader  // marked readers, each once
}

// NewGroup returns a group without readers.
func NewGroup() *Group { return &Group{wake: make(chan struct{}, 1)} }

// Add makes g report r from now on, at once if it has something pending. Do not call r.Next afterwards.
func (g *Group) Add(r *Reader) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.group = g
	r.dirty = false
	if r.err != nil || r.ended || r.seq < r.q.tail {
		r.remark()
	}
}

// Ready is signalled when Take has something to return.
func (g *Group) Ready() <-chan struct{} { return g.wake }

// Take appends the readers that may have something to return, each once; call Take on each. It also reports readers
// that have failed, including closed ones.
func (g *Group) Take(ready []*Reader) []*Reader {
	g.mu.Lock()
	defer g.mu.Unlock()
	ready = append(ready, g.dirty...)
	clear(g.dirty)
	g.dirty = g.dirty[:0]
	return ready
}

// Wait waits until Take has something and returns it.
func (g *Group) Wait(ctx context.Context) ([]*Reader, error) {
	for {
		if ready := g.Take(nil); len(ready) > 0 {
			return ready, nil
		}
		select {
		case <-g.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// add notes a marked reader and reports whether g must be signalled.
func (g *Group) add(r *Reader) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dirty = append(g.dirty, r)
	return len(g.dirty) == 1
}
