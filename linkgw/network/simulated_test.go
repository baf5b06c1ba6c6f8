package network_test

import (
	"regexp"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// follower is a model that hears a simulated network as lines.
type follower struct {
	t     *testing.T
	codec s2s.Codec
	n     *network.Network
}

func follow(t *testing.T, dialect string) *follower {
	rules, err := network.RulesOf(dialect)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(rules, network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	n.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A", Hops: 1, Description: "A simulated network"})
	return &follower{t: t, codec: codecFor(dialect), n: n}
}

func (f *follower) hear(at time.Time, e s2s.Event) {
	e, ok := fakenet.Sayable(f.codec, e)
	if !ok {
		return
	}
	heard, err := recode(f.codec, e)
	if err != nil {
		f.t.Fatalf("%+v: %v", e, err)
	}
	for _, e := range heard {
		f.n.Apply(at.Unix(), e)
	}
}

// unsaid is what a fresh burst does not tell, or tells otherwise than the lines that led there: ends of bursts, list
// setters, who set a topic.
var unsaid = regexp.MustCompile(`(?m) synced|^(  list .*) by=.*$| topic_by=\S*| topic_at=\d+|^ban .*\n`)

func told(n *network.Network) string { return unsaid.ReplaceAllString(n.Dump(), "$1") }

// TestFollowsSimulation follows simulated networks of each protocol through traffic with splits, and holds the model
// now and then against one that has just heard the whole network's burst: what is understood piece by piece is what is
// there.
func TestFollowsSimulation(t *testing.T) {
	for protocol, dialect := range map[fakenet.Protocol]string{fakenet.TS6: "solanum", fakenet.Hybrid: "hybrid", fakenet.Unreal: "unreal6"} {
		t.Run(dialect, func(t *testing.T) {
			start := time.Unix(1800000000, 0)
			sim, err := fakenet.New(fakenet.Config{Protocol: protocol, Users: 120, Channels: 40, Servers: 5, Seed: 1, Rate: 60, Start: start})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sim.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
				t.Fatal(err)
			}
			f := follow(t, dialect)
			for _, e := range sim.Burst("00G") {
				f.hear(start, e)
			}
			sim.Begin(start)
			happened := 0
			for second := 1; second <= 240; second++ {
				now := start.Add(time.Duration(second) * time.Second)
				for _, h := range sim.Step(now) {
					if len(h.Links) > 0 {
						f.hear(h.At, h.Event)
						happened++
					}
				}
				if second%10 != 0 {
					continue
				}
				if err := f.n.CheckInvariants(); err != nil {
					t.Fatal(err)
				}
				fresh := follow(t, dialect)
				for _, e := range sim.Burst("00G") {
					fresh.hear(now, e)
				}
				if a, b := told(fresh.n), told(f.n); a != b {
					t.Fatalf("after %d s and %d events:\n%s", second, happened, diff(a, b))
				}
			}
			stats := sim.Stats()
			if stats.Splits == 0 {
				t.Error("no server has split")
			}
			t.Logf("%d events, %+v, ignored %v", happened, stats, f.n.Stats().Ignored)
		})
	}
}
