package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/linkgw"
	"robustirc/linkgw/egress"
)

// maxJudging is how many records may wait for the judge; what comes beyond is a gap of the comparison.
const maxJudging = 1 << 16

// judge compares a run while it happens. It takes the gateway's records (linkgw.Capture); one goroutine owns the engine.
type judge struct {
	record *trace.Writer // what keeps them as well; may be nil
	start  time.Time
	queue  chan judged
	ended  chan struct{} // closed when the goroutine has ended

	mu   sync.Mutex
	seq  uint64
	lost trace.Gap // records since the queue was full
}

// judged is a record, or a question about all records before it.
type judged struct {
	record trace.Record
	ask    func(*compare.Engine)
}

// newJudge begins a run. header describes it; record may be nil.
func newJudge(options compare.Options, header trace.Header, record *trace.Writer) (*judge, error) {
	engine, err := compare.New(options)
	if err != nil {
		return nil, err
	}
	j := &judge{record: record, start: time.Now(), queue: make(chan judged, maxJudging), ended: make(chan struct{})}
	header.Started = j.start.UTC()
	first, err := trace.NewRecord(trace.KindHeader, "", header)
	if err != nil {
		return nil, err
	}
	engine.Add(&first)
	go j.run(engine)
	return j, nil
}

func (j *judge) run(engine *compare.Engine) {
	defer close(j.ended)
	for x := range j.queue {
		if x.ask != nil {
			x.ask(engine)
		} else {
			engine.Add(&x.record)
		}
	}
}

// Append implements linkgw.Capture. It never waits.
func (j *judge) Append(r *trace.Record) uint64 {
	c := *r
	if j.record != nil {
		j.record.Append(r)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	c.Seq = j.seq
	if c.Mono == 0 {
		c.Mono = time.Since(j.start)
	}
	if j.lost.Lines > 0 && !j.tellGap(c.Mono) {
		j.lost.Lines++
		j.lost.To = c.Seq
		return c.Seq
	}
	select {
	case j.queue <- judged{record: c}:
	default:
		j.lost = trace.Gap{From: c.Seq, To: c.Seq, Lines: 1, Reason: trace.GapQueue}
	}
	return c.Seq
}

// tellGap puts the gap in front of what comes now, and reports whether there was room for it.
func (j *judge) tellGap(now time.Duration) bool {
	r, err := trace.NewRecord(trace.KindGap, "", j.lost)
	if err != nil {
		slog.Error("telling of a gap", "error", err)
		return false
	}
	r.Mono = now
	select {
	case j.queue <- judged{record: r}:
		j.lost = trace.Gap{}
		return true
	default:
		return false
	}
}

// result judges what there is so far, up to all records that wait now. It is not for use after close.
func (j *judge) result() *compare.Result {
	got := make(chan compare.Result, 1)
	j.queue <- judged{ask: func(e *compare.Engine) { got <- e.Result() }}
	r := <-got
	return &r
}

// close ends the run, once nothing appends any more.
func (j *judge) close() {
	close(j.queue)
	<-j.ended
}

// canaryLive is the command's flags.
type canaryLive struct {
	config  string
	reports reportFlags
	length  time.Duration
	every   time.Duration
}

func canaryLiveCommand() *cobra.Command {
	var c canaryLive
	cmd := &cobra.Command{
		Use:   "live --config link.toml [--rules canary.toml] [--for DURATION]",
		Short: "Run the link gateway and judge while it runs",
		Long: `Run the link gateway (robustirc link) and compare, while it runs, what users of the existing
network see with what the same users are shown by the new one. At the end, by Ctrl-C or
after --for, reports are written and the verdict is the exit code; until then the state of
things is printed every --every.

Exit codes, added up: 0 GO, 1 internal error, 2 wrong command line, 4 unexplained
differences, 8 not enough was seen, 16 lag, 32 capacity, 64 safety of the live network.`,
		Example: `  robustirc canary live --config link.toml --rules canary.toml --for 168h --report report.html
  robustirc canary live --config link.toml --for 10m --json result.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd) },
	}
	c.reports.bind(cmd)
	f := cmd.Flags()
	f.StringVar(&c.config, "config", "", "configuration of the gateway (required)")
	f.DurationVar(&c.length, "for", 0, "end after so long; 0 is with Ctrl-C")
	f.DurationVar(&c.every, "every", time.Minute, "how often the state of things is printed, and all state compared")
	return cmd
}

func (c *canaryLive) run(cmd *cobra.Command) error {
	if c.every < time.Second {
		return usageError{errors.New("--every: at least 1s")}
	}
	options, err := canaryOptions(c.reports.rules, time.Now())
	if err != nil {
		return err
	}
	f, err := readLinkConfig(c.config)
	if err != nil {
		return err
	}
	record, err := openRecord(f)
	if err != nil {
		return err
	}
	j, err := newJudge(options, recordHeader(f), record)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	if c.length > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.length)
		defer cancel()
	}
	var work sync.WaitGroup
	var gateway *linkgw.Gateway
	err = runGateway(ctx, f, j, func(g *linkgw.Gateway) {
		gateway = g
		work.Go(func() { c.watch(ctx, g, j) })
	})
	cancel()
	work.Wait()
	if record != nil {
		err = errors.Join(err, record.Close())
	}
	res := j.result()
	j.close()
	if err != nil && !errors.As(err, new(*egress.BlockedError)) { // of that one the verdict tells
		return fmt.Errorf("the gateway ended: %w", err)
	}
	judgeSafety(res, gateway.Status().Egress.Blocked)
	return c.reports.show(cmd.OutOrStdout(), res)
}

// judgeSafety adds the gate of what was about to be said to the existing network and must not be.
func judgeSafety(r *compare.Result, byCommand map[string]int64) {
	blocked := int64(0)
	for _, n := range byCommand {
		blocked += n
	}
	gate := compare.Reason{Gate: "safety", Held: blocked == 0, Text: fmt.Sprintf("%d lines to the existing network were blocked because they are not on the list", blocked)}
	if gate.Held {
		r.Verdict.Reasons = append(r.Verdict.Reasons, gate)
		return
	}
	gate.Bit = compare.ExitSafety
	r.Verdict.Word = compare.NoGo
	r.Verdict.Exit |= compare.ExitSafety
	r.Verdict.Reasons = append([]compare.Reason{gate}, r.Verdict.Reasons...)
}

// watch compares all state and prints how things are, until ctx ends.
func (c *canaryLive) watch(ctx context.Context, g *linkgw.Gateway, j *judge) {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.CheckState()
			printSoFar(os.Stderr, g, j.result())
		case <-ctx.Done():
			return
		}
	}
}

// printSoFar is one line about a run that goes on.
func printSoFar(w *os.File, g *linkgw.Gateway, r *compare.Result) {
	d := &r.Deliveries
	fmt.Fprintf(w, "%s so far: %d deliveries compared, %d unexplained, %d ignored by rules; %s, %.1f s behind\n",
		r.Verdict.Word, d.Compared(), d.Unexplained, d.Ignored, g.Status().State, g.Status().Target.Behind)
}
