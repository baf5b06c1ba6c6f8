package outputstream

import "robustirc/core/ircserver"

// entry is one output in a session's queue: the low 32 bits of its position in the stream and the capabilities the
// session had. It holds no pointer, so that queues cost the garbage collector nothing.
type entry struct {
	pos  uint32
	caps ircserver.Caps
}

// queue is what is retained for one session, in order: a ring that grows and shrinks.
type queue struct {
	ring []entry // length zero or a power of two
	head uint64  // sequence number, in this queue, of the oldest retained entry
	tail uint64  // sequence number of the next entry

	id      ircserver.SessionID
	trimmed ircserver.OutputID // the last output of this session that is no longer retained
	own     int                // cost of the retained outputs that nobody else gets; see isOwn
	ended   bool               // the last entry is the session's last line
	reader  *Reader            // the one open reader, or nil
}

const minRing = 8

func (q *queue) at(seq uint64) entry { return q.ring[seq&uint64(len(q.ring)-1)] }

func (q *queue) len() int { return int(q.tail - q.head) }

func (q *queue) push(e entry) {
	if q.len() == len(q.ring) {
		q.resize(max(minRing, 2*len(q.ring)))
	}
	q.ring[q.tail&uint64(len(q.ring)-1)] = e
	q.tail++
}

// pop drops the oldest entry. The ring shrinks at a quarter, so that pushing and popping at a border costs nothing.
func (q *queue) pop() {
	q.head++
	if n := len(q.ring); n > minRing && q.len() <= n/4 {
		q.resize(n / 2)
	}
}

func (q *queue) resize(n int) {
	ring := make([]entry, n)
	for seq := q.head; seq < q.tail; seq++ {
		ring[seq&uint64(n-1)] = q.at(seq)
	}
	q.ring = ring
}
