package node

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// Limits of one raft entry. Its last input may exceed batchBytes: a line by maxLine, a configuration by maxConfig, both
// far below MaxEntryBytes.
const (
	batchInputs   = 1024
	batchBytes    = 64 << 10
	batchOverhead = 32 // about what an input costs beside its text
	// batchesInFlight is how many entries may be on their way: one is being written while the next is being gathered.
	batchesInFlight = 2
	applyTimeout    = 10 * time.Second // to get into raft's queue
)

// proposer is the leader's group commit: whatever arrived while earlier entries were on their way goes into one entry.
// It never waits for more to arrive, so a quiet network pays nothing for it. It runs on every node; on a follower
// everything it is given fails with errRetry.
type proposer struct {
	apply   func(data []byte, timeout time.Duration) raft.ApplyFuture
	encode  func([]ircserver.Input) ([]byte, error)
	stamp   func() int64       // the network's time; it never goes back
	commit  func(index uint64) // told of the last entry when nothing else is on its way; must not block
	metrics *metrics

	mu    sync.Mutex
	queue []item
	wake  chan struct{} // holds a token while queue may be non-empty
	stop  chan struct{}

	slots   chan struct{} // held by each entry on its way
	flights chan flight
	idle    chan struct{} // closed when resolve has returned
}

// flight is an entry on its way.
type flight struct {
	items  []item
	future raft.ApplyFuture
	start  time.Time
}

func newProposer(n *Node) *proposer {
	return &proposer{
		apply: n.raft.Apply, encode: n.encodeEntry, stamp: n.clock.stamp, commit: n.notices.committed, metrics: n.metrics,
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
		slots: make(chan struct{}, batchesInFlight), flights: make(chan flight, batchesInFlight), idle: make(chan struct{}),
	}
}

// add queues inputs, in order.
func (p *proposer) add(items ...item) {
	p.mu.Lock()
	p.queue = append(p.queue, items...)
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run proposes until close. It owns the entries' order and time.
func (p *proposer) run() {
	defer close(p.flights)
	for {
		select {
		case p.slots <- struct{}{}:
		case <-p.stop:
			return
		}
		items := p.take()
		if items == nil {
			return
		}
		p.propose(items)
	}
}

// close makes run return, and resolve once what was proposed has been resolved.
func (p *proposer) close() { close(p.stop) }

// take waits for inputs and returns as many as make an entry; nil after close.
func (p *proposer) take() []item {
	for {
		p.mu.Lock()
		if n := batchLen(p.queue); n > 0 {
			items := p.queue[:n:n]
			p.queue = p.queue[n:]
			if len(p.queue) == 0 {
				p.queue = nil
			}
			p.mu.Unlock()
			return items
		}
		p.mu.Unlock()
		select {
		case <-p.wake:
		case <-p.stop:
			return nil
		}
	}
}

// batchLen is how many of the queued inputs fit into one entry, at least one if there are any. A call that fits into an
// entry is not split: what belongs together is committed together, or not at all.
func batchLen(queue []item) int {
	size, start := 0, 0 // start: where the present call begins
	for i, it := range queue {
		if i > 0 && it.call != queue[i-1].call {
			start = i
		}
		if i == batchInputs || size >= batchBytes {
			return cmp.Or(start, i)
		}
		size += batchOverhead + len(it.input().Text)
	}
	return len(queue)
}

// propose stamps the inputs and hands their entry to raft.
func (p *proposer) propose(items []item) {
	start := time.Now()
	now := p.stamp()
	inputs := make([]ircserver.Input, len(items))
	for i, it := range items {
		inputs[i] = *it.input()
		inputs[i].Time = now
	}
	data, err := p.encode(inputs)
	if err != nil {
		failAll(items, err)
		<-p.slots
		return
	}
	p.metrics.batchSize.Observe(float64(len(items)))
	p.flights <- flight{items, p.apply(data, applyTimeout), start}
}

// resolve tells submitters what became of their inputs, in the order of the log. It may never return when raft is shut
// down: raft does not resolve every future then. Submitters do not rely on it.
func (p *proposer) resolve() {
	defer close(p.idle)
	for f := range p.flights {
		err := f.future.Error()
		<-p.slots
		if err != nil {
			// Whatever the reason, the entry may or may not be committed some day by another leader.
			failAll(f.items, fmt.Errorf("%w: %w", errRetry, err))
			continue
		}
		if len(p.slots) <= 1 && len(p.flights) == 0 { // one slot is held by run, waiting for inputs
			p.commit(f.future.Index())
		}
		p.metrics.commitSeconds.Observe(time.Since(f.start).Seconds())
		settleAll(f.items, f.future)
	}
	p.mu.Lock()
	left := p.queue
	p.queue = nil
	p.mu.Unlock()
	failAll(left, errRetry)
}

func settleAll(items []item, future raft.ApplyFuture) {
	results, err := entryResults(future.Response(), len(items))
	if err != nil {
		failAll(items, err)
		return
	}
	for i, it := range items {
		it.done(results[i], future.Index())
	}
}

func failAll(items []item, err error) {
	for _, it := range items {
		it.fail(err)
	}
}
