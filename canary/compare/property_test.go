package compare_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/s2s/fakenet"
)

// TestConcurrentSources swaps what independent sources did, anywhere, as another live server may show it: nothing of it is
// taken for a defect of order, or for a wrong set of recipients.
func TestConcurrentSources(t *testing.T) {
	m := newMirror(t, small(fakenet.TS6, 8))
	m.run(30)
	o := options()
	o.SampleOutputs = -1
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := &stream{t: t, records: slices.Clone(m.records), m: m}
		swaps := 0
		for i := len(s.records) / 2; i < len(s.records)*3/4; i++ {
			if r.IntN(3) == 0 && s.swapConcurrent(i) {
				swaps++
				i += 6
			}
		}
		e := engine(t, o)
		for i := range s.records {
			e.Add(&s.records[i])
		}
		got := e.Result()
		for _, c := range got.Classes {
			if c.Class != compare.ClassConcurrent {
				t.Errorf("seed %d: %d of class %s\n%s", seed, c.Count, c.Class, explain(got))
			}
		}
		if swaps < 5 || len(got.Classes) == 0 {
			t.Errorf("seed %d: %d swaps, classes %v", seed, swaps, got.Classes)
		}
	}
}

// swapConcurrent shows a message, or a join, after the next message of somebody else to the same channel.
func (s *stream) swapConcurrent(i int) bool {
	a := &s.records[i]
	f := strings.Split(a.Line, " ")
	if a.Kind != trace.KindOutput || len(a.To) < 2 || len(f) < 3 || f[1] != "PRIVMSG" && f[1] != "JOIN" || !strings.HasPrefix(f[2], "#") {
		return false
	}
	j := s.next(i, func(r *trace.Record) bool {
		return strings.Contains(r.Line, "!") && !strings.Contains(r.Line, " JOIN ") || strings.HasPrefix(r.Line, f[0]) || strings.Contains(r.Line, " NICK ")
	})
	if j < 0 || s.records[j].Mono-a.Mono > 3*time.Second {
		return false
	}
	b := s.records[j]
	g := strings.Split(b.Line, " ")
	if g[1] != "PRIVMSG" || g[2] != f[2] || g[0] == f[0] || slices.ContainsFunc(s.records[i+1:j], func(r trace.Record) bool { return r.Kind == trace.KindOutput && strings.Contains(r.Line, "!") }) {
		return false
	}
	if f[1] == "JOIN" { // who has not joined yet is not told
		joiner := s.m.nicks[strings.ToLower(nickOf(a.Line))]
		if joiner == nil || !slices.Contains(b.To, joiner.session) || !slices.Contains(a.To, joiner.session) {
			return false
		}
		s.edit(j, func(r *trace.Record) {
			r.To = slices.DeleteFunc(r.To, func(x uint64) bool { return x == joiner.session })
		})
	}
	s.moveAfter(i, j)
	return true
}

// TestRulesAreRefused holds that no rule reaches the text of a message or who sees something.
func TestRulesAreRefused(t *testing.T) {
	good := compare.Rule{ID: "x", Reason: "r", Owner: "o", Until: "2030-01-01", Kind: compare.KindOutside}
	for name, change := range map[string]func(*compare.Rule){
		"text of PRIVMSG":    func(r *compare.Rule) { r.Kind, r.Field, r.Commands = compare.KindText, "text", []string{"PRIVMSG"} },
		"text of everything": func(r *compare.Rule) { r.Kind, r.Field = compare.KindText, "text" },
		"recipients":         func(r *compare.Rule) { r.Field = "recipients" },
		"leak":               func(r *compare.Rule) { r.Classes = []compare.Class{compare.ClassLeak} },
		"loss":               func(r *compare.Rule) { r.Classes = []compare.Class{compare.ClassLoss} },
		"messages outside":   func(r *compare.Rule) { r.Commands = []string{"NOTICE"} },
		"messages cut":       func(r *compare.Rule) { r.Kind, r.Field, r.Commands = compare.KindLength, "text", []string{"PRIVMSG"} },
		"no reason":          func(r *compare.Rule) { r.Reason = "" },
		"no owner":           func(r *compare.Rule) { r.Owner = "" },
		"no date":            func(r *compare.Rule) { r.Until = "" },
		"bad date":           func(r *compare.Rule) { r.Until = "tomorrow" },
		"no kind":            func(r *compare.Rule) { r.Kind = "nothing" },
		"no group":           func(r *compare.Rule) { r.Kind = compare.KindAccept },
	} {
		r := good
		change(&r)
		if err := r.Validate(); err == nil {
			t.Errorf("a rule with %s passes", name)
		}
		o := options()
		o.Rules = append(compare.DefaultRules(), r)
		if _, err := compare.New(o); err == nil {
			t.Errorf("an engine with a rule with %s is made", name)
		}
	}
	for _, r := range append(compare.DefaultRules(), good) {
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestAcceptedIsADebt accepts a group: it stays visible, and the verdict says so. A leak cannot be accepted.
func TestAcceptedIsADebt(t *testing.T) {
	m := newMirror(t, small(fakenet.TS6, 3))
	m.run(30)
	for _, f := range []struct {
		name  string
		plant func(*stream)
		want  compare.Word
	}{
		{"a topic", func(s *stream) { s.flip(s.verb("TOPIC")) }, compare.GoWithDebt},
		{"a leak", func(s *stream) { s.leak(s.verb("PRIVMSG")) }, compare.NoGo},
	} {
		s := &stream{t: t, records: slices.Clone(m.records), m: m}
		f.plant(s)
		group := result(t, s.records).Groups[0].ID
		o := options()
		o.Rules = append(compare.DefaultRules(), compare.Rule{ID: "debt", Kind: compare.KindAccept, Group: group, Owner: "op", Reason: "known", Until: "2030-01-01"})
		e := engine(t, o)
		for i := range s.records {
			e.Add(&s.records[i])
		}
		if r := e.Result(); r.Verdict.Word != f.want || len(r.Groups) != 1 {
			t.Errorf("%s: want %s\n%s", f.name, f.want, explain(r))
		}
	}
}

// TestGap holds that what was not recorded is not judged, and that the verdict is not a GO then.
func TestGap(t *testing.T) {
	m := newMirror(t, small(fakenet.TS6, 6))
	m.run(20)
	at := len(m.records) * 2 / 3
	gap, _ := trace.NewRecord(trace.KindGap, "", trace.Gap{From: m.records[at].Seq, To: m.records[at+300].Seq, Lines: 300, Reason: trace.GapQueue})
	gap.Seq, gap.Mono = m.records[at].Seq, m.records[at].Mono
	records := slices.Concat(m.records[:at], []trace.Record{gap}, m.records[at+300:])
	r := result(t, records)
	if r.Deliveries.Unexplained != 0 || r.Verdict.Word != compare.Inconclusive || r.Verdict.Exit&compare.ExitIncomplete == 0 || len(r.Gaps) < 2 || r.Run.Compared >= r.Run.Duration {
		t.Errorf("%+v %+v\n%s", r.Gaps, r.Run, explain(r))
	}
}

// FuzzAdd gives the engine records in any order and with any lines: it must not fail, and stays what its checkpoint says.
func FuzzAdd(f *testing.F) {
	m := newMirror(f, fakenet.Config{Protocol: fakenet.TS6, Users: 5, Channels: 2, Servers: 2, Seed: 1, Rate: 10})
	m.run(5)
	for i := 0; i < len(m.records); i += 12 {
		f.Add(uint16(i), uint8(m.records[i].Kind), m.records[i].Line, uint64(i))
	}
	o := options()
	o.Window, o.MaxPending, o.MaxGroups, o.KeepLines, o.SampleOutputs = time.Second, 100, 5, 50, 50
	f.Fuzz(func(t *testing.T, at uint16, kind uint8, line string, n uint64) {
		e := engine(t, o)
		for i := range m.records {
			if i == int(at)%len(m.records) {
				for k := range 3 {
					r := trace.Record{Kind: trace.Kind(kind), Line: line, Name: "live1", Seq: m.records[i].Seq, Mono: time.Duration(n % uint64(time.Hour)), ID: n >> k, Input: n, To: []uint64{n, uint64(k)}}
					e.Add(&r)
				}
			}
			e.Add(&m.records[i])
		}
		again, err := compare.Restore(e.Checkpoint(), o)
		if err != nil {
			t.Fatal(err)
		}
		e.Result()
		again.Result()
	})
}

// BenchmarkAdd measures deliveries: messages to channels of a thousand members.
func BenchmarkAdd(b *testing.B) {
	m := newMirror(b, fakenet.Config{Protocol: fakenet.Unreal, Users: 3000, Channels: 6, Servers: 3, Seed: 1, Rate: 300, Scenario: "chatty"})
	at := len(m.records)
	m.run(10)
	o := options()
	o.SampleOutputs = -1
	deliveries := 0
	for i := at; i < len(m.records); i++ {
		deliveries += len(m.records[i].To)
	}
	b.ReportAllocs()
	var spent time.Duration
	for b.Loop() {
		b.StopTimer()
		e := engine(b, o)
		for i := range at {
			e.Add(&m.records[i])
		}
		b.StartTimer()
		began := time.Now()
		for i := at; i < len(m.records); i++ {
			e.Add(&m.records[i])
		}
		spent += time.Since(began)
	}
	b.ReportMetric(float64(deliveries*b.N)/spent.Seconds(), "deliveries/s")
	b.ReportMetric(float64((len(m.records)-at)*b.N)/spent.Seconds(), "records/s")
}
