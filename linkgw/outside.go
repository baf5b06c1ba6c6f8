package linkgw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"robustirc/canary/trace"
)

// Clock is time and chance.
type Clock interface {
	Now() time.Time
	// After is time.After.
	After(d time.Duration) <-chan time.Time
	// Float gives a number from 0 to below 1.
	Float() float64
}

// SystemClock is the machine's.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// After is time.After.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Float is rand.Float64.
func (SystemClock) Float() float64 { return rand.Float64() }

// Dialer connects to the server of the existing network, with TLS where that is to be.
type Dialer interface {
	Dial(ctx context.Context) (net.Conn, error)
}

// Capture takes what happens, for a record. It never waits.
type Capture interface {
	Append(r *trace.Record) uint64
}

// Discard is a Capture that keeps nothing.
type Discard struct{}

// Append does nothing.
func (Discard) Append(*trace.Record) uint64 { return 0 }

// Target is the new network.
type Target interface {
	// Open makes us its gateway. It tries until ctx is done or the network refuses for good, which is a *RefusedError.
	Open(ctx context.Context) (TargetLink, error)
}

// TargetLink is our link as the new network's gateway (docs/gateway.md). Post and Receive are called by one goroutine
// each.
type TargetLink interface {
	// Session is the link's own id, under which it is a recipient.
	Session() uint64
	// FirstID is the first id that lines may have.
	FirstID() uint64
	// Post returns when the lines are durable. An error other than ctx's means that the link is over.
	Post(ctx context.Context, ids []uint64, lines []string) error
	// KeepAlive says that we are there.
	KeepAlive(ctx context.Context) error
	// Receive waits for outputs. A *MissedError stands for some that are lost; after any other error the link is over.
	Receive(ctx context.Context) ([]Output, error)
	// Close lets go of the link, which the network keeps for a time.
	Close()
}

// Output is one line of the new network.
type Output struct {
	Input uint64 // its id is input and reply
	Reply uint32
	Time  int64 // in the new network, nanoseconds since 1970
	Cause uint64
	To    []uint64 // ids of sessions, ascending
	Line  string
	Final bool
}

// MissedError is outputs that the network no longer has.
type MissedError struct{ Detail string }

// Error says that outputs are lost.
func (e *MissedError) Error() string {
	return "the new network no longer has some of its outputs: " + e.Detail
}

// RefusedError is a new network that will not have us, or that has put another in our place. Trying again would not help.
type RefusedError struct{ Reason string }

// Error says why.
func (e *RefusedError) Error() string { return "the new network refuses the gateway: " + e.Reason }

// Gap is a stretch of time of which the existing network was not followed.
type Gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // zero: it lasts
	Lines  uint64    `json:"lines"`       // that are known to be missing
	Reason GapReason `json:"reason"`
}

// GapReason is why there is a gap.
type GapReason string

// The reasons of gaps.
const (
	GapUnlinked GapReason = "unlinked" // there was no link
	GapOverflow GapReason = "overflow" // queue and spool were full
	GapSpool    GapReason = "spool"    // the disk did not give back what was spooled
	GapRestart  GapReason = "restart"  // what an earlier process had still to do
	GapTarget   GapReason = "target"   // lines were on their way when the new network's link was lost
)

// maxGaps are kept; older ones are only counted.
const maxGaps = 100

// gaps are what was missed.
type gaps struct {
	list    []Gap
	count   int64
	lines   uint64
	seconds float64
}

// open begins a gap, unless one of that reason lasts.
func (g *gaps) open(at time.Time, why GapReason) {
	for i := range g.list {
		if x := &g.list[i]; x.To.IsZero() && x.Reason == why {
			return
		}
	}
	g.add(Gap{From: at, Reason: why})
}

// miss counts lines of a gap that lasts.
func (g *gaps) miss(why GapReason, n uint64) {
	g.lines += n
	for i := range g.list {
		if x := &g.list[i]; x.To.IsZero() && x.Reason == why {
			x.Lines += n
		}
	}
}

// closeAll ends the gaps that last, and returns them.
func (g *gaps) closeAll(at time.Time) (ended []Gap) {
	for i := range g.list {
		if x := &g.list[i]; x.To.IsZero() {
			x.To = at
			g.seconds += x.To.Sub(x.From).Seconds()
			ended = append(ended, *x)
		}
	}
	return ended
}

// add notes a gap.
func (g *gaps) add(x Gap) {
	g.count++
	if g.list = append(g.list, x); len(g.list) > maxGaps {
		g.list = append([]Gap(nil), g.list[1:]...)
	}
}

// panicked makes an error of what a goroutine panicked with.
func panicked(what string, v any, stack []byte) error {
	return fmt.Errorf("linkgw: %w: %s: %v\n%s", errPanic, what, v, stack)
}

var errPanic = errors.New("internal error, the link was ended")
