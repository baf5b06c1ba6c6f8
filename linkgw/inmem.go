package linkgw

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"robustirc/canary/trace"
)

// InmemTarget is a Target in memory: it keeps what is posted, and answers as a network would that agrees to everything. Safe
// for concurrent use.
type InmemTarget struct {
	mu      sync.Mutex
	lines   []string
	ids     []uint64
	links   int
	blocked chan struct{} // not nil: Post waits for it
	link    *inmemLink
	refuse  error
}

// NewInmemTarget returns an empty network.
func NewInmemTarget() *InmemTarget { return &InmemTarget{} }

// Block makes Post wait, as with a network that stands still, until the function that it returns is called.
func (t *InmemTarget) Block() (unblock func()) {
	c := make(chan struct{})
	t.mu.Lock()
	t.blocked = c
	t.mu.Unlock()
	return func() {
		t.mu.Lock()
		t.blocked = nil
		t.mu.Unlock()
		close(c)
	}
}

// Cut ends the gateway's link, as when the network has lost it. A *RefusedError makes it for good.
func (t *InmemTarget) Cut(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if errors.As(err, new(*RefusedError)) {
		t.refuse = err
	}
	if t.link != nil {
		t.link.end(err)
	}
}

// Lines returns what was posted, over all links, and on how many links.
func (t *InmemTarget) Lines() (lines []string, links int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lines), t.links
}

// Tell has the network say lines on the gateway's link.
func (t *InmemTarget) Tell(lines ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range lines {
		t.link.tell(0, line)
	}
}

// Open makes a link. The network greets with nothing but what it can hold.
func (t *InmemTarget) Open(context.Context) (TargetLink, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refuse != nil {
		return nil, t.refuse
	}
	t.links++
	t.link = &inmemLink{t: t, ready: make(chan struct{}, 1), done: make(chan struct{})}
	t.link.tell(0, ":robustirc.net GATEWAY inmem NICKLEN=30")
	t.link.tell(0, ":robustirc.net READY 0")
	return t.link, nil
}

// inmemLink is a link to an InmemTarget, whose lock protects it.
type inmemLink struct {
	t     *InmemTarget
	out   []Output
	ready chan struct{}
	done  chan struct{}
	err   error
	n     uint64
}

const inmemSession = 1

func (l *inmemLink) end(err error) {
	if l.err == nil {
		l.err = err
		close(l.done)
	}
}

func (l *inmemLink) tell(cause uint64, line string) {
	l.n++
	l.out = append(l.out, Output{Input: l.n, Cause: cause, To: []uint64{inmemSession}, Line: line})
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

func (l *inmemLink) Session() uint64 { return inmemSession }
func (l *inmemLink) FirstID() uint64 { return 16 }

func (l *inmemLink) Post(ctx context.Context, ids []uint64, lines []string) error {
	l.t.mu.Lock()
	blocked := l.t.blocked
	l.t.mu.Unlock()
	if blocked != nil {
		select {
		case <-blocked:
		case <-l.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l.t.mu.Lock()
	defer l.t.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	for i, line := range lines {
		if word := strings.Fields(line); word[0] == "USER" {
			l.tell(ids[i], ":robustirc.net USER "+word[1]+" "+word[2]+" ff")
		}
	}
	l.t.lines, l.t.ids = append(l.t.lines, lines...), append(l.t.ids, ids...)
	return nil
}

func (l *inmemLink) KeepAlive(context.Context) error { return nil }

func (l *inmemLink) Receive(ctx context.Context) ([]Output, error) {
	for {
		l.t.mu.Lock()
		out := l.out
		l.out = nil
		l.t.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-l.ready:
		case <-l.done:
			return nil, l.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *inmemLink) Close() {
	l.t.mu.Lock()
	defer l.t.mu.Unlock()
	l.end(errors.New("closed"))
}

// InmemCapture keeps records in memory.
type InmemCapture struct {
	mu      sync.Mutex
	records []trace.Record
}

// Append keeps a record.
func (c *InmemCapture) Append(r *trace.Record) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := *r
	kept.Seq = uint64(len(c.records) + 1)
	c.records = append(c.records, kept)
	return kept.Seq
}

// Records returns what was appended.
func (c *InmemCapture) Records() []trace.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.records)
}

// ManualClock is a Clock that stands still until it is moved.
type ManualClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []manualTimer
}

type manualTimer struct {
	at time.Time
	c  chan time.Time
}

// NewManualClock returns a clock that shows now.
func NewManualClock(now time.Time) *ManualClock { return &ManualClock{now: now} }

// Now is what the clock shows.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After is time.After by this clock.
func (c *ManualClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := manualTimer{c.now.Add(d), make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- c.now
		return t.c
	}
	c.timers = append(c.timers, t)
	return t.c
}

// Float is always the middle.
func (c *ManualClock) Float() float64 { return 0.5 }

// Advance moves the clock on, and wakes who waited for less.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.timers = slices.DeleteFunc(c.timers, func(t manualTimer) bool {
		if t.at.After(c.now) {
			return false
		}
		t.c <- c.now
		return true
	})
}
