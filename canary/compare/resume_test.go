package compare_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/s2s/fakenet"
)

// TestResume kills the comparison anywhere and goes on from its checkpoint: the result is that of one that was never
// interrupted, byte for byte.
func TestResume(t *testing.T) {
	for _, p := range []fakenet.Protocol{fakenet.TS6, fakenet.Unreal} {
		cfg := small(p, 9)
		cfg.Users = 30
		m := newMirror(t, cfg)
		m.run(15)
		// Some faults, so that there are groups and divergences to keep.
		m.records = slices.DeleteFunc(m.records, func(r trace.Record) bool {
			return r.Kind == trace.KindOutput && r.Seq > 1200 && r.Seq%61 == 0 && strings.Contains(r.Line, "!")
		})
		o := options()
		o.SampleOutputs, o.Window = -1, 4e9
		whole := engine(t, o)
		for i := range m.records {
			whole.Add(&m.records[i])
		}
		want := whole.Result()
		const kills = 50
		e := engine(t, o)
		for i := range m.records {
			if i%(len(m.records)/kills) == 0 {
				data := e.Checkpoint()
				resumed, err := compare.Restore(data, o)
				if err != nil {
					t.Fatal(err)
				}
				if again := resumed.Checkpoint(); !bytes.Equal(data, again) {
					t.Fatalf("at record %d a checkpoint of the restored engine is another: %s", i, firstDifference(data, again))
				}
				e = resumed
			}
			e.Add(&m.records[i])
		}
		got := e.Result()
		a, b := encode(t, want), encode(t, got)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the result is another after %d kills: %s", p, kills, firstDifference(a, b))
		}
		if len(want.Groups) == 0 {
			t.Error("there was nothing to find")
		}
	}
}

func encode(t testing.TB, r compare.Result) []byte {
	t.Helper()
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func firstDifference(a, b []byte) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return string(a[max(0, n-200):min(len(a), n+100)]) + "\n---\n" + string(b[max(0, n-200):min(len(b), n+100)])
}

// TestGolden holds the JSON of a result, with a debt, an expired rule, a gap and differences in it.
func TestGolden(t *testing.T) {
	cfg := small(fakenet.TS6, 4)
	cfg.Users, cfg.Channels, cfg.Rate = 12, 3, 20
	m := newMirror(t, cfg)
	m.run(12)
	s := &stream{records: m.records, m: m, t: t}
	s.drop(s.verb("PRIVMSG"))
	s.flip(s.verb("PRIVMSG"))
	o := options()
	o.Today = start
	o.Rules = append(compare.DefaultRules(), compare.Rule{ID: "debt", Kind: compare.KindAccept, Group: "af7bd78e6a", Owner: "op", Reason: "known", Until: "2030-01-01"},
		compare.Rule{ID: "old", Kind: compare.KindAccept, Group: "0000000000", Owner: "op", Reason: "known", Until: "2020-01-01"})
	e := engine(t, o)
	for i := range s.records {
		e.Add(&s.records[i])
	}
	gap, _ := trace.NewRecord(trace.KindGap, "", trace.Gap{From: 1, To: 2, Lines: 2, Reason: trace.GapQueue})
	gap.Seq, gap.Mono = s.records[len(s.records)-1].Seq+1, s.records[len(s.records)-1].Mono
	e.Add(&gap)
	got := append(encode(t, e.Result()), '\n')
	name := filepath.Join("testdata", "result.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the result is another than %s (-update writes it): %s", name, firstDifference(want, got))
	}
	if again := append(encode(t, e.Result()), '\n'); !bytes.Equal(got, again) {
		t.Error("a second Result is another")
	}
}
