package outputstream

import (
	"context"
	"fmt"
	"io"
	"sort"

	"robustirc/core/ircserver"
)

// MaxItems bounds what one Take or Next returns; the rest follows with the next call, at once.
const MaxItems = 256

// Item is one line for the reader's session: what is shown is Output.AppendFor(dst, Caps).
type Item struct {
	*ircserver.Output
	Caps ircserver.Caps
}

// Reader returns the lines of one session in order. One goroutine uses it at a time, except for Close.
type Reader struct {
	s  *Stream
	id ircserver.SessionID

	wake chan struct{} // signalled when dirty was set and group is nil

	// The rest belongs to Stream.mu.
	q     *queue
	seq   uint64             // in q: the next entry to return
	after ircserver.OutputID // the last output returned, or where the reader started
	ended bool               // the session's last line was returned
	dirty bool               // it was marked since the last Take
	group *Group
	err   error // why it stopped
	lossy bool  // it states gaps and goes on
}

// Open returns a reader of a session's lines after the given id (zero: from the beginning). An older reader of the
// session fails with ErrSuperseded. after may be ahead of this node: what it has seen elsewhere is not repeated.
func (s *Stream) Open(id ircserver.SessionID, after ircserver.OutputID) (*Reader, error) {
	return s.open(id, after, false)
}

// Follow is Open for a reader that goes on behind what has been trimmed: Take and Next return *Gap once, and then what
// is retained.
func (s *Stream) Follow(id ircserver.SessionID, after ircserver.OutputID) (*Reader, error) {
	return s.open(id, after, true)
}

func (s *Stream) open(id ircserver.SessionID, after ircserver.OutputID, lossy bool) (*Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[id]
	if q == nil || q.ended && !after.Less(s.lastID(q)) {
		return nil, ErrNoSession
	}
	gap := after.Less(q.trimmed)
	if gap && !lossy {
		return nil, ErrGap
	}
	if q.reader != nil {
		q.reader.stop(ErrSuperseded)
	}
	r := &Reader{s: s, id: id, wake: make(chan struct{}, 1), after: after, lossy: lossy}
	r.attach(q)
	if gap || r.seq < q.tail {
		r.remark()
	}
	return r, nil
}

// Session is whose lines r returns.
func (r *Reader) Session() ircserver.SessionID { return r.id }

// Close ends the reader; a pending or later call returns ErrClosed. It may be called at any time, also twice.
func (r *Reader) Close() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.stop(ErrClosed)
}

// Next waits for lines and returns those that are pending, at most MaxItems; the slice is valid until the next call.
// After the session's last line was returned it returns io.EOF; it may also fail with ErrGap, ErrSuperseded, ErrClosed
// or the context's error.
func (r *Reader) Next(ctx context.Context) ([]Item, error) {
	var items []Item
	for {
		var err error
		if items, err = r.Take(items); err != nil || len(items) > 0 {
			return items, err
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Gap is what a reader of Follow returns instead of ErrGap: the lines after After, up to Until, are no longer retained.
type Gap struct{ After, Until ircserver.OutputID }

func (g *Gap) Error() string {
	return fmt.Sprintf("outputstream: lines after %v up to %v are no longer retained", g.After, g.Until)
}

// Unwrap makes it an ErrGap.
func (g *Gap) Unwrap() error { return ErrGap }

// Ready is signalled when Take has something to return, unless r is in a Group.
func (r *Reader) Ready() <-chan struct{} { return r.wake }

// Take appends what is pending to items, at most MaxItems, without waiting. It returns items unchanged when nothing
// is, and the errors of Next.
func (r *Reader) Take(items []Item) ([]Item, error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.dirty = false
	switch {
	case r.err != nil:
		return items, r.err
	case r.ended:
		return items, r.stop(io.EOF)
	case r.after.Less(r.q.trimmed):
		return items, r.gap()
	}
	r.seq = max(r.seq, r.q.head)
	for n := 0; r.seq < r.q.tail && n < MaxItems; r.seq++ {
		e := r.q.at(r.seq)
		o := r.s.output(r.s.position(e))
		if r.after.Less(o.ID) {
			items = append(items, Item{o, e.caps})
			r.after = o.ID
			n++
		}
	}
	r.more()
	return items, nil
}

// more notes whether there is more to return.
func (r *Reader) more() {
	r.ended = r.q.ended && r.seq == r.q.tail
	if r.ended || r.seq < r.q.tail {
		r.remark()
	}
}

// gap is what becomes of a reader that has missed lines.
func (r *Reader) gap() error {
	if !r.lossy {
		return r.stop(ErrGap)
	}
	gap := &Gap{After: r.after, Until: r.q.trimmed}
	r.after, r.seq = gap.Until, max(r.seq, r.q.head)
	r.more()
	return gap
}

// attach positions r in a queue, behind r.after.
func (r *Reader) attach(q *queue) {
	s := r.s
	n := sort.Search(q.len(), func(i int) bool {
		return r.after.Less(s.output(s.position(q.at(q.head + uint64(i)))).ID)
	})
	r.q, r.seq = q, q.head+uint64(n)
	q.reader = r
}

// stop makes r fail with err from now on, unless it has failed already, and wakes it.
func (r *Reader) stop(err error) error {
	if r.err == nil {
		r.err = err
		if r.q.reader == r {
			r.q.reader = nil
		}
		r.q = nil
		r.remark()
	}
	return r.err
}

// remark marks r outside of Append: it still has something to return.
func (r *Reader) remark() {
	if r.dirty {
		return
	}
	r.dirty = true
	if r.group == nil {
		signal(r.wake)
		return
	}
	if r.group.add(r) {
		signal(r.group.wake)
	}
}

// lastID is the id of the newest output ever filed for q.
func (s *Stream) lastID(q *queue) ircserver.OutputID {
	if q.len() == 0 {
		return q.trimmed
	}
	return s.output(s.position(q.at(q.tail - 1))).ID
}
