package linkgw

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"robustirc/canary/trace"
	"robustirc/core/irc"
	"robustirc/linkgw/translate"
)

// batch is what is posted at once.
type batch struct {
	ids    []uint64
	lines  []string
	oldest time.Time // when what the first is of happened
	ops    int       // of pending
}

// batch makes the next of what is pending, which it stays until it is handed over.
func (m *mirror) batch() batch {
	b := batch{oldest: m.pending[0].at}
	size := 0
	for i, o := range m.pending {
		if size += len(o.Line); i == maxBatch || i > 0 && size > maxBatchBytes {
			break
		}
		b.ids = append(b.ids, m.nextID+uint64(i))
		b.lines = append(b.lines, o.Line)
		b.ops++
	}
	return b
}

// handedOver takes a batch off what is pending, and remembers its operations for a while.
func (m *mirror) handedOver(b batch) {
	for i, o := range m.pending[:b.ops] {
		id := b.ids[i]
		m.remember(id, sentOp{o.UID, o.Verb})
		line := o.Line
		if o.Secret != "" {
			line = strings.ReplaceAll(line, o.Secret, "*")
		}
		m.g.capture(&trace.Record{Kind: trace.KindOp, ID: id, Line: line})
	}
	m.nextID += uint64(b.ops)
	m.busy = true
	m.posted += int64(b.ops)
	if m.pending = m.pending[b.ops:]; len(m.pending) == 0 {
		m.pending = nil
	}
}

// remember keeps what an operation was, for a while.
func (m *mirror) remember(id uint64, o sentOp) {
	m.sent[id] = o
	if o.names() {
		m.named[o.uid] = id
	}
	old, ok := m.sent[id-maxRemembered]
	if !ok {
		return
	}
	delete(m.sent, id-maxRemembered)
	if m.named[old.uid] == id-maxRemembered {
		delete(m.named, old.uid)
	}
}

// names reports whether an operation gives a user a nick.
func (o sentOp) names() bool { return o.verb == "NICK" || o.verb == "USER" }

// outdated reports whether a line tells a user's nick as it was before another nick that we have asked for meanwhile.
func (m *mirror) outdated(o *Output) bool {
	word := strings.Fields(o.Line)
	if len(word) < 4 || len(word) > 5 || word[1] != "USER" || o.Cause == 0 {
		return false
	}
	if m.named[word[2]] > o.Cause {
		return true
	}
	return slices.ContainsFunc(m.pending, func(p op) bool { return p.UID == word[2] && sentOp{p.UID, p.Verb}.names() })
}

// postedBatch is what came of a batch.
type postedBatch struct {
	last  uint64
	delay time.Duration // since what the first line is of happened
	err   error
}

func (m *mirror) acknowledged(a postedBatch) {
	if a.last == 0 {
		return // a sign of life
	}
	m.busy = false
	m.acked = a.last
	m.g.capture(&trace.Record{Kind: trace.KindAcked, ID: a.last})
	m.g.counts.lag(a.delay.Seconds())
}

// poster hands batches to the new network, one at a time.
type poster struct {
	g       *Gateway
	link    TargetLink
	limit   *rate.Limiter // nil for none
	batches chan batch
	acks    chan postedBatch
}

func newPoster(g *Gateway, link TargetLink) *poster {
	p := &poster{g: g, link: link, batches: make(chan batch), acks: make(chan postedBatch)}
	if g.cfg.PostRate > 0 {
		p.limit = rate.NewLimiter(rate.Limit(g.cfg.PostRate), max(maxBatch, int(g.cfg.PostRate)))
	}
	return p
}

func (p *poster) run(ctx context.Context) {
	alive := p.g.cfg.Clock.After(keepAliveEvery)
	for {
		var a postedBatch
		select {
		case b := <-p.batches:
			a = p.post(ctx, b)
		case <-alive:
			a = postedBatch{err: p.link.KeepAlive(ctx)}
			alive = p.g.cfg.Clock.After(keepAliveEvery)
		case <-ctx.Done():
			return
		}
		select {
		case p.acks <- a:
		case <-ctx.Done():
			return
		}
		if a.err != nil {
			return
		}
	}
}

func (p *poster) post(ctx context.Context, b batch) postedBatch {
	if p.limit != nil {
		if err := p.limit.WaitN(ctx, len(b.lines)); err != nil {
			return postedBatch{err: err}
		}
	}
	err := p.link.Post(ctx, b.ids, b.lines)
	return postedBatch{last: b.ids[len(b.ids)-1], delay: p.g.cfg.Clock.Now().Sub(b.oldest), err: err}
}

// received is what the new network said, or why it says no more.
type received struct {
	outputs []Output
	err     error
}

func receive(ctx context.Context, link TargetLink, to chan<- received) {
	for {
		var r received
		r.outputs, r.err = link.Receive(ctx)
		select {
		case to <- r:
		case <-ctx.Done():
			return
		}
		if r.err != nil {
			return
		}
	}
}

// heard takes outputs: those of the link say what became of what we asked for.
func (m *mirror) heard(r received) error {
	for i := range r.outputs {
		o := &r.outputs[i]
		m.g.capture(&trace.Record{Kind: trace.KindOutput, ID: o.Cause, Input: o.Input, Reply: o.Reply, Time: o.Time, To: o.To, Line: o.Line, Final: o.Final})
		if m.sent[o.Cause].verb == verbCheck {
			continue
		}
		if slices.Contains(o.To, m.session) {
			if err := m.linkLine(o); err != nil {
				return err
			}
			continue
		}
		m.answered(o)
	}
	return r.err
}

// linkLine is a line for the link itself.
func (m *mirror) linkLine(o *Output) error {
	if o.Final {
		return endOf(o.Line)
	}
	if m.outdated(o) {
		return nil
	}
	if m.tr == nil {
		if m.held = append(m.held, o.Line); len(m.held) > maxHeld {
			return errBehind
		}
		return nil
	}
	return m.hear(o.Line)
}

// takenOver is how the network says that another link of ours has come (core/ircserver/gateway.go).
const takenOver = "another link of this gateway has come"

// endOf is why the network has ended the link.
func endOf(line string) error {
	if strings.Contains(strings.ToLower(line), takenOver) {
		return &RefusedError{"another process has taken over (" + line + "); only one may run"}
	}
	return errors.New("the new network ended the link: " + line)
}

func (m *mirror) hear(line string) error {
	f, ops, err := m.tr.Hear(line)
	if err != nil {
		return err
	}
	m.add(ops)
	if f.Kind == "READY" && !m.loaded {
		m.loaded = true
		if len(f.Drift) > 0 {
			m.g.log.Warn("the new network has not quite what we thought; it is mended", "differences", len(f.Drift), "first", f.Drift[0])
		}
		m.startImport()
	}
	return nil
}

// answered looks for errors that a user got for what it did.
func (m *mirror) answered(o *Output) {
	if o.Cause == 0 || m.tr == nil {
		return
	}
	was, ok := m.sent[o.Cause]
	if !ok {
		return
	}
	var line irc.Message
	if line.Parse(o.Line) != nil || len(line.Command) != 3 || line.Command[0] != '4' && line.Command[0] != '5' {
		return
	}
	m.tr.Answered(was.uid, was.verb, line.Command, strings.Join(line.Params(), " "))
}

// publish puts what only the mirror's goroutine knows into the status.
func (m *mirror) publish() {
	g := m.g
	m.note(false)
	target := TargetStatus{Opened: m.opened, Posted: m.posted, Acked: m.acked, Pending: len(m.pending), Imports: m.imports}
	if waiting := g.queue.Stats(); (waiting.Items > 0 || len(m.pending) > 0) && !m.at.IsZero() {
		target.Behind = max(0, g.cfg.Clock.Now().Sub(m.at).Seconds())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	target.Linked, target.Session, target.LastError = g.status.Target.Linked, g.status.Target.Session, g.status.Target.LastError
	g.status.Target = target
	if m.tr == nil {
		return
	}
	s := &g.status
	s.Network.Servers, s.Network.Users, s.Network.Channels = m.model.Sizes()
	s.Coverage, s.Divergences, s.Rules = m.tr.Coverage(), m.tr.Divergences(), m.tr.Rules()
	s.Statement = s.Coverage.Statement()
	bad := m.checkCoverage(&s.Coverage)
	if bad != "" && s.CoverageBad == "" {
		g.log.Error("internal error: the coverage does not add up", "error", bad)
	}
	s.CoverageBad = bad
}

// checkCoverage says in what the outcomes do not add up to what came in, or "".
func (m *mirror) checkCoverage(c *translate.Coverage) string {
	if err := c.Check(); err != nil {
		return err.Error()
	}
	if want := m.events - int64(len(m.early)); c.Events != want {
		return "events that came in and that were counted differ"
	}
	return ""
}
