package linkgw

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw/network"
	"robustirc/linkgw/spool"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// The bounds of what is on its way to the new network.
const (
	// maxPending is how many operations wait for the poster before lines are left in the queue.
	maxPending = 2048
	// maxBatch and maxBatchBytes are what one Post takes.
	maxBatch, maxBatchBytes = 512, 128 << 10
	// maxRemembered is of how many operations it is still known what they were when their outputs come.
	maxRemembered = 8192
	// maxHeld is how many lines of the new network wait for the first link.
	maxHeld = 1 << 20
)

// Times of the mirror.
const (
	keepAliveEvery = time.Minute
	expireEvery    = time.Minute
	reopenPause    = time.Second
)

// mirror is what follows from the lines of the link. Its goroutine owns all but the queue.
type mirror struct {
	g     *Gateway
	items chan fed

	// listen follows the handshake by the same lines as the leaf's link.
	listen  s2s.Link
	early   []event // before the dialect is known
	burst   bool    // the peer's burst is over
	model   *network.Network
	tr      *translate.Translator
	at      time.Time // of the item at hand
	expired time.Time
	events  int64
	lines   uint64 // of the link, since it was dialled
	// followed is where it is kept how far we are, once everything up to there is in the new network.
	followed followed

	// Of the new network's link.
	session  uint64
	loaded   bool // the network has told what it has
	held     []string
	importer *translate.Import
	imports  int
	// importing is whether an import is made and not yet taken up to importEnd; it is of how things were at importAt.
	importing   bool
	importBegin uint64 // its first operation
	importEnd   uint64 // the first behind it
	importAt    time.Time
	pending     []op
	nextID      uint64
	sent        map[uint64]sentOp
	named       map[string]uint64 // the last operation that gave a user a nick, of those in sent
	opened      int
	posted      int64
	acked       uint64
	busy        bool // a batch is being posted
	checks      int  // how often all was asked for
}

// fed is what came out of the queue.
type fed struct {
	item spool.Item
	err  error
}

// event is an event with its command on the wire.
type event struct {
	command string
	event   s2s.Event
}

// op is an operation and when what it is of happened.
type op struct {
	translate.Op
	at time.Time
}

// sentOp is what is remembered of an operation.
type sentOp struct{ uid, verb string }

// Errors that end a link to the new network so that another is made.
var (
	errDialect = errors.New("the existing network's server speaks another dialect now")
	errBehind  = errors.New("more than a million lines of the new network came before there was a link")
)

func newMirror(g *Gateway) *mirror {
	return &mirror{g: g, items: make(chan fed), sent: map[uint64]sentOp{}, named: map[string]uint64{}, followed: newFollowed(g.cfg.Spool.Dir)}
}

// run follows until ctx ends, over as many links to the new network as it takes.
func (m *mirror) run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work.Go(func() { m.feed(ctx) })
	defer m.note(true)
	for {
		link, err := m.g.cfg.Target.Open(ctx)
		if err == nil {
			err = m.follow(ctx, link)
			link.Close()
		}
		if ctx.Err() != nil {
			return nil
		}
		var refused *RefusedError
		if errors.As(err, &refused) {
			return err
		}
		m.lost(err)
		select {
		case <-m.g.cfg.Clock.After(reopenPause):
		case <-ctx.Done():
			return nil
		}
	}
}

// note keeps how far the existing network was followed, once it is in step: from time to time, or now.
func (m *mirror) note(now bool) {
	if m.imports == 0 || m.importer != nil || m.importing {
		return
	}
	if err := m.followed.write(m.at, m.g.cfg.Clock.Now(), now); err != nil {
		m.g.log.Error("it cannot be written down how far the network was followed", "error", err)
	}
}

// feed takes items out of the queue.
func (m *mirror) feed(ctx context.Context) {
	for {
		var f fed
		f.item, f.err = m.g.queue.Pop(ctx)
		if errors.Is(f.err, spool.ErrClosed) || ctx.Err() != nil {
			return
		}
		select {
		case m.items <- f:
		case <-ctx.Done():
			return
		}
	}
}

// lost notes that the link to the new network is over. What was on its way is made up for by the next import, but for what was
// said.
func (m *mirror) lost(err error) {
	g := m.g
	g.log.Error("the link to the new network is lost; making another", "error", err, "pending", len(m.pending))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status.Target.Linked = false
	g.status.Target.LastError = err.Error()
	if m.tr != nil {
		g.gaps.open(g.cfg.Clock.Now(), GapTarget)
		g.gaps.miss(GapTarget, uint64(len(m.pending)))
	}
}

// follow is one link to the new network.
func (m *mirror) follow(ctx context.Context, link TargetLink) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	m.begin(link)
	p := newPoster(m.g, link)
	outputs := make(chan received)
	work.Go(func() { defer m.g.recover("the poster"); p.run(ctx) })
	work.Go(func() { defer m.g.recover("the receiver"); receive(ctx, link, outputs) })
	tick := m.g.cfg.Clock.After(time.Second)
	for {
		m.advance()
		var in <-chan fed
		var post chan<- batch
		if len(m.pending) < maxPending && (m.tr == nil || m.loaded) {
			in = m.items
		}
		next := batch{}
		if len(m.pending) > 0 && !m.busy {
			next, post = m.batch(), p.batches
		}
		select {
		case f := <-in:
			if err := m.take(f); err != nil {
				return err
			}
		case post <- next:
			m.handedOver(next)
		case r := <-outputs:
			if err := m.heard(r); err != nil {
				return err
			}
		case a := <-p.acks:
			if a.err != nil {
				return a.err
			}
			m.acknowledged(a)
		case <-m.g.check:
			m.checkState()
		case <-tick:
			m.publish()
			tick = m.g.cfg.Clock.After(time.Second)
		case <-ctx.Done():
			return nil
		}
	}
}

func (m *mirror) begin(link TargetLink) {
	m.session, m.nextID = link.Session(), link.FirstID()
	m.loaded, m.held, m.importer, m.importing, m.pending = false, nil, nil, false, nil
	m.acked = m.nextID - 1
	m.busy = false
	clear(m.sent)
	clear(m.named)
	m.opened++
	m.publish()
	m.g.mu.Lock()
	defer m.g.mu.Unlock()
	m.g.status.Target.Linked, m.g.status.Target.Session = true, m.session
	select {
	case <-m.g.ready:
	default:
		close(m.g.ready)
	}
}

// advance goes on with an import while there is room.
func (m *mirror) advance() {
	for m.importer != nil && len(m.pending) < maxPending {
		ops := m.importer.Next(maxBatch)
		if len(ops) == 0 {
			m.importer, m.importing = nil, true
			m.importEnd, m.importAt = m.nextID+uint64(len(m.pending)), m.at
			m.captureSynced()
		}
		m.add(ops)
	}
	if m.importing && m.acked+1 >= m.importEnd {
		m.imported()
	}
}

// captureSynced writes down from and up to which operation, and up to which line of the link, all is of the import
// (docs/canary.md). Most of those operations may still wait to be posted.
func (m *mirror) captureSynced() {
	m.g.captureBody(trace.KindCheckpoint, "", time.Time{}, trace.Checkpoint{Name: "synced", Counts: map[string]uint64{"from": m.importBegin, "op": m.importEnd - 1, "lines": m.lines}})
}

// imported notes that the new network has taken all that there is, with which all gaps end.
func (m *mirror) imported() {
	m.importing = false
	m.imports++
	g := m.g
	g.mu.Lock()
	ended := g.gaps.closeAll(m.importAt)
	g.mu.Unlock()
	debug.FreeOSMemory() // what the burst needed is many times what is kept
	servers, users, channels := m.model.Sizes()
	g.log.Info("the new network is in step", "servers", servers, "users", users, "channels", channels)
	for _, x := range ended {
		g.log.Warn("there was a gap", "reason", x.Reason, "from", x.From, "to", x.To, "lines", x.Lines)
		g.capture(&trace.Record{Kind: trace.KindNote, Name: "gap", Line: fmt.Sprintf("reason=%s from=%d to=%d lines=%d", x.Reason, x.From.UnixNano(), x.To.UnixNano(), x.Lines)})
	}
	m.note(true) // or a crash would have these gaps in its own
	m.publish()
}

// verbCheck is the verb of a question whose answers are for the capture alone.
const verbCheck = "CHECK"

// checkState asks for all that the new network has.
func (m *mirror) checkState() {
	if m.tr == nil || !m.loaded || m.importer != nil || m.importing {
		return
	}
	m.checks++
	m.add([]translate.Op{{Line: fmt.Sprintf("STATE check%d", m.checks), Kind: translate.Effect, Verb: verbCheck, Root: verbCheck}})
}

func (m *mirror) add(ops []translate.Op) {
	for _, o := range ops {
		m.pending = append(m.pending, op{o, m.at})
	}
}

// take takes one item of the queue.
func (m *mirror) take(f fed) error {
	var lost *spool.LostError
	if errors.As(f.err, &lost) {
		m.g.log.Error("spooled lines are lost; the link is made again when the rule for that allows", "error", lost)
		m.g.gap(lost.First, GapSpool)
		m.g.missed(GapSpool, uint64(lost.Items))
		m.g.stale.Store(true)
		return nil
	}
	if f.err != nil {
		return fmt.Errorf("taking lines out of the queue: %w", f.err)
	}
	m.at = f.item.At
	if m.tr != nil {
		m.tr.SetLag(int64(m.g.cfg.Clock.Now().Sub(m.at) / time.Second))
	}
	switch f.item.Kind {
	case itemDial:
		return m.dialled()
	case itemLine:
		return m.line(f.item.Text)
	case itemDown:
		m.down(f.item.Text)
	case itemTick:
		m.expire()
	}
	return nil
}

func (m *mirror) dialled() (err error) {
	m.early, m.burst, m.lines = nil, false, 0
	if m.listen, err = m.g.cfg.Identity.listener(); err == nil {
		m.listen.Start(m.at)
	}
	return err
}

// line is a line of the existing network.
func (m *mirror) line(text string) error {
	if m.listen == nil {
		return nil // behind a loss of the spool
	}
	m.lines++
	step, err := m.listen.Line(m.at, text)
	command := commandOf(text)
	if step.Parse != nil {
		m.events++
		m.skip(command)
	}
	for _, e := range step.Events {
		m.events++
		if err := m.event(event{command, e}); err != nil {
			return err
		}
	}
	if err != nil {
		m.listen = nil // the link is over, and the leaf says so too
		return nil
	}
	if step.BurstEnded {
		m.burst = true
		m.startImport()
	}
	return nil
}

// skip counts a line that could not be read.
func (m *mirror) skip(command string) {
	if m.tr != nil {
		m.tr.Skip(command, translate.ParseError)
		return
	}
	m.early = append(m.early, event{command: command})
}

// event gives the model what came, once it is known what software it is of.
func (m *mirror) event(e event) error {
	if m.model == nil || len(m.early) > 0 {
		m.early = append(m.early, e)
		return m.meet()
	}
	if d := m.listen.Dialect(); d != "" && d != m.model.Rules().Dialect {
		return m.otherDialect(d)
	}
	m.apply(e)
	return nil
}

func (m *mirror) apply(e event) {
	if e.event.Body == nil {
		m.tr.Skip(e.command, translate.ParseError)
		return
	}
	m.add(m.tr.Translate(e.command, e.event, m.model.Apply(m.at.Unix(), e.event)))
}

// meet makes model and translator when the dialect is known the first time.
func (m *mirror) meet() error {
	d := m.listen.Dialect()
	if d == "" {
		return nil
	}
	if m.model == nil {
		if err := m.makeModel(d); err != nil {
			return err
		}
	}
	early := m.early
	m.early = nil
	for _, e := range early {
		m.apply(e)
	}
	return nil
}

func (m *mirror) makeModel(dialect string) error {
	var err error
	if m.model, err = m.g.cfg.Identity.newModel(dialect); err != nil {
		return err
	}
	if m.tr, err = translate.New(m.g.cfg.Translate, m.model); err != nil {
		return err
	}
	held := m.held
	m.held = nil
	for _, line := range held {
		if err := m.hear(line); err != nil {
			return err
		}
	}
	return nil
}

// otherDialect begins anew, as after a restart: the rules of the model are others.
func (m *mirror) otherDialect(d string) error {
	if rules, err := network.RulesOf(d); err == nil && rules.Dialect == m.model.Rules().Dialect {
		return nil // another name of the same
	}
	m.model, m.tr, m.events = nil, nil, 0
	m.g.Relink()
	return errDialect
}

// startImport begins to make the new network equal, when both sides have told what they have.
func (m *mirror) startImport() {
	if m.burst && m.loaded && m.tr != nil {
		m.importer = m.tr.Reconcile()
		m.importBegin = m.nextID + uint64(len(m.pending))
	}
}

// down is the end of a link. The new network keeps what it has.
func (m *mirror) down(text string) {
	m.listen, m.burst, m.importer, m.importing, m.early = nil, false, nil, false, nil
	if m.tr == nil {
		return
	}
	m.add(m.tr.Changed("link", m.model.End(m.at.Unix(), text)))
	for range m.g.takeDropped() {
		m.events++
		m.tr.Skip("(dropped)", translate.QueueDrop)
	}
}

// expire ends bans whose time is over, now and then.
func (m *mirror) expire() {
	if m.tr == nil || m.at.Sub(m.expired) < expireEvery {
		return
	}
	m.expired = m.at
	m.add(m.tr.Changed("expire", m.model.Expire(m.at.Unix())))
}

// commandOf returns a line's command.
func commandOf(line string) string {
	for _, mark := range []byte{'@', ':'} {
		if line != "" && line[0] == mark {
			_, line, _ = strings.Cut(line, " ")
			line = strings.TrimLeft(line, " ")
		}
	}
	command, _, _ := strings.Cut(line, " ")
	if command == "" {
		return "(empty)"
	}
	return strings.ToUpper(command)
}
