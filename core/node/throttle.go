package node

import (
	"container/heap"
	"sync"
	"time"

	"robustirc/core/ircserver"
)

// The backlog that a throttled session may build up, at the leader as well as at the node it posts to; more is a flood.
const (
	backlogLines = 512
	backlogBytes = 64 << 10
)

// throttle spaces the lines of each session: a line may follow the one before it after 1, 2, 4 … ms, up to the
// configured cooloff; after a cooloff of silence the next line passes at once and the count starts over. It works at
// the leader, so that changing nodes does not help. The order within a session is kept; a delayed line holds up nobody
// else. It is safe for concurrent use.
type throttle struct {
	pass func(...item) // takes what may go on
	now  func() time.Time

	mu       sync.Mutex
	sessions map[ircserver.SessionID]*bucket
	due      dueHeap
	wake     chan struct{} // holds a token when the head of due may have changed
	stop     chan struct{}
}

// bucket is one session's recent past and its waiting lines.
type bucket struct {
	session ircserver.SessionID
	cooloff time.Duration
	step    uint      // how many lines followed each other without silence
	last    time.Time // when the last line passed
	queue   []waiting
	bytes   int
	at      time.Time // when the head of queue may pass; meaningful while it is in the heap
	flooded bool      // its session is being closed: everything is refused
}

type waiting struct {
	item
	arrived time.Time
}

func newThrottle(pass func(...item)) *throttle {
	return &throttle{
		pass: pass, now: time.Now, sessions: map[ircserver.SessionID]*bucket{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// add takes one line of a session that is throttled. It returns ErrFlood when the session's backlog overflows, then
// and for all further lines; the line is then not taken.
func (t *throttle) add(it item, cooloff time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := it.input()
	b := t.sessions[in.Session]
	if b == nil {
		b = &bucket{session: in.Session}
		t.sessions[in.Session] = b
	}
	b.cooloff = cooloff
	now := t.now()
	switch {
	case b.flooded:
		return ErrFlood
	case len(b.queue) == 0 && !b.next(now).After(now):
		b.pass(now)
		t.pass(it)
		return nil
	case len(b.queue) >= backlogLines || b.bytes+len(in.Text) > backlogBytes:
		b.flooded, b.last = true, now
		t.drop(b)
		return ErrFlood
	}
	b.queue = append(b.queue, waiting{it, now})
	b.bytes += len(in.Text)
	if len(b.queue) == 1 {
		t.schedule(b)
	}
	return nil
}

// next is when a line that arrived then may pass, behind all that passed before.
func (b *bucket) next(arrived time.Time) time.Time {
	if b.last.IsZero() || arrived.Sub(b.last) > b.cooloff {
		return arrived
	}
	return b.last.Add(min(b.cooloff, time.Millisecond<<min(b.step, 20)))
}

// pass records that a line passed.
func (b *bucket) pass(now time.Time) {
	if now.Sub(b.last) > b.cooloff {
		b.step = 0
	} else {
		b.step++
	}
	b.last = now
}

// schedule puts b into the heap for its first line.
func (t *throttle) schedule(b *bucket) {
	b.at = b.next(b.queue[0].arrived)
	heap.Push(&t.due, b)
	if t.due[0] == b {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// run lets lines pass when they are due, until close.
func (t *throttle) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(t.release())
		select {
		case <-timer.C:
		case <-t.wake:
		case <-t.stop:
			t.fail(errRetry)
			return
		}
	}
}

// release lets pass what is due and returns how long until the next is.
func (t *throttle) release() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for len(t.due) > 0 {
		b := t.due[0]
		if wait := b.at.Sub(now); wait > 0 {
			return wait
		}
		heap.Pop(&t.due)
		head := b.queue[0]
		b.queue = b.queue[1:]
		b.bytes -= len(head.input().Text)
		b.pass(now)
		t.pass(head.item)
		if len(b.queue) > 0 {
			t.schedule(b)
		} else {
			b.queue = nil
		}
	}
	return time.Hour
}

// sweep forgets sessions that have been silent for a cooloff. It returns how many are waiting.
func (t *throttle) sweep() (delayed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for id, b := range t.sessions {
		switch {
		case len(b.queue) > 0:
			delayed++
		case now.Sub(b.last) > b.cooloff:
			delete(t.sessions, id)
		}
	}
	return delayed
}

// fail gives back everything that waits: this node no longer leads.
func (t *throttle) fail(err error) {
	t.mu.Lock()
	var items []item
	for _, b := range t.sessions {
		for _, w := range b.queue {
			items = append(items, w.item)
		}
	}
	t.sessions, t.due = map[ircserver.SessionID]*bucket{}, nil
	t.mu.Unlock()
	failAll(items, err)
}

// drop refuses everything that b has waiting.
func (t *throttle) drop(b *bucket) {
	for _, w := range b.queue {
		w.fail(ErrFlood)
	}
	b.queue, b.bytes = nil, 0
	for i, other := range t.due {
		if other == b {
			heap.Remove(&t.due, i)
			return
		}
	}
}

// close makes run return.
func (t *throttle) close() { close(t.stop) }

// dueHeap orders buckets by when their first line may pass.
type dueHeap []*bucket

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(*bucket)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
