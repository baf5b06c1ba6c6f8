package compare_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/s2s/fakenet"
)

var update = flag.Bool("update", false, "write the golden files anew")

func small(p fakenet.Protocol, seed uint64) fakenet.Config {
	return fakenet.Config{Protocol: p, Users: 60, Channels: 12, Servers: 4, Seed: seed, Rate: 40}
}

func engine(t testing.TB, o compare.Options) *compare.Engine {
	t.Helper()
	e, err := compare.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func result(t testing.TB, records []trace.Record) compare.Result {
	t.Helper()
	e := engine(t, options())
	for i := range records {
		e.Add(&records[i])
	}
	return e.Result()
}

// explain writes what matters of a result.
func explain(r compare.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s exit %d, %+v, state %+v, errors %v\n", r.Verdict.Word, r.Verdict.Exit, r.Deliveries, r.State, r.Errors)
	for _, x := range r.Verdict.Reasons {
		if !x.Held {
			fmt.Fprintf(&b, "  %s: %s\n", x.Gate, x.Text)
		}
	}
	for _, f := range r.SelfTest.Faults {
		if f.Found < f.Planted {
			fmt.Fprintf(&b, "  fault %+v\n", f)
		}
	}
	for i, g := range r.Groups {
		if i == 8 {
			break
		}
		fmt.Fprintf(&b, "  %s %s: %s (field %q, %d events, %d deliveries, %d follow: %v)\n", g.Status, g.Class, g.Title, g.Field, g.Events, g.Count, g.FollowUps, g.Consequence)
		for _, x := range g.Examples[:min(1, len(g.Examples))] {
			fmt.Fprintf(&b, "    %v %s %s\n", x.Users, x.Channel, x.Note)
			for _, l := range x.Live {
				fmt.Fprintf(&b, "    live   %s %5d %s\n", l.Mark, l.Seq, l.Text)
			}
			for _, l := range x.Shadow {
				fmt.Fprintf(&b, "    shadow %s %5d %s\n", l.Mark, l.Seq, l.Text)
			}
		}
	}
	return b.String()
}

// TestPerfectMirror compares a simulated network with a new one that does everything right: nothing is left to explain.
func TestPerfectMirror(t *testing.T) {
	for _, p := range []fakenet.Protocol{fakenet.TS6, fakenet.Hybrid, fakenet.Unreal} {
		for _, scenario := range []string{"mixed", "storm", "splits"} {
			t.Run(string(p)+" "+scenario, func(t *testing.T) {
				cfg := small(p, 3)
				cfg.Scenario = scenario
				m := newMirror(t, cfg)
				m.run(40)
				began := time.Now()
				r := result(t, m.records)
				t.Logf("%d records, %d deliveries in %s", len(m.records), r.Deliveries.Compared(), time.Since(began))
				if r.Deliveries.Unexplained != 0 || r.Verdict.Word != compare.Go || r.Deliveries.Match == 0 {
					t.Error(explain(r))
				}
			})
		}
	}
}
