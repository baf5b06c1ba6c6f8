package node

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

// lines returns everything a session was shown.
func lines(t testing.TB, f *fsm, id ircserver.SessionID) []string {
	t.Helper()
	r, err := f.out.Open(id, ircserver.OutputID{})
	if err != nil {
		t.Fatalf("session %d: %v", id, err)
	}
	defer r.Close()
	items, err := r.Take(nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, item := range items {
		all = append(all, string(item.AppendFor(nil, item.Caps)))
	}
	return all
}

func count(lines []string, part string) (n int) {
	for _, l := range lines {
		if strings.Contains(l, part) {
			n++
		}
	}
	return n
}

// three sessions, 1, 5 and 9, all in #a
func threeSessions(g *traffic) *raft.Log {
	inputs := append(register(1, "alice"), register(5, "bob")...)
	return g.batch(append(inputs, register(9, "carol")...)...)
}

func TestMessageOfDeath(t *testing.T) {
	for _, tc := range []struct {
		name  string
		batch []ircserver.Input
		dead  []ircserver.SessionID
		alive []ircserver.SessionID
	}{
		{"alone", []ircserver.Input{line(1, "PANIC")}, []ircserver.SessionID{1}, []ircserver.SessionID{5, 9}},
		{"first", []ircserver.Input{line(1, "PANIC"), line(5, "PRIVMSG #a :after")}, []ircserver.SessionID{1}, []ircserver.SessionID{5, 9}},
		{"in the middle", []ircserver.Input{line(9, "TOPIC #a :before"), line(1, "PANIC"), line(5, "PRIVMSG #a :after")}, []ircserver.SessionID{1}, []ircserver.SessionID{5, 9}},
		{"last", []ircserver.Input{line(9, "TOPIC #a :before"), line(1, "PANIC")}, []ircserver.SessionID{1}, []ircserver.SessionID{5, 9}},
		{"twice", []ircserver.Input{line(9, "TOPIC #a :before"), line(1, "PANIC"), line(9, "PRIVMSG #a :between"), line(5, "PANIC"), line(9, "PRIVMSG #a :after")}, []ircserver.SessionID{1, 5}, []ircserver.SessionID{9}},
		{"twice in a row", []ircserver.Input{line(1, "PANIC"), line(5, "PANIC")}, []ircserver.SessionID{1, 5}, []ircserver.SessionID{9}},
		{"twice the same session", []ircserver.Input{line(1, "PANIC"), line(1, "PANIC")}, []ircserver.SessionID{1}, []ircserver.SessionID{5, 9}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newTraffic(t, 20)
			f := newTestFSM(t, g.store)
			logs := []*raft.Log{threeSessions(g), g.batch(tc.batch...), g.batch(line(9, "PRIVMSG #a :the end"))}
			f.ApplyBatch(logs)
			for _, id := range tc.dead {
				if _, ok := f.session(id); ok {
					t.Errorf("session %d lives", id)
				}
				got := lines(t, f, id)
				if last := got[len(got)-1]; !strings.HasPrefix(last, "ERROR") {
					t.Errorf("session %d was not told: %q", id, last)
				}
			}
			for _, id := range tc.alive {
				got := lines(t, f, id)
				if n := count(got, " QUIT "); n != len(tc.dead) {
					t.Errorf("session %d saw %d QUITs: %q", id, n, got)
				}
				if n := count(got, "nobody must see this"); n > 0 {
					t.Errorf("session %d saw what a half-done input said", id)
				}
				if id == 5 && count(got, "the end") != 1 {
					t.Errorf("session %d missed what came after: %q", id, got)
				}
			}
			if _, channels := f.machine.Counts(); channels != 1 {
				t.Errorf("%d channels: a half-done change survived", channels)
			}
			if got, want := f.stats.deaths.Load(), uint64(len(tc.dead)); got != want || f.machine.Deaths() != want {
				t.Errorf("counted %d deaths, the machine %d, want %d", got, f.machine.Deaths(), want)
			}

			// The same with KindDead in the log in place of what died: nothing else may have changed.
			h := newTraffic(t, 20)
			control := newTestFSM(t, h.store)
			control.ApplyBatch([]*raft.Log{threeSessions(h), h.batch(buriedBatch(tc.batch)...), h.batch(line(9, "PRIVMSG #a :the end"))})
			equalReplicas(t, f, control)

			// A restart replays the log, in other batches, and comes to the same.
			again := newTestFSM(t, g.store)
			applyAll(t, again, logs, g.rng)
			equalReplicas(t, f, again)
		})
	}
}

// buriedBatch replaces each session's first PANIC.
func buriedBatch(inputs []ircserver.Input) []ircserver.Input {
	var out []ircserver.Input
	dead := map[ircserver.SessionID]bool{}
	for _, in := range inputs {
		if in.Text == "PANIC" && !dead[in.Session] {
			dead[in.Session] = true
			in.Kind, in.Text = ircserver.KindDead, ""
		}
		out = append(out, in)
	}
	return out
}

// TestMessageOfDeathOnThreeReplicas has replicas that have applied everything, that came from a snapshot in between, and
// that start anew from the log.
func TestMessageOfDeathOnThreeReplicas(t *testing.T) {
	for seed := range uint64(8) {
		g := newTraffic(t, 300+seed)
		g.deaths = 15
		a, b, c := newTestFSM(t, g.store), newTestFSM(t, g.store), newTestFSM(t, g.store)
		first, second := g.entries(80), g.entries(80)
		applyAll(t, a, first, g.rng)
		applyAll(t, b, first, g.rng)
		snapshot := snapshotOf(t, a)
		// What the snapshot covers is gone from the log, but for what the others still need.
		if err := g.store.DeleteRange(1, first[len(first)-1].Index); err != nil {
			t.Fatal(err)
		}
		snapshotOf(t, b) // raft has every node take its own
		restore(t, c, snapshot)
		for _, f := range []*fsm{a, b, c} {
			applyAll(t, f, second, g.rng)
		}
		equalReplicas(t, a, b)
		equalReplicas(t, a, c)
		if a.machine.Deaths() < 2 {
			t.Error("too few deaths")
		}
	}
}

// TestRebuildCostsTheStateNotTheLog reads what was read back from the log for the second of two deaths.
// TestTheLogOfADeathHasNoWords: what somebody wrote is no business of whoever reads the node's log.
func TestTheLogOfADeathHasNoWords(t *testing.T) {
	for level, words := range map[slog.Level]bool{slog.LevelInfo: false, slog.LevelDebug: true} {
		g := newTraffic(t, 20)
		f := newTestFSM(t, g.store)
		var log bytes.Buffer
		f.logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))
		f.ApplyBatch([]*raft.Log{threeSessions(g), g.batch(line(1, "PANIC :a private word"))})
		for part, want := range map[string]bool{"command=PANIC": true, "length=21": true, "private": words} {
			if strings.Contains(log.String(), part) != want {
				t.Errorf("at level %s the log contains %q: %v\n%s", level, part, !want, &log)
			}
		}
	}
}

func TestRebuildCostsTheStateNotTheLog(t *testing.T) {
	g := newTraffic(t, 21)
	reads := &readCounter{LogStore: g.store}
	f := newTestFSM(t, reads)
	applyAll(t, f, []*raft.Log{threeSessions(g)}, g.rng)
	for range 500 {
		applyAll(t, f, []*raft.Log{g.batch(line(9, "PRIVMSG #a :hello"))}, g.rng)
	}
	applyAll(t, f, []*raft.Log{g.batch(line(1, "PANIC"))}, g.rng)
	if reads.n != 502 {
		t.Errorf("the first death read %d entries", reads.n)
	}
	reads.n = 0
	applyAll(t, f, []*raft.Log{g.batch(line(5, "PANIC"))}, g.rng)
	if reads.n > 2 {
		t.Errorf("the second death read %d entries", reads.n)
	}
}

type readCounter struct {
	raft.LogStore
	n int
}

func (r *readCounter) GetLog(i uint64, l *raft.Log) error {
	r.n++
	return r.LogStore.GetLog(i, l)
}

func TestDeadInputThatPanicsAgainDoesNothing(t *testing.T) {
	in := line(7, "PANIC")
	in.Time, in.ClientMsgID = 42, 9
	if r := buried.replace(&in); r.Kind != ircserver.KindDead || r.Session != 7 || r.Text != "" || r.Time != 42 || r.ClientMsgID != 9 {
		t.Errorf("buried as %+v", r)
	}
	g := newTraffic(t, 22)
	f, control := newTestFSM(t, g.store), newTestFSM(t, g.store)
	f.ApplyBatch([]*raft.Log{threeSessions(g)})
	control.ApplyBatch([]*raft.Log{g.batchAt(1, append(append(register(1, "alice"), register(5, "bob")...), register(9, "carol")...)...)})
	if outs := f.machine.Apply(ignored.replace(&in)); len(outs) != 0 {
		t.Errorf("it put out %v", outs)
	}
	control.machine.Apply(&ircserver.Input{Kind: ircserver.KindDigest, Time: 42}) // also does nothing to the state
	if !bytes.Equal(f.machine.AppendSnapshot(nil), control.machine.AppendSnapshot(nil)) {
		t.Error("an ignored input changed more than the input number and the time")
	}
}

// TestDeathOfAFuneral has a machine that panics on KindDead too, once in the middle of a batch.
func TestDeathOfAFuneral(t *testing.T) {
	g := newTraffic(t, 24)
	worse := func() *fsm {
		f := newTestFSM(t, g.store)
		f.apply = func(m *ircserver.Server, in *ircserver.Input) []ircserver.Output {
			outs := m.Apply(in)
			if in.Kind == ircserver.KindDead && in.Session == 5 {
				panic("at the funeral")
			}
			return outs
		}
		return f
	}
	logs := []*raft.Log{
		threeSessions(g), g.batch(line(1, "PANIC"), line(5, "PANIC"), line(5, "PRIVMSG #a :still here"), line(9, "PANIC")),
		g.batch(line(5, "PRIVMSG #a :and here")),
	}
	f, again := worse(), worse()
	f.ApplyBatch(logs)
	if got := lines(t, f, 9); count(got, "still here") != 1 || !strings.HasPrefix(got[len(got)-1], "ERROR") {
		t.Errorf("session 9 saw %q", got)
	}
	if _, ok := f.session(5); !ok {
		t.Error("session 5 should have survived: its input was ignored")
	}
	if f.machine.Inputs() != 12+4+1 || f.machine.Deaths() != 2 {
		t.Errorf("%d inputs, %d deaths", f.machine.Inputs(), f.machine.Deaths())
	}
	applyAll(t, again, logs, g.rng)
	equalReplicas(t, f, again)
}

// TestDeathsWithoutANewBase has a machine whose state cannot be encoded: every death goes back to the same base.
func TestDeathsWithoutANewBase(t *testing.T) {
	g := newTraffic(t, 25)
	f, control := newTestFSM(t, g.store), newTestFSM(t, g.store)
	f.encode = func(*ircserver.Server, []byte) []byte { panic("not encodable") }
	logs := []*raft.Log{threeSessions(g), g.batch(line(1, "PANIC"), line(9, "PRIVMSG #a :between")), g.batch(line(5, "PANIC")), g.batch(line(9, "PRIVMSG #a :after"))}
	f.ApplyBatch(logs)
	if _, err := f.Snapshot(); err == nil {
		t.Error("there is a snapshot of what cannot be encoded")
	}
	f.encode = control.encode
	control.ApplyBatch(logs)
	equalReplicas(t, f, control)
}

func TestInputWithoutASessionMayDieToo(t *testing.T) {
	// Nothing known makes them panic, so the replacement is applied directly.
	g := newTraffic(t, 23)
	f := newTestFSM(t, g.store)
	f.ApplyBatch([]*raft.Log{threeSessions(g)})
	for _, kind := range []ircserver.Kind{ircserver.KindCreate, ircserver.KindTick, ircserver.KindConfig, ircserver.KindMembers} {
		in := ircserver.Input{Kind: kind, Text: "x"}
		if outs, p := f.try(f.machine, buried.replace(&in)); p != nil || len(outs) > 0 {
			t.Errorf("kind %d: %v, %v", kind, outs, p)
		}
	}
	if sessions, _ := f.machine.Counts(); sessions != 3 {
		t.Errorf("%d sessions", sessions)
	}
}
