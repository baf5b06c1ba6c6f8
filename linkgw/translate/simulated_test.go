package translate_test

import (
	"fmt"
	"testing"
	"time"

	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// simulation is a simulated network that a pipeline hears as lines.
type simulation struct {
	*pipeline
	sim   *fakenet.Network
	codec s2s.Codec
	at    time.Time
}

func simulate(t testing.TB, protocol fakenet.Protocol, scenario string, seed uint64, users int, cfg translate.Config, to target) *simulation {
	t.Helper()
	start := time.Unix(1800000000, 0)
	sim, err := fakenet.New(fakenet.Config{Protocol: protocol, Scenario: scenario, Users: users, Channels: users / 3, Servers: 5, Seed: seed, Rate: 60,
		Start: start, Broadcast: fakenet.BroadcastAlways})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
		t.Fatal(err)
	}
	dialect := map[fakenet.Protocol]string{fakenet.TS6: "solanum", fakenet.Hybrid: "hybrid", fakenet.Unreal: "unreal6"}[protocol]
	net := newNetwork(t, dialect)
	s := &simulation{sim: sim, codec: codecFor(dialect), at: start}
	s.pipeline = newPipeline(t, net, cfg, to)
	s.burst()
	sim.Begin(start)
	return s
}

// burst lets the peer introduce itself and tell all it has.
func (s *simulation) burst() {
	s.now = s.at.Unix()
	s.net.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A", Hops: 1, Description: "A simulated network"})
	var servers []s2s.Ref
	for _, e := range s.sim.Burst("00G") {
		s.hear(e)
		if b, ok := e.Body.(s2s.ServerIntroduced); ok && e.Source != "" {
			servers = append(servers, s2s.Ref(b.SID))
		}
	}
	for _, sid := range append(servers, "00A") {
		s.apply("EOS", s2s.Event{Source: sid, Body: s2s.EndOfBurst{}})
	}
}

func (s *simulation) hear(e s2s.Event) {
	e, ok := fakenet.Sayable(s.codec, e)
	if !ok {
		return
	}
	lines, err := s.codec.Encode(e)
	if err != nil {
		s.t.Fatalf("%+v: %v", e, err)
	}
	for _, line := range lines {
		heard, err := s.codec.Decode(line)
		if err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		s.apply(heard.Body.Name(), heard)
	}
}

// run lets seconds pass; heard says whether the gateway hears what happens.
func (s *simulation) run(seconds int, heard bool) {
	for range seconds {
		s.at = s.at.Add(time.Second)
		for _, h := range s.sim.Step(s.at) {
			if len(h.Links) > 0 && heard {
				s.now = h.At.Unix()
				s.hear(h.Event)
			}
		}
	}
}

var protocols = []fakenet.Protocol{fakenet.TS6, fakenet.Hybrid, fakenet.Unreal}

// TestFollowsSimulation holds that after any traffic of a simulated network, with splits and links that are cut and come
// back, the new network has what the translator thinks it has, that this is what the live network has, and that nothing
// is left to do.
func TestFollowsSimulation(t *testing.T) {
	for _, protocol := range protocols {
		for _, scenario := range []string{"mixed", "hostile", "splits"} {
			t.Run(fmt.Sprintf("%s/%s", protocol, scenario), func(t *testing.T) {
				s := simulate(t, protocol, scenario, 7, 90, testConfig(), newDouble())
				s.checkSettled("after the import")
				for round := range 8 {
					s.run(10, true)
					s.checkSettled(fmt.Sprintf("after %d s", 10*(round+1)))
				}
				s.post(s.tr.Changed("end", s.net.End(s.now, "cut")))
				s.run(20, false)
				s.burst()
				s.checkSettled("after a gap")
				s.run(10, true)
				s.checkSettled("at the end")
				done, all := eligible(s.tr)
				t.Logf("%d operations; coverage %d of %d", s.count, done, all)
			})
		}
	}
}

func eligible(tr *translate.Translator) (done, all int64) {
	c := tr.Coverage()
	return c.Eligible()
}

// TestRestart restarts the gateway: a new translator that hears what the network has finds nothing to do; and with a new model, after a time in which nobody heard anything, it comes to
// the same state.
func TestRestart(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			s := simulate(t, protocol, "mixed", 11, 120, testConfig(), newDouble())
			s.run(30, true)
			s.checkSettled("before")
			s.pipeline = newPipeline(t, s.net, testConfig(), s.to)
			s.posted = func(op translate.Op) {
				t.Errorf("left to do after a restart: %s", op.Line)
			}
			s.reconcile()
			s.checkSettled("after a restart")
			s.posted = nil

			s.run(60, false)
			s.pipeline = newPipeline(t, newNetwork(t, s.net.Rules().Dialect), testConfig(), s.to)
			s.burst()
			s.checkSettled("after a restart with a gap")
			s.run(20, true)
			s.checkSettled("at the end")
		})
	}
}

// TestImportIsInterleaved lets events come between the batches of an import.
func TestImportIsInterleaved(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			s := simulate(t, protocol, "mixed", 5, 200, testConfig(), newDouble())
			s.run(20, true)
			s.pipeline = newPipeline(t, s.net, testConfig(), newDouble())
			i := s.tr.Reconcile()
			batches := 0
			for ops := i.Next(10); len(ops) > 0; ops = i.Next(10) {
				s.post(ops)
				if batches++; batches%4 == 0 {
					s.run(1, true)
				}
			}
			if batches < 20 {
				t.Fatalf("%d batches", batches)
			}
			s.checkSettled("after the import")
		})
	}
}
