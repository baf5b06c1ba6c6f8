package bridge

import "sync"

// The bounds of a recvq.
const (
	MaxQueuedLines = 512
	MaxQueuedBytes = 64 << 10
)

// recvq holds lines between the reader and the poster. Whoever puts a line into an idle queue starts the poster; take
// ends it when nothing is left, so that idle clients have none.
type recvq struct {
	mu      sync.Mutex
	lines   []string
	bytes   int
	posting bool
	closed  bool
	// idle is closed when the poster has ended; nil before the first one.
	idle chan struct{}
	// space receives a token when the poster took lines.
	space chan struct{}
}

// put appends a line, and reports whether a poster must be started and whether the queue is full now. A closed queue
// takes nothing.
func (q *recvq) put(text string) (start, full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false, false
	}
	q.lines = append(q.lines, text)
	q.bytes += len(text)
	if start = !q.posting; start {
		q.posting, q.idle = true, make(chan struct{})
	}
	return start, q.fullLocked()
}

func (q *recvq) fullLocked() bool {
	return len(q.lines) >= MaxQueuedLines || q.bytes >= MaxQueuedBytes
}

func (q *recvq) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.fullLocked() && !q.closed
}

// take moves the next batch to batch[:0]. It returns nothing, and ends the poster, when no line waits.
func (q *recvq) take(batch []string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch = append(batch[:0], q.lines[:min(len(q.lines), MaxBatch)]...)
	if len(batch) == 0 {
		q.lines, q.posting = nil, false
		close(q.idle)
		return nil
	}
	rest := copy(q.lines, q.lines[len(batch):])
	clear(q.lines[rest:])
	q.lines = q.lines[:rest]
	for _, l := range batch {
		q.bytes -= len(l)
	}
	select {
	case q.space <- struct{}{}:
	default:
	}
	return batch
}

// close drops what waits and refuses more.
func (q *recvq) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.lines, q.bytes = true, nil, 0
	select {
	case q.space <- struct{}{}:
	default:
	}
}

func (q *recvq) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// drained is closed while no poster runs.
func (q *recvq) drained() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.posting {
		return closedChan
	}
	return q.idle
}

var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
