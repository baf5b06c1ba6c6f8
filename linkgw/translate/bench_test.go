package translate_test

import (
	"runtime"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// void is a new network that does nothing and has nothing.
type void struct{}

func (void) post(string, int64) []string { return nil }
func (void) state() []string {
	return []string{":robust GATEWAY canary " + defaultGateway, ":robust READY 0"}
}

// large returns the model of a simulated network, and what makes it go on.
func large(t testing.TB, users, channels int) (*network.Network, *fakenet.Network) {
	t.Helper()
	start := time.Unix(1800000000, 0)
	sim, err := fakenet.New(fakenet.Config{Protocol: fakenet.TS6, Users: users, Channels: channels, Servers: 8, Seed: 3, Rate: 2000, Start: start, Broadcast: fakenet.BroadcastAlways})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
		t.Fatal(err)
	}
	n := newNetwork(t, "solanum")
	n.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A", Hops: 1, Description: "Hub"})
	codec := codecFor("solanum")
	var servers []s2s.Ref
	for _, e := range sim.Burst("00G") {
		if b, ok := e.Body.(s2s.ServerIntroduced); ok && e.Source != "" {
			servers = append(servers, s2s.Ref(b.SID))
		}
		for _, heard := range recode(t, codec, e) {
			n.Apply(start.Unix(), heard)
		}
	}
	for _, sid := range append(servers, "00A") {
		n.Apply(start.Unix(), s2s.Event{Source: sid, Body: s2s.EndOfBurst{}})
	}
	sim.Begin(start)
	return n, sim
}

func recode(t testing.TB, codec s2s.Codec, e s2s.Event) (heard []s2s.Event) {
	e, ok := fakenet.Sayable(codec, e)
	if !ok {
		return nil
	}
	lines, err := codec.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		e, err := codec.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, e)
	}
	return heard
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemoryPerUser holds what model and mirror take: at most 2,000 bytes of heap for a user, with its memberships and its
// part of the channels, which with the collector's room is far below the 8 kB that a gateway may need.
func TestMemoryPerUser(t *testing.T) {
	const users = 20_000
	before := heap()
	n, sim := large(t, users, 5_000)
	simulated := heap()
	runtime.KeepAlive(sim)
	sim = nil
	model := heap() - before
	p := newPipeline(t, n, testConfig(), void{})
	imported := 0
	i := p.tr.Reconcile()
	for ops := i.Next(1000); len(ops) > 0; ops = i.Next(1000) {
		imported += len(ops)
	}
	both := heap() - before
	_, have, channels := n.Sizes()
	t.Logf("%d users, %d channels, %d operations: model %d bytes a user, with the mirror %d (simulation %d)", have, channels, imported,
		model/int64(have), both/int64(have), simulated-before-model)
	if both/int64(have) > 2000 {
		t.Errorf("%d bytes a user", both/int64(have))
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(n)
}

// BenchmarkImport reports how fast a network of 20,000 users and 5,000 channels becomes operations.
func BenchmarkImport(b *testing.B) {
	n, _ := large(b, 20_000, 5_000)
	ops := 0
	for b.Loop() {
		tr, err := translate.New(testConfig(), n)
		if err != nil {
			b.Fatal(err)
		}
		i := tr.Reconcile()
		for batch := i.Next(500); len(batch) > 0; batch = i.Next(500) {
			ops += len(batch)
		}
	}
	b.ReportMetric(float64(ops)/b.Elapsed().Seconds(), "ops/s")
}

// BenchmarkNothingToDo reports how long it takes to find that nothing differs.
func BenchmarkNothingToDo(b *testing.B) {
	n, _ := large(b, 20_000, 5_000)
	p := newPipeline(b, n, testConfig(), void{})
	p.reconcile()
	for b.Loop() {
		if p.reconcile() > 0 {
			b.Fatal("there is something to do")
		}
	}
}

// BenchmarkLive reports how many events of a network of 20,000 users become operations in a second, model included.
func BenchmarkLive(b *testing.B) {
	n, sim := large(b, 20_000, 5_000)
	p := newPipeline(b, n, testConfig(), void{})
	p.reconcile()
	codec := codecFor("solanum")
	at := time.Unix(1800000000, 0)
	var events []s2s.Event
	for len(events) < 100_000 {
		at = at.Add(time.Second)
		for _, h := range sim.Step(at) {
			if len(h.Links) > 0 {
				events = append(events, recode(b, codec, h.Event)...)
			}
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	done, ops := 0, 0
	for range b.N {
		e := events[done%len(events)] // the first round is what really happens
		done++
		ops += len(p.tr.Translate(e.Body.Name(), e, n.Apply(at.Unix(), e)))
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(ops)/float64(done), "ops/event")
}
