package linkgw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
)

// ReplayConfig says how a record is replayed.
type ReplayConfig struct {
	Translate translate.Config
	// Identity is who we were in a run.
	Identity func(trace.Header) Identity
}

// RecordReader gives records in order: a *trace.Reader.
type RecordReader interface {
	Next(r *trace.Record) error
	Header() trace.Header
}

// ReplaySummary is what came of a replay.
type ReplaySummary struct {
	Lines       int64              `json:"lines"`
	Links       int                `json:"links"`
	Operations  int64              `json:"operations"` // that would be posted
	Recorded    int64              `json:"recorded_operations"`
	Gaps        int64              `json:"gaps"` // of the record
	Damage      []string           `json:"damage,omitempty"`
	Seconds     float64            `json:"seconds"`
	Network     NetworkStatus      `json:"network"`
	Coverage    translate.Coverage `json:"coverage"`
	CoverageBad string             `json:"coverage_error,omitempty"`
}

// replay is one on its way.
type replay struct {
	m    *mirror
	cfg  ReplayConfig
	pace float64
	sum  ReplaySummary
	// first and began are the times of the first record, in the run and now.
	first  time.Duration
	began  time.Time
	wall   time.Time // of the run's beginning
	linked bool
	seen   bool
}

// replayClock shows the record's time.
type replayClock struct {
	SystemClock
	p *replay
}

// Now is the time of the record at hand.
func (c replayClock) Now() time.Time { return c.p.m.at }

// maxDamage is of how many damaged places is told.
const maxDamage = 20

// Replay runs the lines of a record through the mirror's own handshake, model and translation; the new network is one that
// agrees to everything and begins empty. pace is a factor of the record's speed, 0 as fast as it goes.
func Replay(ctx context.Context, r RecordReader, cfg ReplayConfig, pace float64, log *slog.Logger) (ReplaySummary, error) {
	p := &replay{cfg: cfg, pace: pace, began: time.Now()}
	queue, _, err := spool.Open(spool.Options{}) // nothing comes into it
	if err != nil {
		return p.sum, err
	}
	defer queue.Close()
	g := &Gateway{cfg: Config{Translate: cfg.Translate, Clock: replayClock{p: p}, Capture: Discard{}, Log: log}, log: log, queue: queue, relink: make(chan struct{}, 1), counts: newCounts()}
	p.m = newMirror(g)
	p.m.loaded = true // there is nothing
	var rec trace.Record
	for ctx.Err() == nil {
		err := r.Next(&rec)
		var damage *trace.Damage
		switch {
		case errors.Is(err, io.EOF):
			return p.finish(), nil
		case errors.As(err, &damage):
			if len(p.sum.Damage) < maxDamage {
				p.sum.Damage = append(p.sum.Damage, damage.Error())
			}
			continue
		case err != nil:
			return p.finish(), fmt.Errorf("reading the record: %w", err)
		}
		if err := p.record(ctx, r.Header(), &rec); err != nil {
			return p.finish(), fmt.Errorf("record %d: %w", rec.Seq, err)
		}
	}
	return p.finish(), ctx.Err()
}

// record takes one record.
func (p *replay) record(ctx context.Context, h trace.Header, rec *trace.Record) error {
	switch rec.Kind {
	case trace.KindHeader:
		p.m.g.cfg.Identity = p.cfg.Identity(h)
		p.wall = h.Started
	case trace.KindLinkIn:
		p.sum.Lines++
		p.wait(ctx, rec.Mono)
		if !p.linked {
			p.linked = true
			p.sum.Links++
			if err := p.item(itemDial, rec.Mono, ""); err != nil {
				return err
			}
		}
		return p.item(itemLine, rec.Mono, rec.Line)
	case trace.KindLinkDown:
		p.linked = false
		return p.item(itemDown, rec.Mono, rec.Line)
	case trace.KindOp:
		p.sum.Recorded++
	case trace.KindGap:
		p.sum.Gaps++
	}
	return nil
}

// wait keeps the pace.
func (p *replay) wait(ctx context.Context, at time.Duration) {
	if !p.seen {
		p.seen, p.first = true, at
	}
	if p.pace <= 0 {
		return
	}
	due := p.began.Add(time.Duration(float64(at-p.first) / p.pace))
	if d := time.Until(due); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// item gives the mirror what the queue would have, and takes what it would have posted.
func (p *replay) item(kind uint8, at time.Duration, text string) error {
	// The record's own text is good until its next one; the mirror keeps lines for longer.
	if err := p.m.take(fed{item: spool.Item{Kind: kind, At: p.wall.Add(at), Text: string([]byte(text))}}); err != nil {
		return err
	}
	for p.m.importer != nil {
		p.m.advance()
		p.drain()
	}
	p.drain()
	return nil
}

// drain counts what would have been posted.
func (p *replay) drain() {
	n := len(p.m.pending)
	p.sum.Operations += int64(n)
	p.m.nextID += uint64(n)
	p.m.acked = p.m.nextID
	p.m.pending = p.m.pending[:0]
}

func (p *replay) finish() ReplaySummary {
	p.sum.Seconds = time.Since(p.began).Seconds()
	if p.m.tr == nil {
		return p.sum
	}
	p.sum.Network.Servers, p.sum.Network.Users, p.sum.Network.Channels = p.m.model.Sizes()
	p.sum.Coverage = p.m.tr.Coverage()
	p.sum.CoverageBad = p.m.checkCoverage(&p.sum.Coverage)
	return p.sum
}
