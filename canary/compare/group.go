package compare

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"robustirc/core/irc"
)

// diff is one difference, before it finds its group.
type diff struct {
	class Class
	field string
	cause string // what the new network answered
	ev    *event // the live event, or the extra
	other *event // what was shown instead
	users []int32
	units int64 // deliveries
	mark  Mark
	shape string // when it is of no event
	cmd   string
	note  string
	room  string
	user  int32  // whom a divergence is about, when it is of no event
	root  *group // what it follows from, when that is known
}

// divergence is a user on a channel (or anywhere, "") about whom the two sides do not agree.
type divergence struct {
	User int32
	Room string
}

// maxDiverged bounds the divergences that are followed.
const maxDiverged = 100_000

// group is a Group with what is needed to count.
type group struct {
	Group
	Names    map[string]bool // users, up to maxNames
	Places   map[string]bool
	Noise    int64
	followed map[string]int64
}

const maxNames = 1000

type groupTable struct {
	byID map[string]*group
}

func (t *groupTable) init(Options) { t.byID = map[string]*group{} }

// report counts a difference, in the group of its fingerprint or in that of the one it follows from (C-16).
func (e *Engine) report(d *diff) {
	e.describe(d)
	g := e.groupOf(d)
	if d.root == nil {
		d.root = e.rootOf(d)
	}
	if root := d.root; root != nil && root != g {
		root.FollowUps += d.units
		root.follow(string(d.class)+" "+d.cmd, d.units)
		root.see(e, d)
		e.tally.diff(e, d, root)
		if d.ev != nil {
			d.ev.Group, d.ev.Units = root.ID, d.units
		}
		return
	}
	e.keep(g)
	g.Count += d.units
	g.Events++
	g.see(e, d)
	if len(g.Examples) < e.opt.MaxExamples {
		g.Examples = append(g.Examples, e.example(d))
	}
	e.tally.diff(e, d, g)
	if d.ev != nil {
		d.ev.Group, d.ev.Units = g.ID, d.units
	}
	e.diverge(d, g)
}

// describe fills in the command, channel and shape.
func (e *Engine) describe(d *diff) {
	if d.ev == nil {
		return
	}
	d.cmd, d.room = command(d.ev.Key.Cmd), d.ev.Room
	if d.shape == "" {
		d.shape = shapeOf(d.ev.Key)
	}
}

// shapeOf is what a command is about, without names: "MODE #chan +b MASK".
func shapeOf(k key) string {
	verb, rest, _ := strings.Cut(k.Cmd, " ")
	target := ""
	switch {
	case irc.IsChannel(k.Target):
		target = "#chan"
	case k.Target != "":
		target = "NICK"
	}
	switch verb {
	case "PRIVMSG", "NOTICE":
		return verb + " " + rest + target + " " + textShape(k.Text)
	case "MODE":
		return verb + " " + target + " " + rest + modeShape(k)
	case "KICK":
		return verb + " " + target + " NICK TEXT"
	case "INVITE":
		return verb + " NICK " + target
	case "NICK":
		return verb + " NICK"
	case "JOIN":
		return verb + " " + target
	}
	return strings.TrimSpace(verb+" "+target) + " TEXT"
}

// textShape tells CTCP from text.
func textShape(s string) string {
	if strings.HasPrefix(s, "\x01") {
		return "CTCP"
	}
	return "TEXT"
}

func modeShape(k key) string {
	switch {
	case k.Subject != 0 || strings.HasPrefix(k.Text, "?"):
		return " NICK"
	case strings.ContainsAny(k.Text, "!@*"):
		return " MASK"
	case k.Text != "":
		return " VALUE"
	}
	return ""
}

// fingerprint is what the differences of a group have in common.
func (d *diff) fingerprint() string {
	return strings.Join([]string{string(d.class), d.shape, d.field, d.cause}, "|")
}

func (e *Engine) groupOf(d *diff) *group {
	print := d.fingerprint()
	sum := sha256.Sum256([]byte(print))
	id := hex.EncodeToString(sum[:5])
	if g := e.groups.byID[id]; g != nil {
		return g
	}
	if len(e.groups.byID) >= e.opt.MaxGroups {
		e.overflow["groups"]++
		id = "beyond-" + string(d.class)
		if g := e.groups.byID[id]; g != nil {
			return g
		}
	}
	g := &group{Names: map[string]bool{}, Places: map[string]bool{}, followed: map[string]int64{}}
	g.Group = Group{ID: id, Status: StatusUnexplained, Class: d.class, Command: d.cmd, Field: d.field, Shape: d.shape, Cause: d.cause, First: Moment{e.seq, e.now}}
	g.Title = title(d)
	if rule := e.book.accepting(id); rule != nil && d.class != ClassLeak {
		g.Status, g.Rule = StatusAccepted, rule.ID
	}
	return g
}

// keep files a group that is more than looked for.
func (e *Engine) keep(g *group) { e.groups.byID[g.ID] = g }

var titles = map[Class]string{
	ClassMissing:    "%s was not shown",
	ClassExtra:      "%s was shown and did not happen",
	ClassDuplicate:  "%s was shown twice",
	ClassChanged:    "%s was shown with another text",
	ClassSource:     "%s was shown as somebody else's",
	ClassTarget:     "%s was shown in another place",
	ClassHost:       "a user's host changed, or is shared: %s",
	ClassLoss:       "%s was not shown to everybody who saw it",
	ClassLeak:       "%s was shown to somebody who must not see it",
	ClassLate:       "%s was shown after the window",
	ClassIntra:      "%s was shown before an earlier one of the same source",
	ClassCausal:     "%s was shown before what it depends on, or after what ends it",
	ClassConcurrent: "%s and one of an independent source were shown in the other order",
	ClassNumeric:    "an answer differs: %s",
	ClassRefused:    "the new network refused what the live one allowed: %s",
	ClassRepaired:   "the new network's rules refused %s; it was made so by an effect",
	ClassState:      "states differ: %s",
}

func title(d *diff) string {
	t := fmt.Sprintf(titles[d.class], d.shape)
	if d.cause != "" {
		t += " (it answered " + d.cause + ")"
	}
	return t
}

func (g *group) see(e *Engine, d *diff) {
	g.Last = Moment{e.seq, e.now}
	for _, id := range d.users {
		if name := e.nameOf(id); len(g.Names) < maxNames {
			g.Names[name] = true
		}
	}
	if d.room != "" && len(g.Places) < maxNames {
		g.Places[d.room] = true
	}
}

func (g *group) follow(what string, n int64) {
	if _, ok := g.followed[what]; ok || len(g.followed) < 100 {
		g.followed[what] += n
	}
}

func (e *Engine) nameOf(id int32) string {
	if p := e.people[id]; p != nil {
		return p.nickOf()
	}
	return "(unknown session)"
}

// rootOf finds the group of the divergence that a difference follows from.
func (e *Engine) rootOf(d *diff) *group {
	if len(e.diverged) == 0 {
		return nil
	}
	keys := []divergence{}
	add := func(id int32) {
		if id > 0 {
			keys = append(keys, divergence{id, d.room}, divergence{id, ""})
		}
	}
	add(d.user)
	if d.ev != nil {
		add(d.ev.Key.Source.ID)
		add(d.ev.Key.Subject)
	}
	if d.class == ClassLoss || d.class == ClassLeak || d.class == ClassCausal {
		for _, id := range d.users {
			add(id)
		}
	}
	for _, k := range keys {
		if g := e.groups.byID[e.diverged[k]]; g != nil {
			return g
		}
	}
	return nil
}

// diverge notes about whom the sides do not agree from here on.
func (e *Engine) diverge(d *diff, g *group) {
	k := divergence{d.user, d.room}
	if d.ev != nil {
		switch d.cmd {
		case "JOIN", "PART":
			k = divergence{d.ev.Key.Source.ID, d.room}
		case "KICK", "MODE":
			k = divergence{d.ev.Key.Subject, d.room}
		case "QUIT", "NICK":
			k = divergence{d.ev.Key.Source.ID, ""}
		default:
			return
		}
		switch d.class {
		case ClassMissing, ClassExtra, ClassTarget, ClassSource, ClassChanged:
		default:
			return
		}
	}
	if k.User > 0 && len(e.diverged) < maxDiverged {
		e.diverged[k] = g.ID
	}
}

// undo takes a difference back that turned out to be another one.
func (e *Engine) undo(ev *event) {
	g := e.groups.byID[ev.Group]
	if g == nil {
		return
	}
	e.tally.undo(e, ev, g)
	if g.Count -= ev.Units; g.Count <= 0 && g.FollowUps == 0 {
		delete(e.groups.byID, g.ID)
		return
	}
	g.Events--
}

// example gathers what was around a difference on both sides (C-15).
func (e *Engine) example(d *diff) Example {
	x := Example{At: Moment{e.seq, e.now}, Note: d.note, Channel: d.room, Users: []string{}}
	for _, id := range d.users {
		if len(x.Users) < maxNamed {
			x.Users = append(x.Users, e.nameOf(id))
		}
	}
	ev := d.ev
	if ev == nil {
		x.Live, x.Shadow = []Line{}, []Line{}
		return x
	}
	who := ev.Key.Source.ID
	if ev.Ord != 0 {
		x.At = Moment{ev.Seq, ev.At}
		x.Live = e.around(live, ev.Seq, ev.At, d.room, who, d.mark)
	} else {
		x.Live = e.around(live, 0, ev.At, d.room, who, d.mark)
	}
	switch {
	case ev.ShownSeq != 0:
		x.Shadow = e.around(shadow, ev.ShownSeq, ev.ShownAt, d.room, who, d.mark)
	default:
		x.Shadow = e.around(shadow, 0, ev.At, d.room, who, d.mark)
	}
	return x
}

// ---- lines

// ringLine is one line of a side, kept for context.
type ringLine struct {
	Seq  uint64
	At   time.Duration
	Text string
	Room string  `json:",omitempty"`
	Who  int32   `json:",omitempty"`
	Got  []int32 `json:",omitempty"`
	More int     `json:",omitempty"` // recipients in all
}

// lineRing holds the last lines of a side.
type lineRing struct {
	size  int
	lines []ringLine
	start int
}

func (r *lineRing) add(l ringLine) {
	if len(r.lines) < r.size {
		r.lines = append(r.lines, l)
		return
	}
	r.lines[r.start] = l
	r.start = (r.start + 1) % len(r.lines)
}

func (r *lineRing) at(i int) *ringLine { return &r.lines[(r.start+i)%len(r.lines)] }

// find returns the place of a record, or of the first after a time.
func (r *lineRing) find(seq uint64, at time.Duration) int {
	lo, hi := 0, len(r.lines)
	for lo < hi {
		mid := (lo + hi) / 2
		l := r.at(mid)
		if seq != 0 && l.Seq < seq || seq == 0 && l.At < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// twice reports whether a record's line was shown not long before it as well.
func (r *lineRing) twice(seq uint64, text string) bool {
	const far = 4000
	end, n := r.find(seq+1, 0), 0
	for i := end - 1; i >= 0 && i > end-far; i-- {
		if r.at(i).Text == text {
			n++
		}
	}
	return n > 1
}

// The context of an example: so many lines before and after, found among so many.
const (
	contextLines = 5
	contextReach = 2000
)

// around returns the lines of a channel or user around a record, which is marked.
func (e *Engine) around(side int, seq uint64, at time.Duration, room string, who int32, mark Mark) []Line {
	r := &e.lines[side]
	list := []Line{}
	if len(r.lines) == 0 {
		return list
	}
	i := r.find(seq, at)
	concerns := func(l *ringLine) bool { return room != "" && l.Room == room || room == "" && l.Who == who }
	for j, n := i-1, 0; j >= 0 && j > i-contextReach && n < contextLines; j-- {
		if l := r.at(j); concerns(l) && (seq == 0 || l.Seq != seq) {
			list = append(list, e.shownLine(l, MarkContext))
			n++
		}
	}
	slices.Reverse(list)
	marked := false
	for j, n := i, 0; j < len(r.lines) && j < i+contextReach && n <= contextLines; j++ {
		l := r.at(j)
		switch {
		case seq != 0 && l.Seq == seq && !marked:
			marked = true
			list = append(list, e.shownLine(l, mark))
		case concerns(l) && l.Seq != seq:
			list = append(list, e.shownLine(l, MarkContext))
			n++
		}
	}
	return list
}

func (e *Engine) shownLine(l *ringLine, mark Mark) Line {
	line := Line{Moment: Moment{l.Seq, l.At}, Mark: mark, Text: strings.ToValidUTF8(l.Text, "\ufffd"), More: max(0, l.More-len(l.Got))}
	for _, id := range l.Got {
		line.To = append(line.To, e.nameOf(id))
	}
	return line
}

// ---- results

// acceptText is the rule that would accept a group, to which a reason, an owner and a date are added.
func (g *group) acceptText() string {
	return fmt.Sprintf("[[Rules]]\nid = \"accept-%s\"\nkind = \"accept\"\ngroup = \"%s\"\n", g.ID, g.ID)
}

// results returns the groups, the gravest first.
func (t *groupTable) results() []Group {
	list := make([]Group, 0, len(t.byID))
	for _, g := range t.byID { // order does not matter: they are sorted
		x := g.Group
		x.Users, x.Channels, x.AcceptRule = len(g.Names), len(g.Places), g.acceptText()
		x.Consequence = sortedTally(g.followed)
		if x.Class == ClassLeak {
			x.AcceptRule = ""
		}
		x.Examples = slices.Clone(x.Examples)
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(gravity(&a), gravity(&b)), cmp.Compare(b.Count+b.FollowUps, a.Count+a.FollowUps), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// gravity orders groups: unexplained leaks first, then what else is unexplained, debts, and noise.
func gravity(g *Group) int {
	switch {
	case g.Status == StatusNoise:
		return 3
	case g.Status == StatusAccepted:
		return 2
	case g.Class == ClassLeak:
		return 0
	}
	return 1
}

func sortedTally(m map[string]int64) []Tally {
	list := make([]Tally, 0, len(m))
	for name, n := range m { // order does not matter: they are sorted
		list = append(list, Tally{name, n})
	}
	slices.SortFunc(list, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return list
}
