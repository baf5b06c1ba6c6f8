package compare

import (
	"fmt"
	"slices"
	"strings"

	"robustirc/canary/trace"
)

// sampler keeps a stretch of the run with the engine as it was before, so that faults can be planted in a copy (C-10).
type sampler struct {
	done, open sample
	next       uint64 // the record from which the next one is taken
}

// sample is a stretch of records.
type sample struct {
	before  []byte
	records []trace.Record
	outputs int
}

// firstSample is the record from which the first sample is taken at the earliest; each later one is taken when the run
// is twice as long.
const firstSample = 100

// take adds a record to the sample that is open, or begins one.
func (s *sampler) take(e *Engine, r *trace.Record) {
	if e.opt.SampleOutputs < 0 || r.Kind == trace.KindHeader { // the header is repeated in each file
		return
	}
	if s.open.before == nil {
		if e.records < s.next || e.records < firstSample || !e.comparing() {
			return
		}
		if r.Kind != trace.KindOutput || r.ID == 0 || e.setup.has(r.ID) {
			return // an import may still be on its way, of which nothing is compared
		}
		s.open = sample{before: e.save(true)}
	}
	if r.Kind == trace.KindLinkUp || r.Kind == trace.KindLinkDown || r.Kind == trace.KindGap {
		s.cut()
		return
	}
	c := *r
	c.Line, c.Name, c.To = strings.Clone(r.Line), strings.Clone(r.Name), slices.Clone(r.To)
	s.open.records = append(s.open.records, c)
	if r.Kind == trace.KindOutput {
		s.open.outputs++
	}
	if s.open.outputs >= e.opt.SampleOutputs || len(s.open.records) >= 20*e.opt.SampleOutputs {
		s.done, s.open = s.open, sample{}
		s.next = 2 * e.records
	}
}

// cut ends the sample that is open, since a sample is of one link. It is kept where there is no better one.
func (s *sampler) cut() {
	if n := len(s.open.records); n > 0 && s.open.records[n-1].Kind == trace.KindOutput && strings.Contains(s.open.records[n-1].Line, " GATEWAY ") {
		s.open.records, s.open.outputs = s.open.records[:n-1], s.open.outputs-1 // it begins another link
	}
	if s.open.outputs >= minSample && s.open.outputs > s.done.outputs {
		s.done = s.open
	}
	s.open = sample{}
}

// minSample is the smallest sample that is good for anything.
const minSample = 50

// test plants faults in the latest sample and says which were found.
func (s *sampler) test(o Options) SelfTest {
	x := s.done
	if x.before == nil {
		x = s.open
	}
	t := SelfTest{Outputs: x.outputs, Faults: []FaultTest{}, Text: "no self-test: too little output yet"}
	if x.outputs < minSample {
		return t
	}
	base, err := x.replay(o, nil, nil)
	if err != nil {
		t.Text = "no self-test: " + err.Error()
		return t
	}
	planted, found := 0, 0
	for _, f := range faults {
		p := planter{base: base, sample: &x, seed: o.Seed}
		f.plant(&p)
		result := FaultTest{Fault: f.name, Planted: p.n}
		if p.n > 0 {
			after, err := x.replay(o, p.edits, p.tail)
			if err == nil {
				result.Found = base.more(after, f.classes, p.n)
			}
			if result.Found < result.Planted {
				result.Missed = p.where
			}
		}
		planted, found = planted+result.Planted, found+result.Found
		t.Faults = append(t.Faults, result)
	}
	t.Run = planted > 0
	t.SensitivityPPB = ppb(int64(found), int64(planted))
	t.Text = fmt.Sprintf("%d of %d planted faults were found in a copy of %d outputs", found, planted, x.outputs)
	return t
}

// edit is what becomes of one record of a sample: other records in its place.
type edit []trace.Record

// rerun is a sample compared anew.
type rerun struct {
	e       *Engine
	matched []*event    // events that were shown to exactly those who must see them
	keys    map[key]int // how many of matched have a key
	answers []uint64    // records of the ends of lists of names that agreed
}

// replay compares a copy of the sample with edits by record number, and records at its end.
func (x *sample) replay(o Options, edits map[uint64]edit, tail []trace.Record) (*rerun, error) {
	e, err := Restore(x.before, o)
	if err != nil {
		return nil, err
	}
	r := &rerun{e: e}
	if edits == nil {
		r.keys = map[key]int{}
		e.onMatch = func(ev *event) { c := *ev; r.matched = append(r.matched, &c); r.keys[ev.Key]++ }
		e.onAnswer = func(seq uint64) { r.answers = append(r.answers, seq) }
	}
	for i := range x.records {
		if with, ok := edits[x.records[i].Seq]; ok {
			for j := range with {
				e.add(&with[j])
			}
			continue
		}
		e.add(&x.records[i])
	}
	end := e.now + 2*e.window
	for i := range tail {
		tail[i].Mono = end
		e.add(&tail[i])
	}
	e.finish()
	return r, nil
}

// more is how many more differences of some classes there are afterwards, at most n.
func (r *rerun) more(after *rerun, classes []Class, n int) int {
	var d int64
	for _, c := range classes {
		d += max(0, after.e.tally.reports[c]-r.e.tally.reports[c])
	}
	return int(min(d, int64(n)))
}

// fault is one kind of planted fault, with the classes that it must be found as.
type fault struct {
	name    string
	classes []Class
	plant   func(*planter)
}

var faults = []fault{
	{"drop", []Class{ClassMissing}, (*planter).drop},
	{"duplicate", []Class{ClassDuplicate, ClassExtra}, (*planter).duplicate},
	{"swap same source", []Class{ClassIntra, ClassCausal}, (*planter).swap},
	{"wrong recipient", []Class{ClassLeak}, (*planter).recipient},
	{"body byte flip", []Class{ClassChanged}, (*planter).flip},
	{"wrong prefix", []Class{ClassSource}, (*planter).prefix},
	{"missing numeric", []Class{ClassNumeric}, (*planter).numeric},
	{"delayed 2W", []Class{ClassLate}, (*planter).delay},
}

// perFault is how many of each kind are planted.
const perFault = 3

// planter chooses places and makes the edits.
type planter struct {
	base   *rerun
	sample *sample
	seed   uint64
	n      int
	edits  map[uint64]edit
	tail   []trace.Record
	where  string
}

// record finds an output of the sample.
func (p *planter) record(seq uint64) *trace.Record {
	i, ok := slices.BinarySearchFunc(p.sample.records, seq, func(r trace.Record, seq uint64) int {
		switch {
		case r.Seq < seq:
			return -1
		case r.Seq > seq:
			return 1
		}
		return 0
	})
	if !ok || p.sample.records[i].Kind != trace.KindOutput {
		return nil
	}
	return &p.sample.records[i]
}

// each offers matched events that fit, from a seeded place on and spread over the sample, until enough are planted.
// Messages come first, where there are any: they are what a fault hurts most. What happened twice in the same words is
// passed over, since the second would stand in for the first, and so is what need not be shown.
func (p *planter) each(fits func(*event) bool, plant func(*event, *trace.Record) bool) {
	p.edits = map[uint64]edit{}
	used := map[actor]bool{} // each by somebody else, so that none follows from another
	for _, messages := range []bool{true, false} {
		var list []*event
		for _, ev := range p.base.matched {
			if isMessage(command(ev.Key.Cmd)) == messages && ev.Part == 0 && len(ev.Got) > 0 && !strings.HasPrefix(ev.Key.Cmd, "MODE") && p.base.keys[ev.Key] == 1 && !ev.Optional && fits(ev) {
				list = append(list, ev)
			}
		}
		n := len(list)
		for i := 0; i < n && p.n < perFault; i++ {
			ev := list[(int(mix64(p.seed)%uint64(n))+i*max(1, n/perFault)+i/perFault)%n]
			r := p.record(ev.ShownSeq)
			if r == nil || p.edits[r.Seq] != nil || len(r.To) != len(ev.Got) || used[ev.Key.Source] || !plant(ev, r) {
				continue // of two lines of one event, each is missed as a loss
			}
			p.n++
			used[ev.Key.Source] = true
			if p.where == "" {
				p.where = fmt.Sprintf("record %d: %s", r.Seq, ev.Key.Cmd)
			}
		}
	}
}

func always(*event) bool { return true }

func (p *planter) drop() {
	p.each(always, func(ev *event, r *trace.Record) bool {
		p.edits[r.Seq] = edit{}
		return true
	})
}

func (p *planter) duplicate() {
	p.each(always, func(ev *event, r *trace.Record) bool {
		again := *r
		again.Reply += 1 << 20 // another output of the same cause
		p.edits[r.Seq] = edit{*r, again}
		return true
	})
}

// delay shows an output of the last window when the sample is over, of somebody who is called the same then.
func (p *planter) delay() {
	p.each(func(ev *event) bool {
		q := p.base.e.people[ev.Key.Source.ID]
		if ev.At+p.base.e.window <= p.base.e.now || p.base.e.rooms[ev.Room] == nil || ev.Key.Cmd == "JOIN" || ev.Key.Cmd == "PART" || ev.Key.Cmd == "KICK" {
			return false // what others depend on is found as what comes of that
		}
		return ev.Key.Source == server || q != nil && !q.Quit && p.base.e.nicks[p.base.e.fold(q.ShadowNick)] == q && strings.HasPrefix(ev.Shown, ":"+q.ShadowNick+"!")
	}, func(ev *event, r *trace.Record) bool {
		p.edits[r.Seq] = edit{}
		p.tail = append(p.tail, *r)
		return true
	})
}

// swap shows an event after the next of the same source to the same target.
func (p *planter) swap() {
	next := map[*event]*event{}
	last := map[key]*event{}
	for _, ev := range p.base.matched {
		k := key{Source: ev.Key.Source, Target: ev.Key.Target}
		if before := last[k]; before != nil && before.Key != ev.Key && before.Ord < ev.Ord && ev.At-before.At < p.base.e.window/2 {
			next[before] = ev
		}
		last[k] = ev
	}
	p.each(func(ev *event) bool { return ev.Key.Target != "" && next[ev] != nil }, func(ev *event, r *trace.Record) bool {
		other := p.record(next[ev].ShownSeq)
		if other == nil || p.edits[other.Seq] != nil || other.Seq == r.Seq || sourceOf(other) != sourceOf(r) {
			return false
		}
		first := *r
		first.Seq, first.Mono = other.Seq, other.Mono
		p.edits[r.Seq], p.edits[other.Seq] = edit{}, edit{*other, first}
		return true
	})
}

func sourceOf(r *trace.Record) string {
	source, _, _ := strings.Cut(r.Line, " ")
	return source
}

// recipient gives an output to somebody who must not see it, in the place of one who must.
func (p *planter) recipient() {
	p.each(always, func(ev *event, r *trace.Record) bool {
		for _, session := range p.sessions() {
			q := p.base.e.sessions[session]
			if q != nil && !ev.Aud.has(q.ID) && q.ID != ev.Key.Source.ID && !slices.Contains(r.To, session) {
				wrong := *r
				wrong.To = append(slices.Clone(r.To)[1:], session)
				slices.Sort(wrong.To)
				p.edits[r.Seq] = edit{wrong}
				return true
			}
		}
		return false
	})
}

func (p *planter) sessions() []uint64 {
	list := make([]uint64, 0, len(p.base.e.sessions))
	for id := range p.base.e.sessions { // order does not matter: they are sorted
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// flip changes the last byte of a text.
func (p *planter) flip() {
	p.each(func(ev *event) bool {
		return ev.Key.Text != "" && !ev.Loose && command(ev.Key.Cmd) != "NICK" && command(ev.Key.Cmd) != "MODE"
	}, func(ev *event, r *trace.Record) bool {
		wrong := *r
		b := []byte(r.Line)
		b[len(b)-1] ^= 1
		if b[len(b)-1] <= ' ' {
			b[len(b)-1] = 'x'
		}
		wrong.Line = string(b)
		p.edits[r.Seq] = edit{wrong}
		return true
	})
}

// prefix makes an output somebody else's.
func (p *planter) prefix() {
	p.each(func(ev *event) bool {
		return ev.Key.Source.ID > 0 && (ev.Key.Target != "" || ev.Key.Text != "") && !ev.global()
	}, func(ev *event, r *trace.Record) bool {
		for _, session := range p.sessions() {
			q := p.base.e.sessions[session]
			_, rest, ok := strings.Cut(r.Line, "!")
			same := ev.Key
			if q != nil {
				same.Source = actor{ID: q.ID}
			}
			if ok && q != nil && p.base.keys[same] == 0 && q.ID != ev.Key.Source.ID && !q.Quit && !q.Gone && strings.HasPrefix(r.Line, ":") {
				wrong := *r
				wrong.Line = ":" + q.ShadowNick + "!" + rest
				p.edits[r.Seq] = edit{wrong}
				return true
			}
		}
		return false
	})
}

// numeric leaves out the end of a list of names.
func (p *planter) numeric() {
	p.edits = map[uint64]edit{}
	n := len(p.base.answers)
	for i := 0; i < n && p.n < perFault; i++ {
		seq := p.base.answers[(int(mix64(p.seed)%uint64(n))+i)%n]
		if p.record(seq) == nil {
			continue
		}
		p.edits[seq] = edit{}
		p.n++
		p.where = fmt.Sprintf("record %d: 366", seq)
	}
}
