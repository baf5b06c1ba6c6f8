package compare

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// outcome is what became of a delivery.
type outcome uint8

const (
	outcomeMatch outcome = iota
	outcomeIgnored
	outcomeUnexplained
)

func (c *Counters) add(o outcome, n int64) {
	switch o {
	case outcomeMatch:
		c.Match += n
	case outcomeIgnored:
		c.Ignored += n
	default:
		c.Unexplained += n
	}
}

// tallies are all counts.
type tallies struct {
	total    Counters
	byCmd    map[string]*CommandSeen
	classes  map[Class]*ClassCount
	reports  map[Class]int64 // differences, whatever they count for
	users    map[string]*Place
	channels map[string]*Place
	rates    []RateBucket
	lags     []histogram // of the buckets of rates
	width    time.Duration
}

// The buckets of a run's chart: their width doubles when they are too many.
const (
	firstWidth = 10 * time.Second
	maxBuckets = 400
	maxPlaces  = 10_000
)

func (t *tallies) init() {
	t.byCmd, t.classes, t.width = map[string]*CommandSeen{}, map[Class]*ClassCount{}, firstWidth
	t.reports = map[Class]int64{}
	t.users, t.channels = map[string]*Place{}, map[string]*Place{}
}

// bucket is the one of now.
func (t *tallies) bucket(e *Engine) (*RateBucket, *histogram) {
	i := int(e.now / t.width)
	for i >= maxBuckets {
		t.widen()
		i = int(e.now / t.width)
	}
	for len(t.rates) <= i {
		t.rates = append(t.rates, RateBucket{At: time.Duration(len(t.rates)) * t.width, Width: t.width})
		t.lags = append(t.lags, histogram{})
	}
	return &t.rates[i], &t.lags[i]
}

// widen joins each two buckets.
func (t *tallies) widen() {
	t.width *= 2
	half := make([]RateBucket, (len(t.rates)+1)/2)
	lags := make([]histogram, len(half))
	for i := range half {
		half[i] = RateBucket{At: time.Duration(i) * t.width, Width: t.width}
	}
	for i, b := range t.rates {
		h := &half[i/2]
		h.Live += b.Live
		h.Counters.Match += b.Counters.Match
		h.Counters.Ignored += b.Counters.Ignored
		h.Counters.Unexplained += b.Counters.Unexplained
		h.Counters.Events += b.Counters.Events
		lags[i/2].merge(&t.lags[i])
	}
	t.rates, t.lags = half, lags
}

func (t *tallies) liveLine(e *Engine) {
	b, _ := t.bucket(e)
	b.Live++
}

// command returns the counts of one command, of which there are few: modes have their letters.
func (t *tallies) command(cmd string) *CommandSeen {
	c := t.byCmd[cmd]
	if c == nil {
		if len(t.byCmd) >= maxNames {
			cmd = "…"
		}
		c = &CommandSeen{Command: cmd}
		t.byCmd[cmd] = c
	}
	return c
}

func (t *tallies) add(e *Engine, cmd string, o outcome, n int64) {
	t.total.add(o, n)
	c := t.command(cmd)
	c.Counters.add(o, n)
	c.Deliveries += n
	b, _ := t.bucket(e)
	b.Counters.add(o, n)
}

func (t *tallies) event(e *Engine, cmd string) {
	t.total.Events++
	c := t.command(cmd)
	c.Events++
	c.Counters.Events++
	b, _ := t.bucket(e)
	b.Counters.Events++
}

// match counts an event that was shown to n users as it should.
func (t *tallies) match(e *Engine, ev *event, n int64) {
	t.event(e, ev.Key.Cmd)
	t.add(e, ev.Key.Cmd, outcomeMatch, n)
}

// outcome counts n deliveries of an event.
func (t *tallies) outcome(e *Engine, ev *event, o outcome, n int64) {
	t.event(e, ev.Key.Cmd)
	t.add(e, ev.Key.Cmd, o, n)
}

// diff counts a difference of a group.
func (t *tallies) diff(e *Engine, d *diff, g *group) {
	t.reports[d.class]++
	t.count(e, d, g, d.units)
}

func (t *tallies) count(e *Engine, d *diff, g *group, n int64) {
	o := outcomeUnexplained
	if g.Status == StatusAccepted {
		o = outcomeIgnored
	}
	cmd := d.cmd
	if d.ev != nil {
		cmd = d.ev.Key.Cmd
	}
	if d.class == ClassState {
		e.state.counts.add(o, n)
	} else {
		t.add(e, cmd, o, n)
	}
	c := t.class(d.class)
	c.Count += n
	if o == outcomeIgnored {
		c.Ignored += n
	}
	t.place(e, d, o, n)
}

func (t *tallies) class(class Class) *ClassCount {
	c := t.classes[class]
	if c == nil {
		c = &ClassCount{Class: class}
		t.classes[class] = c
	}
	return c
}

// undo takes back a missing event that came late.
func (t *tallies) undo(e *Engine, ev *event, g *group) {
	t.reports[ClassMissing]--
	t.count(e, &diff{class: ClassMissing, ev: ev, cmd: command(ev.Key.Cmd)}, g, -ev.Units)
}

func (t *tallies) place(e *Engine, d *diff, o outcome, n int64) {
	count := func(m map[string]*Place, name string) {
		p := m[name]
		if p == nil {
			if len(m) >= maxPlaces {
				return
			}
			p = &Place{Name: name}
			m[name] = p
		}
		if o == outcomeIgnored {
			p.Ignored += n
		} else {
			p.Unexplained += n
		}
	}
	if d.room != "" {
		count(t.channels, d.room)
	}
	for _, id := range d.users {
		count(t.users, e.nameOf(id))
	}
}

// worst returns the 20 with the most differences.
func worst(m map[string]*Place) []Place {
	list := make([]Place, 0, len(m))
	for _, p := range m { // order does not matter: they are sorted
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Unexplained, a.Unexplained), cmp.Compare(b.Ignored, a.Ignored), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(20, len(list))]
}

func (t *tallies) commands() []CommandSeen {
	list := make([]CommandSeen, 0, len(t.byCmd))
	for _, c := range t.byCmd { // order does not matter: they are sorted
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b CommandSeen) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Command, b.Command))
	})
	return list
}

func (t *tallies) classList() []ClassCount {
	list := []ClassCount{}
	for _, class := range slices.Sorted(maps.Keys(t.classes)) {
		c := *t.classes[class]
		c.Unexplained = c.Count - c.Ignored
		if c.Count != 0 {
			list = append(list, c)
		}
	}
	return list
}
