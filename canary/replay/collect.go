package replay

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"robustirc/canary/compare"
	"robustirc/core/irc"
	"robustirc/core/ircserver"
)

// Bounds of what is kept.
const (
	maxGroups   = 1000 // further ones are counted in Result.Overflow
	maxExamples = 3
	contextLen  = 5
	maxNames    = 10
	maxDistinct = 10_000 // sessions and channels counted per group
)

// collector makes a compare.Result of rounds. Not safe for concurrent use.
type collector struct {
	old, new string // the versions' names
	res      compare.Result
	groups   map[string]*group
	classes  map[compare.Class]*compare.ClassCount
	commands map[string]*compare.CommandSeen
	nicks    map[ircserver.SessionID]string
	recent   [2][]compare.Line // the last contextLen lines of both sides
	open     []*openExample

	self     int64 // differences of the old version from itself
	selfAt   uint64
	first    string // the fingerprint of the first difference
	diverged uint64 // the first digest at which the states differ; 0: none
	agreed   uint64 // the last digest at which they were equal

	isRecorded         bool // the old version is a recording
	covered, uncovered int64
}

// group is a compare.Group in the making.
type group struct {
	compare.Group
	sessions map[ircserver.SessionID]bool
	channels map[string]bool
}

// openExample still takes the lines that follow.
type openExample struct {
	g      *group
	at     int
	wanted [2]int
}

func newCollector(old, new string) *collector {
	return &collector{
		old: old, new: new, groups: map[string]*group{}, classes: map[compare.Class]*compare.ClassCount{},
		commands: map[string]*compare.CommandSeen{}, nicks: map[ircserver.SessionID]string{},
		res: compare.Result{Schema: compare.SchemaVersion, Overflow: map[string]int64{}, Errors: map[string]int64{}},
	}
}

// The places of the versions in a round.
const (
	oldVersion = iota
	sameVersion
	newVersion
	versions
)

// round takes what the versions have for one input.
func (c *collector) round(r *round) {
	if r.panics[oldVersion] != r.panics[sameVersion] || !slices.EqualFunc(r.outputs[oldVersion], r.outputs[sameVersion], func(a, b Output) bool { return equalOutputs(&a, &b) }) {
		c.itself(r.input)
	}
	c.digest(r)
	if r.panics[oldVersion] != r.panics[newVersion] {
		c.panicked(r)
	}
	c.names(r.outputs[oldVersion])
	matched, list := diff(r.outputs[oldVersion], r.outputs[newVersion])
	c.res.Deliveries.Match += matched
	c.res.Deliveries.Events += int64(max(len(r.outputs[oldVersion]), len(r.outputs[newVersion])))
	c.count(r, matched)
	for i := range list {
		c.difference(r, &list[i])
	}
	c.context(r)
}

// fieldPanic marks a difference that is no output: one version panics.
const fieldPanic = "panic"

// itself notes that the old version differs from itself.
func (c *collector) itself(input uint64) {
	if c.self == 0 {
		c.selfAt = input
	}
	c.self++
}

// digest compares states.
func (c *collector) digest(r *round) {
	a, b, n := r.digests[oldVersion], r.digests[sameVersion], r.digests[newVersion]
	if a == nil || n == nil {
		return
	}
	if b != nil && b.State != a.State {
		c.itself(r.input)
	}
	c.res.State.Events++
	if a.State == n.State {
		c.res.State.Match++
		if c.diverged == 0 {
			c.agreed = r.input
		}
		return
	}
	c.res.State.Unexplained++
	if c.diverged == 0 {
		c.diverged = r.input
	}
}

func (c *collector) panicked(r *round) {
	d := &Difference{Class: compare.ClassExtra, Field: fieldPanic}
	text := r.panics[newVersion]
	if text == "" {
		d.Class, text = compare.ClassMissing, r.panics[oldVersion]
	}
	d.New = &Output{Line: "(the machine) " + text}
	c.difference(r, d)
}

// names learns the nicks of sessions from numerics, which begin with their recipient's.
func (c *collector) names(outs []Output) {
	for i := range outs {
		if len(outs[i].To) != 1 {
			continue
		}
		var m irc.Message
		if m.Parse(outs[i].Line) != nil {
			continue
		}
		if _, numeric := irc.ParseNumeric(m.Command); numeric && m.Param(0) != "" && m.Param(0) != "*" && c.nicks[outs[i].To[0]] != m.Param(0) {
			c.nicks[outs[i].To[0]] = strings.Clone(m.Param(0))
		}
	}
}

// count files a round's deliveries under their commands.
func (c *collector) count(r *round, matched int64) {
	whole := matched == deliveries(r.outputs[oldVersion])
	for i := range r.outputs[oldVersion] {
		o := &r.outputs[oldVersion][i]
		kind := kindOf(o.Line)
		seen := c.commands[kind]
		if seen == nil {
			seen = &compare.CommandSeen{Command: kind}
			c.commands[kind] = seen
		}
		seen.Events++
		seen.Deliveries += int64(len(o.To))
		if whole {
			seen.Counters.Match += int64(len(o.To))
		}
	}
}

// fingerprint is what differences of one group have in common.
func fingerprint(d *Difference) (command, shape, print string) {
	line := ""
	for _, o := range []*Output{d.New, d.Old} {
		if o != nil {
			line = o.Line
		}
	}
	command, shape = kindOf(line), shapeOf(line)
	if d.Field == fieldPanic {
		command, shape = "PANIC", "PANIC"
	}
	return command, shape, strings.Join([]string{string(d.Class), command, d.Field, shape}, "\x00")
}

func (c *collector) difference(r *round, d *Difference) {
	n := d.deliveries()
	c.res.Deliveries.Unexplained += n
	class := c.classes[d.Class]
	if class == nil {
		class = &compare.ClassCount{Class: d.Class}
		c.classes[d.Class] = class
	}
	class.Count += n
	class.Unexplained += n
	command, shape, print := fingerprint(d)
	g := c.groups[print]
	if g == nil {
		if len(c.groups) == maxGroups {
			c.res.Overflow["groups"] += n
			return
		}
		g = newGroup(d, print, r.input)
		g.Command, g.Shape = command, shape
		c.groups[print] = g
		c.first = cmp.Or(c.first, print)
	}
	g.Count += n
	g.Events++
	g.Last = compare.Moment{Seq: r.input}
	g.note(d)
	if len(g.Examples) < maxExamples {
		c.example(g, r, d)
	}
}

func newGroup(d *Difference, print string, input uint64) *group {
	id := sha256.Sum256([]byte(print))
	g := &group{sessions: map[ircserver.SessionID]bool{}, channels: map[string]bool{}}
	g.Group = compare.Group{
		ID: hex.EncodeToString(id[:6]), Status: compare.StatusUnexplained, Class: d.Class, Field: d.Field,
		First: compare.Moment{Seq: input}, Title: title(d),
	}
	return g
}

// title says in words what a difference is.
func title(d *Difference) string {
	what := func(o *Output) string { return kindOf(o.Line) }
	switch {
	case d.Field == fieldPanic:
		return "one version panics"
	case d.Class == compare.ClassMissing:
		return what(d.Old) + " is not sent any more"
	case d.Class == compare.ClassExtra:
		return what(d.New) + " is sent in addition"
	case d.Class == compare.ClassIntra:
		return what(d.Old) + " comes in another order"
	case d.Class == compare.ClassLeak:
		return what(d.Old) + " is sent to others as well"
	case d.Class == compare.ClassLoss:
		return what(d.Old) + " is sent to fewer"
	}
	return what(d.Old) + " has another " + d.Field
}

// note counts whom and where a difference is about.
func (g *group) note(d *Difference) {
	for _, o := range []*Output{d.Old, d.New} {
		if o == nil {
			continue
		}
		for _, id := range o.To {
			if len(g.sessions) < maxDistinct {
				g.sessions[id] = true
			}
		}
		if ch := channelOf(o.Line); ch != "" && len(g.channels) < maxDistinct {
			g.channels[strings.Clone(ch)] = true
		}
	}
}

func channelOf(line string) string {
	var m irc.Message
	if m.Parse(line) != nil {
		return ""
	}
	for _, p := range m.Params() {
		if irc.IsChannel(p) {
			return p
		}
	}
	return ""
}

// example keeps a difference with what came before it and with it; context adds what comes behind.
func (c *collector) example(g *group, r *round, d *Difference) {
	e := compare.Example{At: compare.Moment{Seq: r.input}}
	old, new := compare.MarkMissing, compare.MarkExtra
	if d.Old != nil && d.New != nil {
		old, new = compare.MarkChanged, compare.MarkChanged
	}
	e.Live = c.around(c.recent[0], r, oldVersion, d.Old, old)
	e.Shadow = c.around(c.recent[1], r, newVersion, d.New, new)
	for _, o := range []*Output{d.Old, d.New} {
		if o != nil {
			e.Channel = cmp.Or(e.Channel, channelOf(o.Line))
		}
	}
	for _, ids := range [][]ircserver.SessionID{d.Lost, d.Leaked} {
		for _, id := range ids[:min(len(ids), maxNames)] {
			e.Users = append(e.Users, c.name(id))
		}
	}
	g.Examples = append(g.Examples, e)
	c.open = append(c.open, &openExample{g: g, at: len(g.Examples) - 1, wanted: [2]int{contextLen, contextLen}})
}

// around is one side of an example: what came before, and of the input's own outputs those next to the one that differs.
func (c *collector) around(recent []compare.Line, r *round, version int, differs *Output, mark compare.Mark) []compare.Line {
	lines := slices.Clone(recent)
	outs := r.outputs[version]
	at := slices.IndexFunc(outs, func(o Output) bool { return differs != nil && o.Line == differs.Line && slices.Equal(o.To, differs.To) })
	for i := max(0, at-contextLen); i < min(len(outs), at+1+contextLen); i++ {
		m := compare.MarkContext
		if i == at {
			m = mark
		}
		lines = append(lines, c.line(r.input, m, &outs[i]))
	}
	if at < 0 && differs != nil { // a panic
		lines = append(lines, c.line(r.input, mark, differs))
	}
	return lines
}

func (c *collector) name(id ircserver.SessionID) string {
	if nick := c.nicks[id]; nick != "" {
		return nick
	}
	return fmt.Sprintf("session %#x", uint64(id))
}

func (c *collector) line(input uint64, mark compare.Mark, o *Output) compare.Line {
	l := compare.Line{Moment: compare.Moment{Seq: input}, Mark: mark, Text: o.Line, More: max(0, len(o.To)-maxNames)}
	for _, id := range o.To[:min(len(o.To), maxNames)] {
		l.To = append(l.To, c.name(id))
	}
	return l
}

// context remembers a round's lines for what comes, and gives them to the examples that still take some.
func (c *collector) context(r *round) {
	for side, version := range []int{oldVersion, newVersion} {
		for i := range r.outputs[version] {
			if len(c.open) == 0 && i < len(r.outputs[version])-contextLen {
				continue // nobody will see it
			}
			l := c.line(r.input, compare.MarkContext, &r.outputs[version][i])
			c.recent[side] = append(c.recent[side], l)
			if len(c.recent[side]) > contextLen {
				c.recent[side] = slices.Delete(c.recent[side], 0, 1)
			}
			c.follow(side, l)
		}
	}
	c.open = slices.DeleteFunc(c.open, func(e *openExample) bool { return e.wanted == [2]int{} })
}

func (c *collector) follow(side int, l compare.Line) {
	for _, e := range c.open {
		if e.wanted[side] == 0 || l.Seq <= e.g.Examples[e.at].At.Seq {
			continue
		}
		e.wanted[side]--
		example := &e.g.Examples[e.at]
		if side == 0 {
			example.Live = append(example.Live, l)
		} else {
			example.Shadow = append(example.Shadow, l)
		}
	}
}

// result finishes the comparison.
func (c *collector) result() *compare.Result {
	c.roots()
	for _, g := range slices.Collect(maps.Values(c.groups)) {
		g.Users, g.Channels = len(g.sessions), len(g.channels)
		c.res.Groups = append(c.res.Groups, g.Group)
	}
	slices.SortFunc(c.res.Groups, func(a, b compare.Group) int {
		return cmp.Or(cmp.Compare(len(a.Follows), len(b.Follows)), cmp.Compare(a.First.Seq, b.First.Seq), cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID))
	})
	for _, class := range slices.Sorted(maps.Keys(c.classes)) {
		c.res.Classes = append(c.res.Classes, *c.classes[class])
	}
	for _, name := range slices.Sorted(maps.Keys(c.commands)) {
		c.res.Coverage.Commands = append(c.res.Coverage.Commands, *c.commands[name])
	}
	c.verdict()
	return &c.res
}

// roots attaches what came after the states parted to the first difference around there.
func (c *collector) roots() {
	if c.diverged == 0 {
		return
	}
	var root *group
	for _, g := range c.groups {
		if g.First.Seq <= c.diverged && g.First.Seq > c.agreed && (root == nil || g.First.Seq < root.First.Seq || g.First.Seq == root.First.Seq && g.ID < root.ID) {
			root = g
		}
	}
	if root == nil {
		return
	}
	for _, g := range c.groups {
		if g != root && g.First.Seq > c.diverged {
			g.Follows = root.ID
			root.FollowUps += g.Count
		}
	}
}

func (c *collector) verdict() {
	v := &c.res.Verdict
	v.Word = compare.Go
	hold := func(gate string, held bool, bit int, text string) {
		v.Reasons = append(v.Reasons, compare.Reason{Gate: gate, Held: held, Bit: bit, Text: text})
		if !held {
			v.Word = compare.NoGo
			v.Exit |= bit
		}
	}
	switch {
	case c.isRecorded:
		hold("coverage", c.covered > 0, compare.ExitIncomplete, fmt.Sprintf("%s holds the answers to %d inputs; %d others that put something out are not in it", c.old, c.covered, c.uncovered))
	case c.self > 0:
		hold("self", false, compare.ExitUnexplained, fmt.Sprintf("%s differs from itself, first at input %d (%d inputs): it is not deterministic", c.old, c.selfAt, c.self))
	default:
		hold("self", true, 0, c.old+" run twice gave the same")
	}
	hold("outputs", c.res.Deliveries.Unexplained == 0, compare.ExitUnexplained,
		fmt.Sprintf("%d of %d deliveries differ between %s and %s, in %d groups", c.res.Deliveries.Unexplained, c.res.Deliveries.Compared(), c.old, c.new, len(c.groups)))
	if !c.isRecorded {
		c.verdictOfStates(hold)
	}
	slices.SortStableFunc(v.Reasons, func(a, b compare.Reason) int {
		switch {
		case a.Held == b.Held:
			return 0
		case b.Held:
			return -1
		}
		return 1
	})
}

func (c *collector) verdictOfStates(hold func(gate string, held bool, bit int, text string)) {
	text := fmt.Sprintf("the states were equal at all %d points where they were compared", c.res.State.Match)
	if c.diverged > 0 {
		text = fmt.Sprintf("the states differ from input %d on; they were last seen equal after input %d", c.diverged, c.agreed)
	}
	hold("state", c.diverged == 0, compare.ExitUnexplained, text)
}
