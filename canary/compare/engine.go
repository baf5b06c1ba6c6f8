package compare

import (
	"maps"
	"slices"
	"strings"
	"time"

	"robustirc/canary/trace"
	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// Engine compares one run.
type Engine struct {
	opt  Options
	book ruleBook

	header  trace.Header
	up      trace.LinkUp
	codec   s2s.Codec
	fold    func(string) string
	model   *network.Network // nil while there is no link
	early   []string         // lines before the link was up
	burst   burstPhase
	paused  bool // after a gap, until the link comes up anew
	now     time.Duration
	seq     uint64
	records uint64

	lastPerson int32
	linking    map[string]time.Duration // servers whose burst we see, and until when at most
	people     map[int32]*person
	uids       map[string]*person
	sessions   map[uint64]*person
	nicks      map[string]*person // of the new network, folded
	rooms      map[string]*room
	leaving    []parting // who is to be forgotten, and when
	unposted   []parting // whom the gateway should have told of by then
	linkLines  uint64    // of the peer, since the link was dialled

	ord, shown uint64 // live events, and lines shown, counted
	window     time.Duration
	pending    index
	extras     index // of the new network, by key and by the three loose keys
	late       index
	due        queue
	lateDue    queue
	partials   map[output]*event // by the output that began them
	shares     map[share]*event  // the same
	stormUntil time.Duration     // a server links, or has just done so

	link       uint64 // session of the gateway's own lines; 0 until known
	setup      setupOps
	ops        opTable
	answers    answerTable
	names      namesTable
	shadowInfo map[string]string // what the GATEWAY line told
	shadowMode irc.ModeSpec
	modeMap    map[byte]byte         // of Options.ChannelModes, for this link
	diverged   map[divergence]string // to the group that was first
	hosts      hostTable

	groups   groupTable
	tally    tallies
	lags     lagTable
	lines    [2]lineRing
	cover    coverage
	gaps     []GapSpan
	gapOpen  bool // the last one goes on
	state    stateCheck
	probes   probeTable
	sample   sampler
	onMatch  func(*event) // of the self-test
	onAnswer func(uint64)
	overflow map[string]int64
	errors   map[string]int64
}

// burstPhase is how far the link's burst is.
type burstPhase uint8

const (
	bursting  burstPhase = iota // the peer tells what it has
	settling                    // it has ended; the gateway sends what is missing
	following                   // events are compared
)

// parting is a user who will be forgotten.
type parting struct {
	At time.Duration
	ID int32
}

// output names one output of the new network and the change of mode within it.
type output struct {
	Input uint64
	Reply uint32
	Part  int
}

// New makes an engine for one run. An error is of the options or rules.
func New(o Options) (*Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	book, err := newRuleBook(o.Rules, o.Today)
	if err != nil {
		return nil, err
	}
	e := &Engine{opt: o, book: book, fold: irc.RFC1459.Fold, window: o.Window,
		people: map[int32]*person{}, uids: map[string]*person{}, sessions: map[uint64]*person{}, nicks: map[string]*person{}, rooms: map[string]*room{},
		pending: index{}, extras: index{}, late: index{}, partials: map[output]*event{}, shares: map[share]*event{}, shadowInfo: map[string]string{}, diverged: map[divergence]string{},
		overflow: map[string]int64{}, errors: map[string]int64{}}
	e.hosts = hostTable{There: map[string]string{}, Here: map[string]string{}}
	e.linking = map[string]time.Duration{}
	e.groups.init(o)
	e.tally.init()
	e.lags.init()
	e.names.init()
	e.cover.init()
	e.probes.init()
	e.lines[live].size, e.lines[shadow].size = o.KeepLines, o.KeepLines
	return e, nil
}

// Add takes the next record. It keeps nothing of it. What makes no sense is counted in Result.Errors.
func (e *Engine) Add(r *trace.Record) {
	e.sample.take(e, r)
	e.add(r)
}

func (e *Engine) add(r *trace.Record) {
	e.records++
	e.seq = r.Seq
	if r.Mono > e.now {
		e.now = r.Mono
	}
	e.expire(e.now)
	switch r.Kind {
	case trace.KindHeader:
		e.addHeader(r)
	case trace.KindLinkUp:
		e.linkUp(r)
	case trace.KindLinkDown:
		e.linkDown(r)
	case trace.KindLinkIn:
		e.linkIn(strings.Clone(r.Line))
	case trace.KindLinkOut:
		e.linkOut(r.Line)
	case trace.KindOp:
		e.op(r)
	case trace.KindAcked:
		e.ops.acked(e, r.ID)
	case trace.KindOutput:
		e.output(r)
	case trace.KindGap:
		e.gap(r)
	case trace.KindProbe:
		e.probes.heard(e, r)
	case trace.KindProbeSent:
		e.probes.said(e, r)
	case trace.KindCheckpoint:
		e.checkpoint(r)
	case trace.KindNote:
	default:
		e.errors["unknown kind of record"]++
	}
}

func (e *Engine) addHeader(r *trace.Record) {
	var h trace.Header
	if err := r.Body(&h); err != nil {
		e.errors["header"]++
		return
	}
	e.header = h
}

// linkUp begins a link: what is there is told anew.
func (e *Engine) linkUp(r *trace.Record) {
	var up trace.LinkUp
	if err := r.Body(&up); err != nil {
		e.errors["link-up"]++
		return
	}
	if up.Dialect == "" {
		up.Dialect = e.header.Dialect
	}
	if up.Protocol == "" {
		up.Protocol = e.header.Protocol
	}
	e.dropLive("relinked")
	e.up = up
	if err := e.newModel(); err != nil {
		e.errors["dialect"]++
		return
	}
	e.paused, e.burst = false, bursting
	e.setup.begin()
	e.closeGap()
	lines := e.early
	e.early, e.linkLines = nil, 0
	for _, line := range lines {
		e.linkIn(line)
	}
}

// newModel makes the model of the link that is up.
func (e *Engine) newModel() error {
	rules, err := network.RulesOf(e.up.Dialect)
	if err != nil {
		return err
	}
	us := network.Us{Server: e.header.Us, SID: s2s.SID(e.header.SID)}
	for _, name := range e.header.Services {
		if strings.Contains(name, ".") { // the others are nicks
			us.Services = append(us.Services, name)
		}
	}
	if e.model, err = network.New(rules, us); err != nil {
		return err
	}
	e.model.SetPeer(s2s.ServerIntroduced{Server: e.up.Peer, SID: s2s.SID(e.up.SID), Hops: 1})
	e.modeMap = nil
	e.codec = e.opt.Codec(e.up.Protocol, e.up.Dialect)
	e.refold(rules.Casemapping.Fold)
	if e.codec == nil {
		e.model = nil
		e.errors["codec"]++
	}
	return nil
}

// refold files nicks and channels under the names that a link's case mapping gives them: the new network may have told of
// them before the link was up.
func (e *Engine) refold(fold func(string) string) {
	e.fold = fold
	clear(e.nicks)
	for _, p := range e.people { // order does not matter: nicks are of one each
		if p.ShadowNick != "" && !p.Quit {
			e.nicks[fold(p.ShadowNick)] = p
		}
	}
	rooms := slices.Collect(maps.Values(e.rooms)) // order does not matter: names are of one each
	clear(e.rooms)
	for _, r := range rooms {
		r.Key = fold(r.Name)
		e.rooms[r.Key] = r
	}
}

// linkDown ends a link. What waits for a counterpart is not judged.
func (e *Engine) linkDown(r *trace.Record) {
	var down trace.LinkDown
	if err := r.Body(&down); err != nil {
		e.errors["link-down"]++
	}
	e.dropLive("link down: " + down.Reason)
	e.model, e.linkLines, e.early = nil, 0, nil
}

// gap is records that were not stored: what is known of the live side is not to be relied on until it is told anew.
func (e *Engine) gap(r *trace.Record) {
	var g trace.Gap
	if err := r.Body(&g); err != nil {
		e.errors["gap"]++
		return
	}
	e.dropLive("records missing: " + string(g.Reason))
	e.gaps[len(e.gaps)-1].Lines += g.Lines
	e.paused = true
}

// dropLive gives up what is known of the live side, and begins a gap.
func (e *Engine) dropLive(reason string) {
	e.dropPending(reason)
	for _, p := range e.uids { // order does not matter: each is reset
		e.leaveAll(live, p)
	}
}

// newLink is another session of the gateway: what was on its way to the last one is lost, and it settles anew.
func (e *Engine) newLink(session uint64) {
	again := e.link != 0 && e.link != session
	e.link = session
	if again {
		e.setup, e.ops = setupOps{}, opTable{} // its operations have numbers of their own
		for _, p := range e.uids {             // order does not matter: each is reset
			e.leaveAll(shadow, p) // it tells who is where
		}
	}
	if again && e.burst == following {
		e.dropPending("the link to the new network was lost")
		e.burst = settling
		e.setup.begin()
		e.sample.cut()
	}
}

// dropPending gives up what is not judged yet, and begins a gap.
func (e *Engine) dropPending(reason string) {
	for _, d := range e.due.list[e.due.head:] {
		if d.ev != nil && d.stands() {
			e.excluded(d.ev)
			d.ev.State = done
		}
	}
	e.due, e.lateDue = queue{}, queue{}
	e.pending, e.extras, e.late, e.partials = index{}, index{}, index{}, map[output]*event{}
	e.shares = map[share]*event{}
	e.diverged = map[divergence]string{}
	e.answers.drop()
	e.names.drop()
	e.state.drop()
	for _, p := range e.uids { // order does not matter: each is reset
		p.marks = marks{}
	}
	if !e.gapOpen {
		e.gaps = append(e.gaps, GapSpan{From: e.now, Reason: reason})
		e.gapOpen = true
	}
}

// closeGap ends the gap that is open.
func (e *Engine) closeGap() {
	if e.gapOpen {
		e.gaps[len(e.gaps)-1].To, e.gapOpen = e.now, false
	}
}

// excluded counts what is not compared because of a gap.
func (e *Engine) excluded(ev *event) {
	if ev.Ord != 0 && !ev.Optional {
		e.cover.excluded++
	}
}

// comparing reports whether what happens now is compared.
func (e *Engine) comparing() bool { return e.observing() && e.burst == following }

// observing reports whether what happens on the live side now may have to be compared: while the gateway settles it has
// not said yet how far it has come.
func (e *Engine) observing() bool { return e.model != nil && !e.paused && e.burst != bursting }

// checkpoint is where the gateway says that states can be compared, or that it has sent what was missing.
func (e *Engine) checkpoint(r *trace.Record) {
	var c trace.Checkpoint
	if err := r.Body(&c); err != nil {
		e.errors["checkpoint"]++
		return
	}
	if c.Name == "synced" && e.burst != following && e.model != nil {
		e.synced(c.Counts)
	}
}

// synced begins the comparison, with what came after so many lines of the link: the lines before are part of the import,
// whose operations are those up to a number.
func (e *Engine) synced(counts map[string]uint64) {
	e.burst = following
	if op := counts["op"]; op != 0 {
		from := counts["from"]
		if from == 0 {
			from = e.ops.last() + 1 // the import's operations may all be on their way yet
		}
		e.setup.reach(from, op)
	}
	if lines, ok := counts["lines"]; ok {
		e.forgetBefore(lines)
	} else {
		e.forgetBefore(e.linkLines)
	}
	e.setup.end()
	e.closeGap()
	for _, uid := range slices.Sorted(maps.Keys(e.uids)) {
		p := e.uids[uid]
		if !p.Gone && e.model.User(s2s.UID(uid)) == nil {
			e.userGone(uid)
		}
		if !p.Gone {
			e.unposted = append(e.unposted, parting{At: e.now + 2*e.window, ID: p.ID})
		}
	}
}

// forgetBefore gives up what was observed in the link's first lines.
func (e *Engine) forgetBefore(lines uint64) {
	for _, d := range e.due.list[e.due.head:] {
		if d.ev == nil || !d.stands() || d.ev.LinkLine > lines || d.ev.Ord == 0 {
			continue
		}
		if d.ev.State == waiting {
			e.pending.remove(d.ev.Key, d.ev)
		}
		e.settled(d.ev)
		d.ev.State = done
		e.due.idle++
	}
	e.names.open = slices.DeleteFunc(e.names.open, func(l *nameList) bool { return l.LinkLine <= lines && l.Op == 0 })
}

// wall is the run's time as seconds since 1970, for the model.
func (e *Engine) wall() int64 { return e.header.Started.Add(e.now).Unix() }
