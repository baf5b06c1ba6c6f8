package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"robustirc/core/ircserver"
)

func TestCompareDigests(t *testing.T) {
	right, wrong, other := Digest{Input: 7, State: [32]byte{1}}, Digest{Input: 7, State: [32]byte{2}}, Digest{Input: 7, Chain: 3}
	elsewhere := Digest{Input: 8, State: [32]byte{9}}
	d := func(list ...Digest) []Digest { return list }
	for _, tc := range []struct {
		name   string
		mine   []Digest
		theirs map[string][]Digest
		voters []string
		leave  bool
		differ []string
	}{
		{"all agree", d(right), map[string][]Digest{"b": d(right), "c": d(right)}, []string{"a", "b", "c"}, false, nil},
		{"nothing to compare", d(right), map[string][]Digest{"b": d(elsewhere), "c": nil}, []string{"a", "b", "c"}, false, nil},
		{"I am wrong", d(wrong), map[string][]Digest{"b": d(right), "c": d(right)}, []string{"a", "b", "c"}, true, []string{"b", "c"}},
		{"another is wrong", d(right), map[string][]Digest{"b": d(wrong), "c": d(right)}, []string{"a", "b", "c"}, false, []string{"b"}},
		{"one is silent, one differs", d(right), map[string][]Digest{"b": d(wrong)}, []string{"a", "b", "c"}, false, []string{"b"}},
		{"three ways", d(right), map[string][]Digest{"b": d(wrong), "c": d(other)}, []string{"a", "b", "c"}, false, []string{"b", "c"}},
		{"two voters cannot tell", d(right), map[string][]Digest{"b": d(wrong)}, []string{"a", "b"}, false, []string{"b"}},
		{"two of five are not enough", d(wrong), map[string][]Digest{"b": d(right), "c": d(right)}, []string{"a", "b", "c", "d", "e"}, false, []string{"b", "c"}},
		{"three of five are", d(wrong), map[string][]Digest{"b": d(right), "c": d(right), "d": d(right)}, []string{"a", "b", "c", "d", "e"}, true, []string{"b", "c", "d"}},
		{"nonvoters do not count", d(wrong), map[string][]Digest{"b": d(right), "x": d(right)}, []string{"a", "b", "c"}, false, []string{"b"}},
		{"my own answer does not count", d(wrong), map[string][]Digest{"a": d(right), "b": d(right)}, []string{"a", "b", "c"}, false, []string{"b"}},
		{"an earlier input counts", d(wrong, elsewhere), map[string][]Digest{"b": d(right, elsewhere), "c": d(right)}, []string{"a", "b", "c"}, true, []string{"b", "c"}},
		{"a nonvoter may be wrong too", d(wrong), map[string][]Digest{"b": d(right), "c": d(right)}, []string{"b", "c"}, true, []string{"b", "c"}},
	} {
		v := compareDigests("a", tc.mine, tc.theirs, tc.voters)
		if v.Leave != tc.leave || !slices.Equal(v.Differ, tc.differ) || (v.Reason == "") != (len(tc.differ) == 0) {
			t.Errorf("%s: %+v", tc.name, v)
		}
		if tc.leave && !strings.Contains(v.Reason, "a majority ("+strings.Join(tc.differ, ", ")+")") {
			t.Errorf("%s: reason %q", tc.name, v.Reason)
		}
	}
}

// TestCorruptReplicaIsFound corrupts one of three replicas in each of the ways that a digest must show.
func TestCorruptReplicaIsFound(t *testing.T) {
	stray := &ircserver.Input{Kind: ircserver.KindMembers, Text: "stray node"}
	for name, corrupt := range map[string]func(f *fsm){
		"state":  func(f *fsm) { f.machine.Apply(&ircserver.Input{Kind: ircserver.KindLine, Session: 1, Text: "AWAY"}) },
		"output": func(f *fsm) { f.machine.Apply(&ircserver.Input{Kind: ircserver.KindLine, Session: 1, Text: "PING x"}) },
		"nodes":  func(f *fsm) { f.machine.Apply(stray) },
	} {
		g := newTraffic(t, 30)
		replicas := map[string]*fsm{"a": newTestFSM(t, g.store), "b": newTestFSM(t, g.store), "c": newTestFSM(t, g.store)}
		apply := func(l *raft.Log) {
			for _, f := range replicas {
				f.Apply(l)
			}
		}
		verdicts := func() map[string]verdict {
			all := map[string][]Digest{}
			for id, f := range replicas {
				all[id] = f.digests.all()
			}
			v := map[string]verdict{}
			for id, f := range replicas {
				v[id] = compareDigests(id, f.digests.all(), all, []string{"a", "b", "c"})
			}
			return v
		}
		apply(threeSessions(g))
		apply(g.batch(ircserver.Input{Kind: ircserver.KindDigest}))
		for id, v := range verdicts() {
			if v.Reason != "" {
				t.Errorf("%s before: %s: %s", name, id, v.Reason)
			}
		}
		// The others get an input that does nothing, so that the numbers stay the same.
		corrupt(replicas["b"])
		for _, id := range []string{"a", "c"} {
			replicas[id].machine.Apply(&ircserver.Input{Kind: ircserver.KindInvalid})
		}
		apply(g.batch(ircserver.Input{Kind: ircserver.KindDigest}))
		for id, v := range verdicts() {
			if v.Leave != (id == "b") || v.Reason == "" {
				t.Errorf("%s: %s: %+v", name, id, v)
			}
		}
	}
}

func TestDigestLogIsBounded(t *testing.T) {
	var l digestLog
	for i := range 3 * maxDigests {
		l.add(Digest{Input: ircserver.InputID(i)})
	}
	if all := l.all(); len(all) != maxDigests || all[len(all)-1] != l.last() || l.last().Input != 3*maxDigests-1 {
		t.Errorf("kept %v", all)
	}
}
