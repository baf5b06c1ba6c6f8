package linkgw

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
)

// Config makes a Gateway.
type Config struct {
	Identity  Identity
	Observing *Observing // nil without an observer
	Translate translate.Config
	Dialer    Dialer
	Target    Target
	Capture   Capture
	Clock     Clock
	Log       *slog.Logger
	// Spool bounds what waits for the new network.
	Spool spool.Options
	// MaxMemory ends the link when the process needs more; 0 is no limit.
	MaxMemory uint64
	// PostRate is how many lines a second the new network is given at most; 0 is no limit.
	PostRate float64
}

// Gateway is a link and what follows from it.
type Gateway struct {
	cfg    Config
	log    *slog.Logger
	queue  *spool.Queue
	mirror *mirror
	relink chan struct{}
	// stale says that lines of the link are lost, so that it has to be made again.
	stale atomic.Bool
	check chan struct{} // see CheckState
	stop  context.CancelCauseFunc
	// ready is closed once the new network has taken us for its gateway the first time.
	ready chan struct{}

	mu      sync.Mutex
	status  Status
	gaps    gaps
	relinks relinks
	counts  counts
	dropped int64 // lines that the coverage does not know of yet
}

// New checks a configuration and opens the spool.
func New(cfg Config) (*Gateway, error) {
	if cfg.Capture == nil {
		cfg.Capture = Discard{}
	}
	if cfg.Clock == nil {
		cfg.Clock = SystemClock{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if _, err := cfg.Identity.newLink(); err != nil {
		return nil, err
	}
	if cfg.Observing != nil && cfg.Observing.Chance == nil {
		o, clock := *cfg.Observing, cfg.Clock
		o.Chance = func(n int) int { return int(clock.Float() * float64(n)) }
		cfg.Observing = &o
	}
	q, left, err := spool.Open(cfg.Spool)
	if err != nil {
		return nil, fmt.Errorf("linkgw: %w", err)
	}
	g := &Gateway{cfg: cfg, log: cfg.Log, queue: q, relink: make(chan struct{}, 1), check: make(chan struct{}, 1), ready: make(chan struct{}), counts: newCounts()}
	g.status = Status{Mode: string(cfg.Translate.Mode), Protocol: string(cfg.Identity.Protocol), Server: cfg.Identity.Server, SID: string(cfg.Identity.SID), Started: cfg.Clock.Now(), State: StateStarting}
	g.mirror = newMirror(g)
	g.restarted(left)
	return g, nil
}

// restarted opens the gap since an earlier process followed.
func (g *Gateway) restarted(left spool.Leftover) {
	from, err := g.mirror.followed.read()
	if err != nil {
		g.log.Warn("it is not known how far an earlier process had followed", "error", err)
	}
	if left.Items > 0 && (from.IsZero() || left.First.Before(from)) {
		from = left.First
	}
	if from.IsZero() {
		return
	}
	g.log.Warn("an earlier process has followed; the time since then is a gap", "from", from, "spooled_lines", left.Items)
	g.gaps.open(from, GapRestart)
	g.gaps.miss(GapRestart, uint64(left.Items))
}

// Run links, and follows, until ctx ends or Stop is called, which is no error, or something is wrong that trying again would
// not mend. It leaves the network in a clean way.
func (g *Gateway) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	g.mu.Lock()
	g.stop = cancel
	g.mu.Unlock()
	var work sync.WaitGroup
	work.Go(func() {
		defer g.recover("the mirror")
		if err := g.mirror.run(ctx); err != nil {
			cancel(err)
		}
	})
	g.link(ctx)
	cancel(errStopped)
	work.Wait()
	g.setState(StateStopped)
	err = context.Cause(ctx)
	if errors.Is(err, errStopped) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return errors.Join(err, g.queue.Close())
}

// CheckState asks the new network for all it has, in line with what is sent to it, for the capture: whoever reads that can
// compare it with what the existing network has. It does nothing while the two are not in step, or are asked already.
func (g *Gateway) CheckState() {
	select {
	case g.check <- struct{}{}:
	default:
	}
}

// recover ends the gateway when a goroutine panics: the link is left in a clean way by its own goroutine.
func (g *Gateway) recover(what string) {
	if v := recover(); v != nil {
		g.stop(panicked(what, v, debug.Stack()))
	}
}

// Stop ends Run, with a clean goodbye to the network within a second.
func (g *Gateway) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		g.stop(errStopped)
	}
}

// Relink has a new link made at once, whatever the rules for that.
func (g *Gateway) Relink() {
	g.mu.Lock()
	g.relinks.ask()
	g.mu.Unlock()
	select {
	case g.relink <- struct{}{}:
	default:
	}
}

// link makes one link after the other. The first waits for the new network: there is no need to be seen before.
func (g *Gateway) link(ctx context.Context) {
	g.setState(StateWaitingTarget)
	select {
	case <-g.ready:
	case <-ctx.Done():
		return
	}
	for g.await(ctx) {
		conn, err := g.dial(ctx)
		if err != nil {
			continue
		}
		g.setState(StateLinking)
		err = g.runSession(ctx, conn, g.reached())
		g.linkEnded(err)
		if fatal(err) {
			g.stop(err)
		}
	}
}

// fatal reports whether a link is not to be made again: after a fault of ours.
func fatal(err error) bool {
	switch downReason(err) {
	case "panic", "egress", "memory":
		return true
	}
	return false
}

// await waits until the next link may be made, and reports whether it may ever.
func (g *Gateway) await(ctx context.Context) bool {
	for {
		g.mu.Lock()
		wait := g.relinks.wait(g.cfg.Clock.Now(), g.cfg.Clock.Float())
		g.status.NextLink = g.cfg.Clock.Now().Add(wait)
		g.mu.Unlock()
		if wait == 0 {
			select {
			case <-g.relink: // the link that was asked for is this one
			default:
			}
			return ctx.Err() == nil
		}
		g.setState(StateWaiting)
		select {
		case <-g.cfg.Clock.After(wait):
			return ctx.Err() == nil
		case <-g.relink:
		case <-ctx.Done():
			return false
		}
	}
}

// dialTime is how long connecting may take, TLS included.
const dialTime = 10 * time.Second

func (g *Gateway) dial(ctx context.Context) (net.Conn, error) {
	g.setState(StateDialling)
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := g.cfg.Dialer.Dial(ctx)
	if err == nil {
		return conn, nil
	}
	g.mu.Lock()
	g.relinks.unreached()
	g.status.LastError = "connecting: " + err.Error()
	first := g.relinks.failed == 1
	g.mu.Unlock()
	if first {
		g.log.Error("the existing network's server cannot be reached; trying on", "error", err)
	}
	return nil, err
}

// reached counts a link, and returns its number.
func (g *Gateway) reached() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.relinks.reached(g.cfg.Clock.Now())
	return g.relinks.made
}

// mayRelink reports whether the rule of one link in five minutes allows one now.
func (g *Gateway) mayRelink(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.relinks.blocked(now) == 0
}

func (g *Gateway) linkEnded(err error) {
	now := g.cfg.Clock.Now()
	g.gap(now, GapUnlinked)
	g.mu.Lock()
	g.status.Link, g.status.LastError = nil, err.Error()
	g.counts.downs[downReason(err)]++
	g.mu.Unlock()
	if errors.Is(err, errStopped) || errors.Is(err, context.Canceled) {
		g.log.Info("the link was ended: stopped")
		return
	}
	g.log.Error("the link is over", "reason", downReason(err), "error", err)
}

// gap begins a gap.
func (g *Gateway) gap(at time.Time, why GapReason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gaps.open(at, why)
}

// missed counts lines that are lost.
func (g *Gateway) missed(why GapReason, n uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gaps.miss(why, n)
	if why == GapOverflow {
		g.dropped += int64(n)
	}
}

// takeDropped returns how many lines were dropped since it was last asked.
func (g *Gateway) takeDropped() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.dropped
	g.dropped = 0
	return n
}

func (g *Gateway) capture(r *trace.Record) { g.cfg.Capture.Append(r) }

func (g *Gateway) captureBody(kind trace.Kind, name string, wall time.Time, body any) {
	r, err := trace.NewRecord(kind, name, body)
	if err != nil {
		g.log.Error("a record could not be made", "error", err)
		return
	}
	if !wall.IsZero() {
		r.Wall = wall.UnixNano()
	}
	g.capture(&r)
}

// overMemory reports whether the process needs more memory than it may.
func (g *Gateway) overMemory() bool {
	return g.cfg.MaxMemory > 0 && memory() > g.cfg.MaxMemory
}

// memory is what the process holds, without what it has given back.
func memory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

func isTLS(c net.Conn) bool {
	_, ok := c.(*tls.Conn)
	return ok
}
