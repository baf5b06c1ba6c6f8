package outputstream

import (
	"cmp"
	"slices"

	"robustirc/core/ircserver"
)

// SessionMark is what a Tail says about a session: that it has a queue, and up to where it was trimmed.
type SessionMark struct {
	ID      ircserver.SessionID
	Trimmed ircserver.OutputID
	Ended   bool
}

// Tail is an immutable capture of what a stream retains, equal on every node that has applied the same log.
type Tail struct {
	// Sessions are the sessions with a queue, in ascending order.
	Sessions []SessionMark

	segments    []*segment
	base        uint64
	first, next uint64
	holes       int
}

// Len is the number of outputs.
func (t *Tail) Len() int { return int(t.next-t.first) - t.holes }

// All calls yield for each output, oldest first. The outputs must not be changed.
func (t *Tail) All(yield func(*ircserver.Output) bool) {
	for pos := t.first; pos < t.next; pos++ {
		o := &t.segments[(pos-t.base)/segmentLen].outs[pos%segmentLen]
		if o.ID != (ircserver.OutputID{}) && !yield(o) {
			return
		}
	}
}

// NewTail makes a tail from what a Tail was written as: its sessions, and outputs in order.
func NewTail(sessions []SessionMark, outs []ircserver.Output) *Tail {
	t := &Tail{Sessions: sessions, next: uint64(len(outs))}
	for len(outs) > 0 {
		seg := new(segment)
		n := copy(seg.outs[:], outs)
		outs = outs[n:]
		t.segments = append(t.segments, seg)
	}
	return t
}

// Tail captures what is retained. Lines are shared, not copied; it costs time in proportion to sessions and segments.
func (s *Stream) Tail() *Tail {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &Tail{segments: slices.Clone(s.segments), base: s.base, first: s.first, next: s.next, holes: s.holes}
	t.Sessions = make([]SessionMark, 0, len(s.queues))
	for _, q := range s.queues {
		t.Sessions = append(t.Sessions, SessionMark{ID: q.id, Trimmed: q.trimmed, Ended: q.ended})
	}
	slices.SortFunc(t.Sessions, func(a, b SessionMark) int { return cmp.Compare(a.ID, b.ID) })
	return t
}

// Restore replaces everything by a tail. Open readers go on after the last line they returned, without gap or repeat;
// those whose session is gone end with ErrGap, or io.EOF if they had returned its last line.
func (s *Stream) Restore(t *Tail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.queues
	s.queues = make(map[ircserver.SessionID]*queue, len(t.Sessions))
	s.segments, s.base, s.first, s.next, s.holes, s.bytes, s.lists = nil, 0, 0, 0, 0, 0, listUses{}
	for _, m := range t.Sessions {
		s.queues[m.ID] = &queue{id: m.ID, trimmed: m.Trimmed}
	}
	for o := range t.All {
		s.put(o)
	}
	for _, m := range t.Sessions {
		s.queues[m.ID].ended = m.Ended
	}
	for _, q := range old {
		if q.reader != nil {
			s.reattach(q.reader)
		}
	}
}

// reattach moves r to its session's queue after a Restore.
func (s *Stream) reattach(r *Reader) {
	q := s.queues[r.id]
	if q == nil || r.after.Less(q.trimmed) && !r.lossy {
		if !r.ended {
			r.stop(ErrGap)
		}
		return
	}
	r.attach(q)
	r.remark()
}
