package outputstream

import (
	"errors"
	"sync"
	"time"

	"robustirc/core/ircserver"
)

// Errors of readers.
var (
	// ErrNoSession is returned by Open when the session does not exist, or has ended and the reader has seen its last line.
	ErrNoSession = errors.New("outputstream: no such session")
	// ErrGap is returned when lines the reader should have returned have been trimmed: the session cannot be resumed.
	ErrGap = errors.New("outputstream: lines this reader has not seen are no longer retained")
	// ErrSuperseded is returned to a reader when a newer one was opened for its session.
	ErrSuperseded = errors.New("outputstream: a newer reader was opened for this session")
	// ErrClosed is returned by a reader after its Close.
	ErrClosed = errors.New("outputstream: reader is closed")
)

// Limits bound what is retained.
type Limits struct {
	// Window is how old an output may be, against the newest one; zero is unlimited.
	Window time.Duration
	// Bytes is how much may be retained, as counted by cost; zero is unlimited.
	Bytes int
}

// What counts against Limits.Bytes beside the text: for an output the struct and its share of the segment, for each queue
// it is in an entry, and for each recipient its place in a list. Outputs share their lists; a list counts once, as long as
// any output with it is retained. Short ones are part of the overhead.
const (
	outputOverhead = 160
	entryCost      = 8
	recipientCost  = 32
	shortList      = 4
)

// cost is what an output that is in n queues counts against Limits.Bytes.
func cost(o *ircserver.Output, n int) int {
	return len(o.Line) + len(o.Account) + outputOverhead + entryCost*n
}

// listUses counts the retained outputs with one list of recipients.
type listUses map[uint64]int

// use counts one more output (or one less, with -1) and returns by how much that changes what is retained.
func (l listUses) use(to ircserver.Audience, n int) int {
	list, _ := to.Parts()
	if len(list) <= shortList {
		return 0
	}
	key := to.Fingerprint()
	before := l[key]
	switch {
	case before+n == 0:
		delete(l, key)
		return -recipientCost * len(list)
	case before == 0:
		l[key] = n
		return recipientCost * len(list)
	}
	l[key] = before + n
	return 0
}

// segmentLen is how many outputs share one allocation.
const segmentLen = 256

// segment is a run of outputs. An output is written once, before its position is published, and never changed; one that
// is given up before its turn leaves a hole in a copy of the segment (see share.go).
type segment struct {
	outs [segmentLen]ircserver.Output
	cost [segmentLen]int // zero for a hole
}

// Stream is the retained outputs of a network, filed under their recipients. It is safe for concurrent use; Append,
// CreateSession, SetLimits and Restore are for the one goroutine that applies the log.
type Stream struct {
	mu     sync.Mutex
	limits Limits
	queues map[ircserver.SessionID]*queue

	segments []*segment
	base     uint64 // position of segments[0].outs[0]; a multiple of segmentLen
	first    uint64 // position of the oldest retained output
	next     uint64 // position of the next output
	holes    int    // how many of the positions from first to next hold nothing
	bytes    int    // cost of the retained outputs and their lists
	lists    listUses

	leastShare int // the constant, but in tests

	signals []chan struct{} // who must be woken for the current batch
}

// New returns an empty stream.
func New(limits Limits) *Stream {
	return &Stream{limits: limits, queues: map[ircserver.SessionID]*queue{}, lists: listUses{}, leastShare: leastShare}
}

// SetLimits changes the limits; they take effect with the next Append. It must be called at a point of the log.
func (s *Stream) SetLimits(limits Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = limits
}

// CreateSession makes a queue for a new session, or for one whose queue was closed. Outputs for sessions without a queue
// are not kept for them.
func (s *Stream) CreateSession(id ircserver.SessionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[id]; q != nil {
		q.ended = false
		return
	}
	s.queues[id] = &queue{id: id}
}

// CloseSession ends the queue of a session that lives on: what it is sent is in a gateway's queue from now on. What the
// queue holds can still be read.
func (s *Stream) CloseSession(id ircserver.SessionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[id]
	if q == nil {
		return
	}
	q.ended = true
	if q.len() == 0 {
		s.remove(q)
	}
	if q.reader != nil {
		q.reader.remark()
	}
}

// Append files the outputs of one applied batch and wakes the readers that have something new, each once. A recipient
// of a Final output ends with it. The outputs are copied, their strings and audiences are shared.
func (s *Stream) Append(outs []ircserver.Output) {
	s.mu.Lock()
	for i := range outs {
		s.file(&outs[i])
		s.trim() // each time, so that it does not matter how outputs were batched
	}
	signals := s.signals
	s.mu.Unlock()
	for i, c := range signals {
		signal(c)
		signals[i] = nil
	}
	s.signals = signals[:0]
}

// file keeps one output and puts it into the queues of its recipients: those who have one, and of each gateway the link,
// once, whose users have none. An output that is in no queue is not kept.
func (s *Stream) file(o *ircserver.Output) {
	if own := s.put(o); own != nil {
		s.shrink(own)
	}
}

// put is file without a look at the share of the session that alone gets o, which it returns if there is one.
func (s *Stream) put(o *ircserver.Output) (own *queue) {
	n := 0
	for r := range o.To.Queued {
		if q := s.queues[r.Session]; q != nil && !q.ended && q.trimmed.Less(o.ID) {
			s.push(q, r.Caps)
			q.ended = o.Final
			own = q
			n++
		}
	}
	for g := range o.To.Gateways {
		if q := s.queues[g.Link]; q != nil && !q.ended && q.trimmed.Less(o.ID) && !s.isFiled(q) {
			s.push(q, 0)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	s.keep(o, cost(o, n))
	if !isOwn(o) {
		return nil
	}
	own.own += cost(o, 1)
	return own
}

// push puts the output that is being filed into a queue.
func (s *Stream) push(q *queue, caps ircserver.Caps) {
	q.push(entry{pos: uint32(s.next), caps: caps})
	if q.reader != nil {
		s.mark(q.reader)
	}
}

// isFiled reports whether the output that is being filed is in q already.
func (s *Stream) isFiled(q *queue) bool {
	return q.len() > 0 && q.at(q.tail-1).pos == uint32(s.next)
}

// keep stores o at the next position.
func (s *Stream) keep(o *ircserver.Output, cost int) {
	i := s.next % segmentLen
	if i == 0 || len(s.segments) == 0 {
		if len(s.segments) == 0 {
			s.base = s.next - i
		}
		s.segments = append(s.segments, new(segment))
	}
	seg := s.segments[len(s.segments)-1]
	seg.outs[i], seg.cost[i] = *o, cost
	s.next++
	s.bytes += cost + s.lists.use(o.To, 1)
}

// output returns the retained output at a position.
func (s *Stream) output(pos uint64) *ircserver.Output {
	return &s.segments[(pos-s.base)/segmentLen].outs[pos%segmentLen]
}

// position widens an entry's position: fewer than 2^32 outputs are retained.
func (s *Stream) position(e entry) uint64 {
	return s.first + uint64(e.pos-uint32(s.first))
}

// trim drops the oldest outputs until the limits hold.
func (s *Stream) trim() {
	for s.first < s.next {
		if s.segments[0].cost[s.first%segmentLen] == 0 {
			s.holes--
			s.advance()
			continue
		}
		o := s.output(s.first)
		tooMuch := s.limits.Bytes > 0 && s.bytes > s.limits.Bytes
		tooOld := s.limits.Window > 0 && s.output(s.next-1).Time-o.Time > int64(s.limits.Window)
		if !tooMuch && !tooOld {
			return
		}
		s.drop(o)
	}
}

// drop forgets the oldest output.
func (s *Stream) drop(o *ircserver.Output) {
	for r := range o.To.Queued {
		s.dropFrom(r.Session, o)
	}
	for g := range o.To.Gateways {
		s.dropFrom(g.Link, o)
	}
	s.bytes += s.lists.use(o.To, -1) - s.segments[0].cost[s.first%segmentLen]
	s.advance()
}

// dropFrom takes the oldest output out of a session's queue, if it is there.
func (s *Stream) dropFrom(id ircserver.SessionID, o *ircserver.Output) {
	q := s.queues[id]
	if q == nil || q.len() == 0 || q.at(q.head).pos != uint32(s.first) {
		return // it was no recipient: created later, or ended before; or it has given it up
	}
	s.pop(q, o)
}

// pop takes o, its oldest output, out of a queue.
func (s *Stream) pop(q *queue, o *ircserver.Output) {
	q.pop()
	q.trimmed = o.ID
	if isOwn(o) {
		q.own -= cost(o, 1)
	}
	if q.ended && q.len() == 0 {
		s.remove(q)
	}
}

// advance goes on to the next position.
func (s *Stream) advance() {
	i := s.first % segmentLen
	s.first++
	if i == segmentLen-1 || s.first == s.next {
		s.segments[0] = nil
		s.segments = s.segments[1:]
		s.base = s.first - s.first%segmentLen
	}
}

// remove forgets an ended session whose last line was trimmed. A reader that has not returned that line finds a gap.
func (s *Stream) remove(q *queue) {
	delete(s.queues, q.id)
	if q.reader != nil {
		s.mark(q.reader)
	}
}

// mark notes that r has something to return. The signal is sent at the end of the batch, without the lock.
func (s *Stream) mark(r *Reader) {
	if r.dirty {
		return
	}
	r.dirty = true
	if g := r.group; g != nil {
		if g.add(r) {
			s.signals = append(s.signals, g.wake)
		}
		return
	}
	s.signals = append(s.signals, r.wake)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
