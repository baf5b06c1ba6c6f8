package compare

import (
	"slices"
	"strings"
	"time"

	"robustirc/canary/trace"
	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// numeric takes an answer of the new network. The live network's answers do not pass the link; what is known is that it
// did what was told, and who was on a channel that somebody joined.
func (e *Engine) numeric(m *irc.Message, s *seen) {
	switch m.Command {
	case "353", "366", "332":
		if e.names.answer(e, m, s) {
			return
		}
	}
	e.cover.answers[m.Command]++
	if refuses(m.Command) && s.cause != 0 && !e.setup.has(s.cause) && e.comparing() {
		e.answers.refused(e, m, s)
		return
	}
	e.book.hit(KindOutside, "", "ANSWER", "")
}

// refuses reports whether a numeric says no.
func refuses(code string) bool {
	return (code[0] == '4' || code[0] == '5') && code != "422"
}

// answerTable is the refusals of late that no missing event has explained yet.
type answerTable struct {
	Open []refusal
}

// refusal is a no to one operation.
type refusal struct {
	Op     uint64
	Code   string
	At     time.Duration
	Line   string
	Verb   string
	Target string
	User   int32
	Used   bool
	Seq    uint64
}

func (t *answerTable) drop() { t.Open = nil }

// maxRefusals bounds those that wait.
const maxRefusals = 10_000

func (t *answerTable) refused(e *Engine, m *irc.Message, s *seen) {
	o := e.ops.find(s.cause)
	if o == nil {
		return
	}
	if o.Refused == "" {
		o.Refused = m.Command
	}
	if len(t.Open) >= maxRefusals {
		e.overflow["refusals"]++
		return
	}
	r := refusal{Op: o.ID, Code: m.Command, At: e.now, Line: s.line, Verb: o.Verb, Target: o.Target, Seq: e.seq}
	if p := e.uids[o.UID]; p != nil {
		r.User = p.ID
	}
	t.Open = append(t.Open, r)
}

// consume takes a refusal as the cause of a difference.
func (t *answerTable) consume(o *opInfo) string {
	for i := range t.Open {
		if t.Open[i].Op == o.ID {
			t.Open[i].Used = true
		}
	}
	return o.Refused
}

// expire reports refusals of which nothing else came.
func (t *answerTable) expire(e *Engine, now time.Duration) {
	for len(t.Open) > 0 && t.Open[0].At+e.window+e.window/2 <= now {
		r := t.Open[0]
		t.Open = t.Open[1:]
		if !r.Used {
			d := diff{class: ClassRefused, cmd: r.Verb, shape: r.Verb + " " + r.Code, field: "answer", cause: r.Code, units: 1, user: r.User, room: r.Target, users: []int32{r.User}, note: r.Line}
			e.report(&d)
		}
	}
}

// repaired is "REPAIRED uid command target :what": rules here refused what the live network did.
func (e *Engine) repaired(r *trace.Record, m *irc.Message) {
	if e.setup.has(r.ID) || !e.comparing() {
		return
	}
	d := diff{class: ClassRepaired, cmd: strings.Clone(m.Param(1)), field: "rules", units: 1, room: e.fold(strings.Clone(m.Param(2))), note: strings.Clone(m.Last())}
	d.shape = d.cmd
	if o := e.ops.find(r.ID); o != nil && o.Refused != "" {
		d.cause = e.answers.consume(o)
		if e.repairedJoin(o, d.cause) {
			e.tally.add(e, d.cmd, outcomeIgnored, 1)
			return
		}
	}
	if p := e.uids[m.Param(0)]; p != nil {
		d.users = []int32{p.ID}
	}
	e.report(&d)
}

// refusedEffect is "REFUSED command parameter :reason": an effect that could not be had.
func (e *Engine) refusedEffect(r *trace.Record, m *irc.Message) {
	d := diff{class: ClassRefused, cmd: strings.Clone(m.Param(0)), field: "effect", units: 1, note: strings.Clone(m.Last())}
	d.shape = d.cmd
	if p := e.uids[m.Param(1)]; p != nil {
		d.users, d.user = []int32{p.ID}, p.ID
	} else if irc.IsChannel(m.Param(1)) {
		d.room = e.fold(strings.Clone(m.Param(1)))
	}
	e.report(&d)
}

// ---- what who joins a channel is answered

// nameList is what must be answered to a user who joins: who is there, and the topic.
type nameList struct {
	User    int32
	Room    string
	At      time.Duration
	Op      uint64
	Names   map[int32]byte // the sign of the highest status, 0 for none
	Topic   bool
	Got     map[int32]byte
	Strange []string // names of nobody we know
	GotT    bool
	Ended   bool
	// LinkLine counts the lines of the link.
	LinkLine uint64
	EndSeq   uint64
}

// namesTable is the answers that are awaited.
type namesTable struct {
	open []*nameList
	byOp map[uint64]*nameList
}

func (t *namesTable) init() { t.byOp = map[uint64]*nameList{} }
func (t *namesTable) drop() { t.open, t.byOp = nil, map[uint64]*nameList{} }

// maxNameLists and maxListed bound what is awaited: so many joins, to channels of so many.
const (
	maxNameLists = 2000
	maxListed    = 5000
)

// joined notes who is on a channel when somebody joins it.
func (t *namesTable) joined(e *Engine, r *room, p *person, c *network.Channel) {
	if !e.observing() || len(t.open) >= maxNameLists || len(c.Members()) > maxListed {
		return
	}
	l := &nameList{User: p.ID, Room: r.Key, At: e.now, LinkLine: e.linkLines, Topic: c.Topic.Text != "", Names: make(map[int32]byte, len(c.Members()))}
	spec := e.model.Modes()
	for _, m := range c.Members() {
		if q := e.person(string(m.User.UID)); q.Mirrored {
			l.Names[q.ID] = e.highest(spec, m.Status)
		}
	}
	t.open = append(t.open, l)
}

// highest is the sign of the highest status that both networks have.
func (e *Engine) highest(spec irc.ModeSpec, s network.Status) byte {
	there := e.shownModeSpec()
	for _, letter := range []byte(spec.Letters(irc.ModePrefix)) {
		if there.Class(letter) == irc.ModePrefix && s.Has(letter) {
			sign, _ := spec.Symbol(letter)
			return sign
		}
	}
	return 0
}

// bind says which operation a join is.
func (t *namesTable) bind(e *Engine, op uint64, uid, channel string) {
	p := e.uids[uid]
	if p == nil || e.burst == bursting {
		return
	}
	room := e.fold(channel)
	for _, l := range t.open {
		if l.User == p.ID && l.Room == room && l.Op == 0 {
			l.Op = op
			t.byOp[op] = l
			return
		}
	}
}

// answer takes 353, 366 and 332 where they answer a join that is awaited.
func (t *namesTable) answer(e *Engine, m *irc.Message, s *seen) bool {
	l := t.byOp[s.cause]
	if l == nil || s.cause == 0 {
		return false
	}
	switch m.Command {
	case "332":
		l.GotT = true
	case "353":
		e.names.collect(e, l, m.Last())
	default:
		l.Ended, l.EndSeq = true, e.seq
	}
	return true
}

func (t *namesTable) collect(e *Engine, l *nameList, names string) {
	spec := e.shownModeSpec()
	if l.Got == nil {
		l.Got = map[int32]byte{}
	}
	for word := range strings.FieldsSeq(names) {
		signs, nick := spec.CutSymbols(word)
		nick, _, _ = strings.Cut(nick, "!")
		p := e.subject(nick)
		if p == nil {
			if len(l.Strange) < maxNamed {
				l.Strange = append(l.Strange, strings.Clone(nick))
			}
			continue
		}
		var sign byte
		if signs != "" {
			sign = signs[0]
		}
		l.Got[p.ID] = sign
	}
}

// expire judges the answers whose time is up.
func (t *namesTable) expire(e *Engine, now time.Duration) {
	for len(t.open) > 0 && t.open[0].At+e.window <= now {
		l := t.open[0]
		t.open = t.open[1:]
		delete(t.byOp, l.Op)
		if l.Op != 0 {
			t.judge(e, l)
		}
	}
	e.answers.expire(e, now)
}

// judge compares one answer.
func (t *namesTable) judge(e *Engine, l *nameList) {
	if o := e.ops.find(l.Op); o != nil && o.Refused != "" {
		return // refused: it has a group of its own
	}
	alone := 0
	for id := range l.Names { // order does not matter: it is a sum
		if e.isPosted(id) {
			alone++
		}
	}
	if alone == 1 && l.Ended && len(l.Got) == 1 && e.book.hit(KindOwnAnswer, "", "353", "") {
		e.tally.event(e, "353")
		e.tally.add(e, "353", outcomeIgnored, 1) // he founds it there: its topic and his status are his own
		return
	}
	d := diff{class: ClassNumeric, cmd: "353", user: l.User, room: l.Room, units: 1, users: []int32{l.User}}
	switch {
	case !l.Ended:
		d.cmd, d.field, d.shape = "366", "missing", "JOIN 366"
	case l.Got == nil:
		d.field, d.shape = "missing", "JOIN 353"
	case l.Topic && !l.GotT:
		d.cmd, d.field, d.shape = "332", "missing", "JOIN 332"
	default:
		wrong, known := t.wrong(e, l)
		if len(wrong) == 0 && known != 0 {
			d.user = known // it follows from what is known of somebody who is on the list
		}
		if len(wrong) == 0 && known == 0 && len(l.Strange) == 0 {
			e.tally.event(e, "353")
			e.tally.add(e, "353", outcomeMatch, 1)
			e.book.hit(KindOrder, "list", "", "")
			if e.onAnswer != nil {
				e.onAnswer(l.EndSeq)
			}
			return
		}
		d.field, d.shape, d.users = "names", "JOIN 353", wrong
		d.note = strings.Join(l.Strange, " ")
	}
	e.report(&d)
}

// wrong is who is listed and is not there, or the other way round, or with another sign. Those about whom the sides do
// not agree anyway are left out, of whom one is known.
func (t *namesTable) wrong(e *Engine, l *nameList) (list []int32, known int32) {
	add := func(id int32) {
		_, here := e.diverged[divergence{id, l.Room}]
		_, everywhere := e.diverged[divergence{id, ""}]
		if here || everywhere {
			known = max(known, id)
			return
		}
		list = append(list, id)
	}
	for id, sign := range l.Names { // order does not matter: they are sorted
		if got, ok := l.Got[id]; (!ok || got != sign) && e.isPosted(id) {
			add(id)
		}
	}
	for id := range l.Got { // order does not matter: they are sorted
		if _, ok := l.Names[id]; !ok {
			add(id)
		}
	}
	slices.Sort(list)
	return list, known
}

func (e *Engine) isPosted(id int32) bool { p := e.people[id]; return p != nil && p.Posted }
