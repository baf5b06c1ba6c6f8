package compare

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"robustirc/canary/trace"
	"robustirc/core/irc"
)

// probe is one client that the operator runs on one of the two sides.
type probe struct {
	Name, Nick string
	New        bool
	Lines      int64
	ID         int32             // of the live user that it is, 0 when it is none
	Rooms      map[string]bool   // it is on, by its own JOINs
	MaxOrd     map[string]uint64 // by channel: the latest live event it saw
	Question   string
}

// sighting is a live event that probes should see.
type sighting struct {
	key     key
	room    string
	ord     uint64
	at, due time.Duration
	wanted  []string // live probes that have not seen it
	liveAt  time.Duration
	newAt   time.Duration
}

// stray is a line of a live probe for which no event of the link has come yet.
type stray struct {
	key   key
	probe string
	at    time.Duration
}

// probeTable compares what probes saw with the model (C-2, C-3), and the answers that both sides gave.
type probeTable struct {
	byName   map[string]*probe
	waiting  map[key][]*sighting
	queue    []*sighting
	strays   []stray
	checked  int64
	errors   int64
	swaps    int64
	answers  [2]map[string]map[string]int64 // by side, question, numeric
	features [2]map[string]bool             // ISUPPORT tokens and capabilities, by side
}

func (t *probeTable) init() {
	t.byName, t.waiting = map[string]*probe{}, map[key][]*sighting{}
	for side := range t.answers {
		t.answers[side], t.features[side] = map[string]map[string]int64{}, map[string]bool{}
	}
}

// The bounds of what probes are asked and have to see.
const (
	maxProbes    = 16
	maxQuestions = 500
	maxSightings = 100_000
)

func (t *probeTable) probe(e *Engine, name string) *probe {
	p := t.byName[name]
	if p == nil && len(t.byName) < maxProbes {
		name = strings.Clone(name)
		side := e.opt.Probes[name]
		p = &probe{Name: name, New: side == "new" || side == "" && strings.HasPrefix(name, "new"), Rooms: map[string]bool{}, MaxOrd: map[string]uint64{}}
		t.byName[name] = p
	}
	return p
}

// said is a line that a probe sent: a question to which the answers that follow belong.
func (t *probeTable) said(e *Engine, r *trace.Record) {
	if p := t.probe(e, r.Name); p != nil {
		p.Question = question(r.Line)
	}
}

// question is a line without what differs between two askings: nicks of probes.
func question(line string) string {
	verb, rest, _ := strings.Cut(strings.Clone(line), " ")
	verb = strings.ToUpper(verb)
	switch verb {
	case "WHO", "NAMES", "MODE", "LIST", "TOPIC", "CAP":
		if f := strings.Fields(rest); len(f) > 0 && (strings.HasPrefix(f[0], "#") || verb == "CAP") {
			return verb + " " + strings.Join(f, " ")
		}
	}
	return verb
}

// heard is a line that a probe received.
func (t *probeTable) heard(e *Engine, r *trace.Record) {
	p := t.probe(e, r.Name)
	var m irc.Message
	if p == nil || m.Parse(strings.Clone(r.Line)) != nil {
		e.errors["probe line"]++
		return
	}
	p.Lines++
	cmd := irc.UpperCommand(m.Command)
	if len(cmd) == 3 && cmd[0] >= '0' && cmd[0] <= '9' || cmd == "CAP" {
		t.answered(p, cmd, &m)
		return
	}
	nick, _, _ := strings.Cut(m.Source, "!")
	if nick == p.Nick {
		t.own(e, p, cmd, &m)
	}
	k, room, ok := t.lower(e, p, cmd, &m)
	if !ok {
		return
	}
	t.sight(e, p, k, room)
}

// own follows where the probe is and what it is called.
func (t *probeTable) own(e *Engine, p *probe, cmd string, m *irc.Message) {
	room := e.fold(m.Param(0))
	switch cmd {
	case "JOIN":
		p.Rooms[room] = true
	case "PART":
		delete(p.Rooms, room)
	case "NICK":
		p.Nick = m.Param(0)
	}
}

// answered notes a numeric of the question at hand.
func (t *probeTable) answered(p *probe, cmd string, m *irc.Message) {
	side := live
	if p.New {
		side = shadow
	}
	switch cmd {
	case "001":
		p.Nick = m.Param(0)
	case "005":
		for _, token := range m.Params()[1:max(1, m.NumParams()-1)] {
			name, _, _ := strings.Cut(token, "=")
			t.feature(side, "ISUPPORT "+name)
		}
	case "CAP":
		if m.Param(1) == "LS" {
			for name := range strings.FieldsSeq(m.Last()) {
				name, _, _ = strings.Cut(name, "=")
				t.feature(side, "capability "+name)
			}
		}
		return
	}
	q := t.answers[side][p.Question]
	if q == nil {
		if len(t.answers[side]) >= maxQuestions {
			return
		}
		q = map[string]int64{}
		t.answers[side][p.Question] = q
	}
	q[cmd]++
}

func (t *probeTable) feature(side int, name string) {
	if len(t.features[side]) < maxNames {
		t.features[side][name] = true
	}
}

// lower turns a line into the key that the link's event has. Only what is comparable on both sides is.
func (t *probeTable) lower(e *Engine, p *probe, cmd string, m *irc.Message) (k key, room string, ok bool) {
	k.Cmd = cmd
	nick, _, _ := strings.Cut(m.Source, "!")
	who := e.probeUser(p, nick)
	if who == nil || e.model == nil {
		return k, "", false
	}
	k.Source = actor{ID: who.ID}
	room = e.fold(m.Param(0))
	switch cmd {
	case "PRIVMSG", "NOTICE", "TOPIC", "PART":
		k.Text = m.Param(1)
	case "JOIN":
	case "KICK":
		k.Text = m.Param(2)
		if q := e.probeUser(p, m.Param(1)); q != nil {
			k.Subject = q.ID
		}
	case "QUIT", "NICK":
		k.Text, room = m.Param(0), ""
	default:
		return k, "", false
	}
	if room != "" && !irc.IsChannel(room) {
		return k, "", false
	}
	k.Target = room
	return k, room, true
}

// probeUser finds the user whom a probe calls so.
func (e *Engine) probeUser(p *probe, nick string) *person {
	if p.New {
		return e.nicks[e.fold(nick)]
	}
	if e.model == nil {
		return nil
	}
	if u := e.model.Nick(nick); u != nil {
		return e.uids[string(u.UID)]
	}
	return nil
}

// watch notes a live event that probes should see.
func (t *probeTable) watch(e *Engine, ev *event) {
	if len(t.byName) == 0 || strings.HasPrefix(ev.Key.Cmd, "MODE") || strings.Contains(ev.Key.Cmd, " ") {
		return
	}
	s := &sighting{key: ev.Key, room: ev.Room, ord: ev.Ord, at: ev.At, due: ev.At + e.window}
	interesting := false
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		p := t.byName[name]
		switch {
		case p.New:
			interesting = interesting || p.Rooms[ev.Room]
		case p.Nick != "" && t.sees(e, p, ev):
			s.wanted = append(s.wanted, name)
		}
	}
	if !interesting && len(s.wanted) == 0 || len(t.queue) >= maxSightings {
		return
	}
	for i, x := range t.strays { // a probe's own server may have been faster than the link
		if x.key == s.key && slices.Contains(s.wanted, x.probe) {
			t.strays = slices.Delete(t.strays, i, i+1)
			s.wanted = slices.DeleteFunc(s.wanted, func(n string) bool { return n == x.probe })
			t.agreed(e, t.byName[x.probe], s, x.at)
			break
		}
	}
	t.waiting[s.key] = append(t.waiting[s.key], s)
	t.queue = append(t.queue, s)
}

// sees reports whether a probe is among those who must see an event.
func (t *probeTable) sees(e *Engine, p *probe, ev *event) bool {
	if u := e.model.Nick(p.Nick); u != nil {
		if q := e.uids[string(u.UID)]; q != nil {
			p.ID = q.ID
		}
	}
	return p.ID != 0 && p.ID != ev.Except && ev.Aud.has(p.ID)
}

// sight joins a probe's line with the link's event.
func (t *probeTable) sight(e *Engine, p *probe, k key, room string) {
	for _, s := range t.waiting[k] {
		if p.New {
			if s.newAt == 0 && p.Rooms[room] {
				s.newAt = e.now
				t.difference(e, s)
				return
			}
			continue
		}
		if i := slices.Index(s.wanted, p.Name); i >= 0 {
			s.wanted = slices.Delete(s.wanted, i, i+1)
			t.agreed(e, p, s, e.now)
			return
		}
	}
	if p.New || !e.comparing() || (k.Cmd == "PRIVMSG" || k.Cmd == "NOTICE") && e.header.Mode != trace.ModeBroadcast {
		return
	}
	if len(t.strays) < maxSightings {
		t.strays = append(t.strays, stray{k, p.Name, e.now})
	}
}

// agreed is a live probe that saw what the model says.
func (t *probeTable) agreed(e *Engine, p *probe, s *sighting, at time.Duration) {
	t.checked++
	if s.room != "" {
		if s.ord < p.MaxOrd[s.room] {
			t.swaps++ // between two live servers: noise that a difference is measured by
		}
		p.MaxOrd[s.room] = max(p.MaxOrd[s.room], s.ord)
	}
	if s.liveAt == 0 {
		s.liveAt = at
		t.difference(e, s)
	}
}

// difference measures how much later the new network showed one line.
func (t *probeTable) difference(e *Engine, s *sighting) {
	if s.liveAt == 0 || s.newAt == 0 {
		return
	}
	d := s.newAt - s.liveAt
	e.lags.difference.add(d)
	e.lags.differences = reservoir(e.lags.differences, e.lags.difference.N, d, e.opt.Seed+uint64(e.lags.difference.N))
}

// expire counts what a probe did not see, or saw alone.
func (t *probeTable) expire(now, window time.Duration) {
	for len(t.queue) > 0 && t.queue[0].due <= now {
		s := t.queue[0]
		t.queue = t.queue[1:]
		t.errors += int64(len(s.wanted))
		t.checked += int64(len(s.wanted))
		t.waiting[s.key] = slices.DeleteFunc(t.waiting[s.key], func(x *sighting) bool { return x == s })
		if len(t.waiting[s.key]) == 0 {
			delete(t.waiting, s.key)
		}
	}
	for len(t.strays) > 0 && t.strays[0].at+window <= now {
		t.strays = t.strays[1:]
		t.errors++
		t.checked++
	}
}

func (t *probeTable) results() []ProbeResult {
	list := []ProbeResult{}
	for _, name := range slices.Sorted(maps.Keys(t.byName)) {
		p := t.byName[name]
		side := "live"
		if p.New {
			side = "new"
		}
		list = append(list, ProbeResult{Name: name, Side: side, Nick: p.Nick, Lines: p.Lines})
	}
	return list
}

// losses compares what both sides answered to the same questions, numeric by numeric.
func (t *probeTable) losses() []Loss {
	var list []Loss
	for _, q := range slices.Sorted(maps.Keys(t.answers[live])) {
		there, asked := t.answers[shadow][q]
		if !asked {
			continue
		}
		here := t.answers[live][q]
		list = append(list, onlyIn("numeric ", " to "+q, here, there, false)...)
		list = append(list, onlyIn("numeric ", " to "+q, there, here, true)...)
	}
	if len(t.features[live]) > 0 && len(t.features[shadow]) > 0 {
		list = append(list, onlyIn("", "", counted(t.features[live]), counted(t.features[shadow]), false)...)
		list = append(list, onlyIn("", "", counted(t.features[shadow]), counted(t.features[live]), true)...)
	}
	slices.SortStableFunc(list, func(a, b Loss) int { return cmp.Or(boolCompare(a.Gained, b.Gained), cmp.Compare(b.Count, a.Count)) })
	return list
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func counted(m map[string]bool) map[string]int64 {
	c := map[string]int64{}
	for k := range m { // order does not matter: a map is filled
		c[k] = 1
	}
	return c
}

func onlyIn(before, after string, a, b map[string]int64, gained bool) []Loss {
	var list []Loss
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if b[name] == 0 {
			list = append(list, Loss{What: before + name + after, Gained: gained, Count: a[name]})
		}
	}
	return list
}
