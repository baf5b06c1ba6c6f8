package outputstream

import (
	"context"
	"slices"
)

// Group lets one goroutine wait for many readers.
type Group struct {
	s     *Stream
	wake  chan struct{} // signalled when dirty got its first reader
	dirty []*Reader     // marked readers, each once; belongs to Stream.mu
}

// NewGroup returns a group without readers.
func (s *Stream) NewGroup() *Group {
	return &Group{s: s, wake: make(chan struct{}, 1)}
}

// Add makes g.Wait report r from now on, at once if it has something pending. Do not call r.Next afterwards.
func (g *Group) Add(r *Reader) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	r.group = g
	r.dirty = false
	if r.err != nil || r.ended || r.seq < r.q.tail {
		r.remark()
	}
}

// Wait returns the readers that may have something to return, each once; call Take on each. It also reports readers
// that have failed, including closed ones.
func (g *Group) Wait(ctx context.Context) ([]*Reader, error) {
	for {
		if ready := g.take(); len(ready) > 0 {
			return ready, nil
		}
		select {
		case <-g.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Ready is signalled when Wait would return at once: for those who wait for other things as well.
func (g *Group) Ready() <-chan struct{} { return g.wake }

func (g *Group) take() []*Reader {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	ready := slices.Clone(g.dirty)
	clear(g.dirty)
	g.dirty = g.dirty[:0]
	return ready
}
