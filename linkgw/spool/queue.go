package spool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Item is one thing in the queue.
type Item struct {
	Kind uint8
	At   time.Time // to the nanosecond
	Text string
}

// Options bound a Queue.
type Options struct {
	// Memory is how many bytes may wait in memory before they go to disk; 16 MiB by default. While the disk is slow, as
	// many again may wait for it.
	Memory int64
	// Disk is how many bytes may wait on disk; 0 keeps none there.
	Disk int64
	// Dir is where segments are written.
	Dir string

	blockBytes, segmentBytes int64 // of tests; 64 KiB and 16 MiB
}

func (o Options) withDefaults() Options {
	o.Memory = orDefault(o.Memory, 16<<20)
	o.blockBytes = orDefault(o.blockBytes, 64<<10)
	o.segmentBytes = orDefault(o.segmentBytes, 16<<20)
	return o
}

func orDefault(v, otherwise int64) int64 {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Errors of a Queue.
var (
	// ErrFull is returned by Push when the item is not in the queue: memory and disk are at their bounds.
	ErrFull = errors.New("the queue is full, in memory and on disk")
	// ErrClosed is returned by Pop and Push when the queue is closed.
	ErrClosed = errors.New("the queue is closed")
)

// LostError is returned by Pop, once, in the place of items that the disk did not give back.
type LostError struct {
	Items       int
	First, Last time.Time
	Cause       error
}

// Error says what is lost and why.
func (e *LostError) Error() string {
	return fmt.Sprintf("%d spooled lines are lost: %v", e.Items, e.Cause)
}

// Unwrap returns why.
func (e *LostError) Unwrap() error { return e.Cause }

// Stats is how full a Queue is.
type Stats struct {
	Items       int64 // that wait
	MemoryBytes int64
	DiskBytes   int64
	DiskPeak    int64     // the most there was on disk
	Oldest      time.Time // when the oldest block that waits began; zero when nothing waits
	Refused     int64     // by ErrFull
	Err         error     // why the disk does not take blocks at present
}

// Queue is safe for concurrent use by one who pushes and one who pops.
type Queue struct {
	opts Options
	disk *disk

	mu     sync.Mutex
	blocks []*block      // in order; the last may still be open
	ready  chan struct{} // capacity 1: there is something to pop
	over   chan struct{} // capacity 1: there is something to write to disk
	stats  Stats
	closed bool
	quit   chan struct{}
	work   sync.WaitGroup

	head []Item // of the block that is being popped
}

// Leftover is what an earlier process left in the folder.
type Leftover struct {
	Items       int64
	First, Last time.Time
	Damaged     int // segments with a part that cannot be read
}

// Open returns an empty queue, and what an earlier one left behind.
func Open(o Options) (*Queue, Leftover, error) {
	q := &Queue{opts: o.withDefaults(), ready: make(chan struct{}, 1), over: make(chan struct{}, 1), quit: make(chan struct{})}
	if o.Disk <= 0 {
		return q, Leftover{}, nil
	}
	left, err := sweep(o.Dir)
	if err != nil {
		return nil, left, fmt.Errorf("the spool: %w", err)
	}
	if q.disk, err = newDisk(o.Dir, q.opts.segmentBytes); err != nil {
		return nil, left, fmt.Errorf("the spool: %w", err)
	}
	q.work.Go(q.spool)
	return q, left, nil
}

// Push appends an item. It never waits for the disk.
func (q *Queue) Push(it Item) error { return q.push(it, false) }

// PushAlways is Push for the few items that must not be lost (that a link ended), whatever the bounds.
func (q *Queue) PushAlways(it Item) error { return q.push(it, true) }

func (q *Queue) push(it Item, always bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case !always && q.full(int64(len(it.Text))+itemOverhead):
		q.stats.Refused++
		return ErrFull
	}
	b := q.last()
	grown := b.add(it)
	q.stats.Items++
	q.stats.MemoryBytes += grown
	if b.size() >= q.opts.blockBytes {
		b.sealed = true
	}
	signal(q.ready)
	if q.disk != nil && q.stats.MemoryBytes > q.opts.Memory {
		signal(q.over)
	}
	return nil
}

// full reports whether n bytes more are too many. Without a disk the memory's bound holds; with one, as much again may
// wait for it, unless the disk is full itself.
func (q *Queue) full(n int64) bool {
	total := q.stats.MemoryBytes + n
	if q.disk == nil || q.stats.DiskBytes >= q.opts.Disk {
		return total > q.opts.Memory
	}
	return total > 2*q.opts.Memory
}

// last returns the open block at the end.
func (q *Queue) last() *block {
	if n := len(q.blocks); n > 0 && !q.blocks[n-1].sealed {
		return q.blocks[n-1]
	}
	b := &block{}
	q.blocks = append(q.blocks, b)
	return b
}

// Pop waits for the oldest item.
func (q *Queue) Pop(ctx context.Context) (Item, error) {
	for len(q.head) == 0 {
		b, err := q.next(ctx)
		if err != nil {
			return Item{}, err
		}
		if q.head, err = q.open(b); err != nil {
			return Item{}, err
		}
	}
	it := q.head[0]
	q.head[0] = Item{}
	q.head = q.head[1:]
	return it, nil
}

// next takes the oldest block off the list.
func (q *Queue) next(ctx context.Context) (*block, error) {
	for {
		q.mu.Lock()
		if len(q.blocks) > 0 && !q.blocks[0].busy {
			b := q.blocks[0]
			b.sealed = true
			q.blocks[0] = nil
			q.blocks = q.blocks[1:]
			q.stats.Items -= int64(b.items)
			q.stats.MemoryBytes -= b.size()
			q.mu.Unlock()
			return b, nil
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return nil, ErrClosed
		}
		select {
		case <-q.ready:
		case <-q.quit:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// open returns the items of a block, from disk where they are there.
func (q *Queue) open(b *block) ([]Item, error) {
	if b.at == nil {
		return b.decode(b.data)
	}
	data, err := q.disk.read(b)
	q.mu.Lock()
	q.stats.DiskBytes -= b.onDisk
	q.mu.Unlock()
	signal(q.over)
	if err != nil {
		return nil, &LostError{Items: b.items, First: b.first, Last: b.latest, Cause: err}
	}
	return b.decode(data)
}

// Stats returns how full the queue is.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	if len(q.blocks) > 0 {
		s.Oldest = q.blocks[0].first
	}
	return s
}

// Close gives up what waits and removes the segments.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	close(q.quit)
	q.mu.Unlock()
	q.work.Wait()
	if q.disk == nil {
		return nil
	}
	return q.disk.remove()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// retryPause is how long a disk that fails is left alone.
const retryPause = time.Second

// spool is the goroutine that writes blocks to disk.
func (q *Queue) spool() {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	for {
		b := q.victim()
		if b == nil {
			select {
			case <-q.over:
				continue
			case <-q.quit:
				return
			}
		}
		if q.store(b) {
			continue
		}
		timer.Reset(retryPause)
		select {
		case <-timer.C:
		case <-q.quit:
			return
		}
	}
}

// victim marks the block to write next: the oldest in memory behind the bound, when there is more than the bound.
func (q *Queue) victim() *block {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.stats.MemoryBytes <= q.opts.Memory || q.stats.DiskBytes >= q.opts.Disk {
		return nil
	}
	kept := int64(0)
	for _, b := range q.blocks {
		if b.at != nil {
			continue
		}
		if kept += b.size(); kept <= q.opts.Memory/2 || !b.sealed && b.size() < q.opts.blockBytes/2 {
			continue
		}
		b.sealed, b.busy = true, true
		return b
	}
	return nil
}

// store writes a block, and frees its memory. A disk that fails leaves the block where it is.
func (q *Queue) store(b *block) bool {
	size := b.size()
	place, onDisk, err := q.disk.write(b)
	q.mu.Lock()
	defer q.mu.Unlock()
	b.busy = false
	q.stats.Err = err
	signal(q.ready)
	if err != nil {
		return false
	}
	b.at, b.onDisk, b.data = place, onDisk, nil
	q.stats.MemoryBytes -= size
	q.stats.DiskBytes += onDisk
	q.stats.DiskPeak = max(q.stats.DiskPeak, q.stats.DiskBytes)
	return true
}
