package compare

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"robustirc/canary/trace"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// checkpointVersion is of the encoding of an engine. Another one is refused: the capture is then compared from its start.
const checkpointVersion = 1

// saved is an engine as data.
type saved struct {
	Version int
	Header  trace.Header
	Up      trace.LinkUp
	Linked  bool
	// Model is the linked network as its own burst would tell it, and ours.
	Model, Own        []string
	ChanModes, Prefix string
	Early             []string `json:",omitempty"`
	Burst             burstPhase
	Paused            bool
	Now, Window       time.Duration
	Seq, Records      uint64
	LastPerson        int32
	People            []*person
	UIDs              map[string]int32
	Nicks             map[string]int32
	Rooms             []savedRoom
	Linking           map[string]time.Duration
	Leaving, Unposted []parting `json:",omitempty"`
	LinkLines         uint64
	StormUntil        time.Duration
	Ord, Shown        uint64
	Audiences         []audience
	Due, Late         []savedEvent
	Link              uint64
	Setup             setupOps
	Ops               opTable
	Next              int
	Refusals          []refusal
	Names             []*nameList
	ShadowInfo        map[string]string
	Diverged          []savedDivergence
	Hosts             hostTable
	Hits              []int64
	Groups            []savedGroup
	Tally             savedTally
	Lags              savedLags
	Lines             [2][]ringLine
	Cover             savedCoverage
	Gaps              []GapSpan
	GapOpen           bool
	State             savedState
	Probes            savedProbes
	Overflow, Errors  map[string]int64
}

type savedRoom struct {
	Key, Name string
	Touched   time.Duration
	Out       bool          `json:",omitempty"`
	Turned    time.Duration `json:",omitempty"`
	MaxOrd    uint64
	Moves     []move
	Members   [2][]int32
}

type savedEvent struct {
	Event *event
	Set   int // in Audiences; -1 is none
}

type savedDivergence struct {
	divergence
	Group string
}

type savedGroup struct {
	Group
	Names, Places []string
	Followed      map[string]int64
}

type savedTally struct {
	Total           Counters
	Commands        []CommandSeen
	Classes         []ClassCount
	Users, Channels []Place
	Rates           []RateBucket
	Lags            []histogram
	Width           time.Duration
	Reports         map[Class]int64
}

type savedLags struct {
	Shadow, Gateway, Commit, Difference histogram
	ByCommand                           map[string]*histogram
	ByFanout                            [6]histogram
	Sample, Differences                 []time.Duration
	RNG                                 uint64
}

type savedCoverage struct {
	Rows                                        []CoverageRow
	Reasons, Answers, Unknown, Losses, Outsides map[string]int64
	Events, Excluded, Setup                     int64
}

type savedState struct {
	Counts      Counters
	Done, Clean int64
	Token       string
	Begun       bool
	Asking      time.Duration
	Open        bool
	Want, Got   []savedFact
}

type savedFact struct {
	fact
	Value string
	Time  int64
}

type savedProbes struct {
	Probes                 []*probe
	Checked, Errors, Swaps int64
	Answers                [2]map[string]map[string]int64
	Features               [2]map[string]bool
}

// Checkpoint returns the whole engine as bytes, from which Restore makes one that goes on where this one is: it takes
// the records from the next on. Sightings of probes that are under way and the sample of the self-test are not part of
// it. Equal engines give equal bytes.
func (e *Engine) Checkpoint() []byte { return e.save(false) }

// save encodes the engine; lean leaves out what only reports need.
func (e *Engine) save(lean bool) []byte {
	s := saved{Version: checkpointVersion, Header: e.header, Up: e.up, Linked: e.model != nil, Early: e.early, Burst: e.burst, Paused: e.paused,
		Now: e.now, Window: e.window, Seq: e.seq, Records: e.records, LastPerson: e.lastPerson, Leaving: e.leaving, Linking: e.linking, Unposted: e.unposted, LinkLines: e.linkLines, StormUntil: e.stormUntil, Ord: e.ord, Shown: e.shown,
		Link: e.link, Setup: e.setup, Ops: e.ops, Next: e.ops.next, Refusals: e.answers.Open, Names: e.names.open, ShadowInfo: e.shadowInfo,
		Hosts: e.hosts, Hits: e.book.hits, Gaps: e.gaps, GapOpen: e.gapOpen, Overflow: e.overflow, Errors: e.errors}
	e.saveModel(&s)
	e.savePeople(&s)
	e.saveEvents(&s)
	s.State = e.state.save()
	s.Cover = e.cover.save()
	if !lean {
		s.Tally, s.Lags, s.Groups = e.tally.save(), e.lags.save(), e.groups.save()
		for side := range e.lines {
			s.Lines[side] = e.lines[side].list()
		}
		s.Probes = e.probes.save()
		for k, g := range e.diverged { // order does not matter: they are sorted
			s.Diverged = append(s.Diverged, savedDivergence{k, g})
		}
		slices.SortFunc(s.Diverged, func(a, b savedDivergence) int {
			return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Room, b.Room))
		})
	}
	b, err := json.Marshal(&s)
	if err != nil {
		return nil // plain data can always be encoded
	}
	return b
}

func (e *Engine) saveModel(s *saved) {
	if e.model == nil {
		return
	}
	modes := e.model.Modes()
	s.ChanModes, s.Prefix = modes.ChanModes(), modes.PrefixToken()
	encode := func(events []s2s.Event) (lines []string) {
		for _, ev := range events {
			more, err := e.codec.Encode(ev)
			if err != nil {
				continue // what the dialect cannot say, its servers do not know
			}
			lines = append(lines, more...)
		}
		return lines
	}
	s.Model, s.Own = encode(e.model.Burst()), encode(e.model.OwnBurst())
}

func (e *Engine) savePeople(s *saved) {
	for _, id := range slices.Sorted(maps.Keys(e.people)) {
		s.People = append(s.People, e.people[id])
	}
	s.UIDs, s.Nicks = map[string]int32{}, map[string]int32{}
	for uid, p := range e.uids { // order does not matter: a map is filled
		s.UIDs[uid] = p.ID
	}
	for nick, p := range e.nicks { // order does not matter: a map is filled
		s.Nicks[nick] = p.ID
	}
	for _, key := range slices.Sorted(maps.Keys(e.rooms)) {
		r := e.rooms[key]
		x := savedRoom{Key: r.Key, Name: r.Name, Touched: r.Touched, Out: r.Out, Turned: r.Turned, MaxOrd: r.MaxOrd, Moves: r.Moves}
		for side := range r.side {
			x.Members[side] = slices.Sorted(maps.Keys(r.side[side].members))
		}
		s.Rooms = append(s.Rooms, x)
	}
}

// saveEvents keeps what waits, in the order in which it is due. Audiences are shared, and are kept once.
func (e *Engine) saveEvents(s *saved) {
	sets, contents := map[*audience]int{}, map[string]int{}
	place := func(a *audience) int {
		i, ok := sets[a]
		if ok {
			return i
		}
		content := a.content()
		if i, ok = contents[content]; !ok {
			i = len(s.Audiences)
			contents[content] = i
			s.Audiences = append(s.Audiences, *a)
		}
		sets[a] = i
		return i
	}
	save := func(q *queue) []savedEvent {
		list, seen := []savedEvent{}, map[*event]bool{} // one that was shown at once is filed twice for the same time
		for _, d := range q.list[q.head:] {
			if d.ev == nil || !d.stands() || d.ev.Taken || seen[d.ev] {
				continue
			}
			seen[d.ev] = true
			x := savedEvent{d.ev, -1}
			if d.ev.Aud != nil {
				x.Set = place(d.ev.Aud)
			}
			list = append(list, x)
		}
		return list
	}
	s.Due, s.Late = save(&e.due), save(&e.lateDue)
}

// content is what tells an audience from others.
func (a *audience) content() string {
	b := binary.LittleEndian.AppendUint64(nil, a.Sum)
	b = binary.AppendVarint(b, int64(a.N))
	for _, id := range a.IDs {
		b = binary.AppendVarint(b, int64(id))
	}
	return string(b)
}

func (r *lineRing) list() []ringLine {
	list := make([]ringLine, 0, len(r.lines))
	for i := range r.lines {
		list = append(list, *r.at(i))
	}
	return list
}

func (t *groupTable) save() []savedGroup {
	var list []savedGroup
	for _, id := range slices.Sorted(maps.Keys(t.byID)) {
		g := t.byID[id]
		list = append(list, savedGroup{g.Group, slices.Sorted(maps.Keys(g.Names)), slices.Sorted(maps.Keys(g.Places)), g.followed})
	}
	return list
}

func (t *tallies) save() savedTally {
	s := savedTally{Total: t.total, Commands: t.commands(), Rates: t.rates, Lags: t.lags, Width: t.width, Reports: t.reports}
	for _, class := range slices.Sorted(maps.Keys(t.classes)) {
		s.Classes = append(s.Classes, *t.classes[class])
	}
	for _, name := range slices.Sorted(maps.Keys(t.users)) {
		s.Users = append(s.Users, *t.users[name])
	}
	for _, name := range slices.Sorted(maps.Keys(t.channels)) {
		s.Channels = append(s.Channels, *t.channels[name])
	}
	return s
}

func (t *lagTable) save() savedLags {
	return savedLags{t.shadow, t.gateway, t.commit, t.difference, t.byCmd, t.byFanout, t.sample, t.differences, t.rng}
}

func (c *coverage) save() savedCoverage {
	s := savedCoverage{Reasons: c.reasons, Answers: c.answers, Unknown: c.unknown, Losses: c.losses, Outsides: c.outsides, Events: c.events, Excluded: c.excluded, Setup: c.setup}
	for _, verb := range slices.Sorted(maps.Keys(c.rows)) {
		s.Rows = append(s.Rows, *c.rows[verb])
	}
	return s
}

func (s *stateCheck) save() savedState {
	x := savedState{Counts: s.counts, Done: s.Done, Clean: s.Clean, Token: s.token, Begun: s.begun, Asking: s.asking, Open: s.want != nil}
	list := func(m map[fact]string, times map[fact]int64) (list []savedFact) {
		for f, v := range m { // order does not matter: they are sorted
			list = append(list, savedFact{f, v, times[f]})
		}
		slices.SortFunc(list, func(a, b savedFact) int { return strings.Compare(a.sortKey(), b.sortKey()) })
		return list
	}
	x.Want, x.Got = list(s.want, s.times), list(s.got, s.at)
	return x
}

func (t *probeTable) save() savedProbes {
	s := savedProbes{Checked: t.checked, Errors: t.errors, Swaps: t.swaps, Answers: t.answers, Features: t.features}
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		s.Probes = append(s.Probes, t.byName[name])
	}
	return s
}

// Restore makes an engine of what Checkpoint returned, with the options that it had.
func Restore(data []byte, o Options) (*Engine, error) {
	e, err := New(o)
	if err != nil {
		return nil, err
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("reading a checkpoint of the comparison: %w", err)
	}
	if s.Version != checkpointVersion {
		return nil, fmt.Errorf("the checkpoint of the comparison is of version %d, this program's is %d: compare the capture from its start", s.Version, checkpointVersion)
	}
	return e, e.restore(&s)
}

func (e *Engine) restore(s *saved) error {
	e.header, e.up, e.early, e.burst, e.paused = s.Header, s.Up, s.Early, s.Burst, s.Paused
	e.now, e.window, e.seq, e.records, e.lastPerson = s.Now, s.Window, s.Seq, s.Records, s.LastPerson
	e.leaving, e.ord, e.shown, e.link, e.setup = s.Leaving, s.Ord, s.Shown, s.Link, s.Setup
	e.ops, e.ops.next, e.answers.Open, e.gaps = s.Ops, s.Next, s.Refusals, s.Gaps
	e.gapOpen = s.GapOpen && len(s.Gaps) > 0
	fill(&e.shadowInfo, s.ShadowInfo)
	fill(&e.linking, s.Linking)
	e.unposted, e.linkLines, e.stormUntil = s.Unposted, s.LinkLines, s.StormUntil
	fill(&e.overflow, s.Overflow)
	fill(&e.errors, s.Errors)
	fill(&e.hosts.There, s.Hosts.There)
	fill(&e.hosts.Here, s.Hosts.Here)
	e.parseShadowModes()
	if len(s.Hits) == len(e.book.hits) {
		e.book.hits = s.Hits
	}
	if s.Linked {
		if err := e.restoreModel(s); err != nil {
			return err
		}
	}
	if err := e.restorePeople(s); err != nil {
		return err
	}
	for _, l := range s.Names {
		e.names.open = append(e.names.open, l)
		if l.Op != 0 {
			e.names.byOp[l.Op] = l
		}
	}
	for _, d := range s.Diverged {
		e.diverged[d.divergence] = d.Group
	}
	e.restoreEvents(s)
	e.restoreCounts(s)
	return nil
}

func fill[K comparable, V any](to *map[K]V, from map[K]V) {
	if from != nil {
		*to = from
	}
}

func (e *Engine) restoreModel(s *saved) error {
	if err := e.newModel(); err != nil {
		return fmt.Errorf("restoring the model: %w", err)
	}
	if e.model == nil {
		return fmt.Errorf("restoring the model: there is no codec for %s", e.up.Dialect)
	}
	if err := e.model.SetModes(s.ChanModes, s.Prefix); err != nil {
		return fmt.Errorf("restoring the model: %w", err)
	}
	feed := func(lines []string, take func(int64, s2s.Event) []network.Change) {
		for _, line := range lines {
			if ev, err := e.codec.Decode(line); err == nil {
				take(e.wall(), ev)
			}
		}
	}
	feed(s.Own, e.model.Say)
	feed(s.Model, e.model.Apply)
	return nil
}

func (e *Engine) restorePeople(s *saved) error {
	for _, p := range s.People {
		if p == nil {
			return fmt.Errorf("restoring users: one is missing")
		}
		e.people[p.ID] = p
		if p.Session != 0 {
			e.sessions[p.Session] = p
		}
	}
	for uid, id := range s.UIDs { // order does not matter: a map is filled
		if p := e.people[id]; p != nil {
			e.uids[uid] = p
		}
	}
	for nick, id := range s.Nicks { // order does not matter: a map is filled
		if p := e.people[id]; p != nil {
			e.nicks[nick] = p
		}
	}
	for _, x := range s.Rooms {
		r := &room{Key: x.Key, Name: x.Name, Touched: x.Touched, Out: x.Out, Turned: x.Turned, MaxOrd: x.MaxOrd, Moves: x.Moves}
		e.rooms[r.Key] = r
		for side := range x.Members {
			for _, id := range x.Members[side] {
				if p := e.people[id]; p != nil {
					e.enter(side, r, p)
				}
			}
		}
	}
	return nil
}

func (e *Engine) restoreEvents(s *saved) {
	sets := make([]*audience, len(s.Audiences))
	for i := range s.Audiences {
		sets[i] = &s.Audiences[i]
	}
	load := func(list []savedEvent, take func(*event)) {
		for _, x := range list {
			if x.Event == nil {
				continue
			}
			if x.Set >= 0 && x.Set < len(sets) {
				x.Event.Aud = sets[x.Set]
			}
			if x.Event.Aud == nil && x.Event.Ord != 0 {
				continue
			}
			take(x.Event)
		}
	}
	load(s.Due, func(ev *event) {
		e.due.push(ev)
		switch {
		case ev.Ord == 0:
			e.addExtra(ev)
		case ev.State == partial:
			e.partials[ev.out()] = ev
			e.shares[ev.share()] = ev
		default:
			e.pending.add(ev.Key, ev)
		}
	})
	load(s.Late, func(ev *event) {
		e.lateDue.push(ev)
		e.late.add(ev.Key, ev)
	})
}

func (e *Engine) restoreCounts(s *saved) {
	for _, x := range s.Groups {
		g := &group{Group: x.Group, Names: setOf(x.Names), Places: setOf(x.Places), followed: map[string]int64{}}
		fill(&g.followed, x.Followed)
		e.groups.byID[g.ID] = g
	}
	for side := range e.lines {
		for _, l := range s.Lines[side] {
			e.lines[side].add(l)
		}
	}
	e.tally.load(&s.Tally)
	e.lags.load(&s.Lags)
	e.cover.load(&s.Cover)
	e.state.load(&s.State)
	e.probes.load(&s.Probes)
}

func setOf(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, x := range list {
		m[x] = true
	}
	return m
}

func (t *tallies) load(s *savedTally) {
	t.total, t.rates, t.lags = s.Total, s.Rates, s.Lags
	if s.Width != 0 {
		t.width = s.Width
	}
	fill(&t.reports, s.Reports)
	for i := range s.Commands {
		t.byCmd[s.Commands[i].Command] = &s.Commands[i]
	}
	for i := range s.Classes {
		t.classes[s.Classes[i].Class] = &s.Classes[i]
	}
	for i := range s.Users {
		t.users[s.Users[i].Name] = &s.Users[i]
	}
	for i := range s.Channels {
		t.channels[s.Channels[i].Name] = &s.Channels[i]
	}
}

func (t *lagTable) load(s *savedLags) {
	t.shadow, t.gateway, t.commit, t.difference, t.byFanout = s.Shadow, s.Gateway, s.Commit, s.Difference, s.ByFanout
	t.sample, t.differences, t.rng = s.Sample, s.Differences, s.RNG
	fill(&t.byCmd, s.ByCommand)
}

func (c *coverage) load(s *savedCoverage) {
	c.events, c.excluded, c.setup = s.Events, s.Excluded, s.Setup
	fill(&c.reasons, s.Reasons)
	fill(&c.answers, s.Answers)
	fill(&c.unknown, s.Unknown)
	fill(&c.losses, s.Losses)
	fill(&c.outsides, s.Outsides)
	for i := range s.Rows {
		c.rows[s.Rows[i].Command] = &s.Rows[i]
	}
}

func (s *stateCheck) load(x *savedState) {
	s.counts, s.Done, s.Clean, s.token, s.begun = x.Counts, x.Done, x.Clean, x.Token, x.Begun
	s.asking = x.Asking
	if !x.Open {
		return
	}
	s.want, s.got, s.times, s.at = map[fact]string{}, map[fact]string{}, map[fact]int64{}, map[fact]int64{}
	for _, f := range x.Want {
		s.want[f.fact] = f.Value
		s.times[f.fact] = f.Time
	}
	for _, f := range x.Got {
		s.got[f.fact] = f.Value
		s.at[f.fact] = f.Time
	}
}

func (t *probeTable) load(s *savedProbes) {
	t.checked, t.errors, t.swaps = s.Checked, s.Errors, s.Swaps
	for _, p := range s.Probes {
		if p != nil {
			if p.Rooms == nil {
				p.Rooms = map[string]bool{}
			}
			if p.MaxOrd == nil {
				p.MaxOrd = map[string]uint64{}
			}
			t.byName[p.Name] = p
		}
	}
	for side := range s.Answers {
		fill(&t.answers[side], s.Answers[side])
		fill(&t.features[side], s.Features[side])
	}
}
