package compare_test

import (
	"slices"
	"testing"
	"time"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/core/ircserver"
	"robustirc/linkgw/network"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
)

// pipeline is the real thing in one process: a simulated network, the gateway's model and translator, and the machine.
type pipeline struct {
	t       testing.TB
	sim     *fakenet.Network
	codec   s2s.Codec
	net     *network.Network
	tr      *translate.Translator
	machine *ircserver.Server
	link    ircserver.SessionID
	op      uint64
	now     time.Duration
	later   time.Duration // that the machine is ahead, by earlier runs
	seq     uint64
	lines   uint64
	records []trace.Record
	lost    bool // operations do not arrive
}

func newPipeline(t testing.TB, cfg fakenet.Config) *pipeline {
	t.Helper()
	return pipelineTo(t, cfg, nil, false)
}

// pipelineTo links to the machine that has the users of an earlier run, or to a new one.
func pipelineTo(t testing.TB, cfg fakenet.Config, before *pipeline, leaveHidden bool) *pipeline {
	t.Helper()
	cfg.Start, cfg.Broadcast = start, fakenet.BroadcastAlways
	sim, err := fakenet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg = sim.Config()
	protocol := "ts6"
	if cfg.Protocol == fakenet.Unreal {
		protocol = "unreal"
	}
	dialect := dialects[cfg.Protocol]
	rules, err := network.RulesOf(dialect)
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline{t: t, sim: sim, codec: codec(protocol, dialect)}
	p.net, err = network.New(rules, network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	p.net.SetPeer(s2s.ServerIntroduced{Server: cfg.Server, SID: cfg.SID, Hops: 1})
	if p.tr, err = translate.New(translate.Config{Services: []string{"services.example.net"}, OperClass: "admin", Bans: true, LeaveOutHidden: leaveHidden, LeaveOutServices: leaveHidden}, p.net); err != nil {
		t.Fatal(err)
	}
	if before != nil {
		p.machine, p.later = before.machine, before.later+before.now+time.Minute
	} else {
		conf := ircserver.DefaultConfig()
		conf.MachineVersion, conf.Revision = 2, 1
		conf.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: "x"}}
		p.machine = ircserver.New(conf)
	}
	p.body(trace.KindHeader, trace.Header{RunID: "test", Version: "1", Started: start, Protocol: protocol, Us: "gateway.example.net", SID: "00G", Network: "robustirc.net", Mode: trace.ModeBroadcast, Style: trace.StyleFirehose, Services: []string{"services.example.net"}, LeavesHidden: leaveHidden})
	p.body(trace.KindLinkUp, trace.LinkUp{Peer: cfg.Server, SID: string(cfg.SID), Protocol: protocol, Dialect: dialect, Number: 1})
	p.greet()
	if _, err := sim.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
		t.Fatal(err)
	}
	for _, e := range sim.Burst("00G") {
		p.event(e)
	}
	if protocol == "ts6" && dialect == "solanum" {
		p.line("PING hub.example.net :gateway.example.net")
	} else {
		p.event(s2s.Event{Source: s2s.Ref(cfg.SID), Body: s2s.EndOfBurst{}})
	}
	p.settle()
	p.say(s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "observer", TS: start.Unix(), Hops: 1, Ident: "o", Host: "gw.example.net", RealHost: "gw.example.net", Modes: "+i", Realname: "o"}})
	p.observe()
	sim.Begin(start)
	return p
}

// greet makes the gateway's link.
func (p *pipeline) greet() {
	p.apply(ircserver.Input{Kind: ircserver.KindCreate, Remote: "127.0.0.1"})
	p.link = ircserver.SessionID(p.machine.Inputs())
	p.apply(ircserver.Input{Kind: ircserver.KindLine, Session: p.link, Text: "PASS :*", Granted: "gateway:canary"})
	p.hear(p.apply(ircserver.Input{Kind: ircserver.KindLine, Session: p.link, Text: "GATEWAY canary firehose"}))
}

// settle makes the new network equal, and says so as the gateway does.
func (p *pipeline) settle() {
	var ops []translate.Op
	imp := p.tr.Reconcile()
	for next := imp.Next(100); len(next) > 0; next = imp.Next(100) {
		ops = append(ops, next...)
	}
	// As the gateway: it says where the import ends before most of it is posted.
	begin, end := p.op+1, p.op+uint64(len(ops))
	p.post(ops[:len(ops)/8])
	p.body(trace.KindCheckpoint, trace.Checkpoint{Name: "synced", Counts: map[string]uint64{"from": begin | ircserver.SequentialID, "op": end | ircserver.SequentialID, "lines": p.lines}})
	p.post(ops[len(ops)/8:])
}

// TestAnotherLink loses the link to the new network, and what was on its way: a gap, in which nothing is judged.
func TestAnotherLink(t *testing.T) {
	p := newPipeline(t, small(fakenet.Hybrid, 3))
	p.run(15)
	p.lost = true
	p.run(5)
	p.lost = false
	p.greet()
	p.settle()
	p.run(15)
	p.postLine("STATE s")
	o := options()
	o.ChannelModes = channelModes
	e := engine(t, o)
	for i := range p.records {
		e.Add(&p.records[i])
	}
	r := e.Result()
	if len(r.Groups) > 0 || r.SelfTest.SensitivityPPB != 1_000_000_000 || r.State.Match == 0 || r.State.Unexplained > 0 || len(r.Gaps) != 2 {
		t.Errorf("%+v\n%s", r.Gaps, explain(r))
	}
}

// observe joins the observer everywhere.
func (p *pipeline) observe() {
	for _, u := range p.sim.Burst("00G") {
		if b, ok := u.Body.(s2s.ChannelBurst); ok {
			p.say(s2s.Event{Source: "00G", Body: s2s.ChannelBurst{Channel: b.Channel, TS: b.TS, Members: []s2s.Member{{User: "00GAAAAAA"}}}})
		}
	}
}

func (p *pipeline) record(r trace.Record) {
	p.seq++
	r.Seq, r.Mono = p.seq, p.now
	p.records = append(p.records, r)
}

func (p *pipeline) body(kind trace.Kind, body any) {
	r, err := trace.NewRecord(kind, "", body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.record(r)
}

func (p *pipeline) say(e s2s.Event) {
	lines, err := p.codec.Encode(e)
	if err != nil {
		p.t.Fatal(err)
	}
	p.net.Say(p.unix(), e)
	for _, line := range lines {
		p.record(trace.Record{Kind: trace.KindLinkOut, Line: line})
	}
	for _, h := range p.sim.Hear(start.Add(p.now), "00G", e) {
		if slices.Contains(h.Links, "00G") {
			p.event(h.Event)
		}
	}
}

func (p *pipeline) unix() int64 { return start.Add(p.now).Unix() }

func (p *pipeline) event(e s2s.Event) {
	e, ok := fakenet.Sayable(p.codec, e)
	if !ok {
		return
	}
	lines, err := p.codec.Encode(e)
	if err != nil {
		return
	}
	for _, line := range lines {
		p.line(line)
	}
}

func (p *pipeline) line(line string) {
	p.lines++
	p.record(trace.Record{Kind: trace.KindLinkIn, Line: line})
	e, err := p.codec.Decode(line)
	if err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	p.post(p.tr.Translate(e.Body.Name(), e, p.net.Apply(p.unix(), e)))
}

func (p *pipeline) apply(in ircserver.Input) []ircserver.Output {
	in.Time = start.Add(p.later + p.now).UnixNano()
	return p.machine.Apply(&in)
}

// post posts operations and records what comes of them.
func (p *pipeline) post(ops []translate.Op) {
	for _, op := range slices.Clone(ops) {
		if !p.lost {
			p.postLine(op.Line)
		}
	}
}

func (p *pipeline) postLine(line string) {
	p.op++
	id := p.op | ircserver.SequentialID
	p.record(trace.Record{Kind: trace.KindOp, ID: id, Line: line})
	outputs := p.apply(ircserver.Input{Kind: ircserver.KindLine, Session: p.link, ClientMsgID: id, Text: line})
	p.record(trace.Record{Kind: trace.KindAcked, ID: id})
	p.hear(outputs)
}

func (p *pipeline) hear(outputs []ircserver.Output) {
	var link []string
	for i := range outputs {
		o := &outputs[i]
		r := trace.Record{Kind: trace.KindOutput, ID: o.Cause, Input: uint64(o.ID.Input), Reply: o.ID.Reply, Time: o.Time, Line: o.Line, Final: o.Final}
		for to := range o.To.All {
			r.To = append(r.To, uint64(to.Session))
		}
		p.record(r)
		if slices.Contains(r.To, uint64(p.link)) {
			link = append(link, o.Line)
		}
	}
	for _, line := range link {
		if _, more, err := p.tr.Hear(line); err != nil {
			p.t.Fatalf("%s: %v", line, err)
		} else {
			p.post(more)
		}
	}
}

func (p *pipeline) run(seconds int) {
	for until := p.now + time.Duration(seconds)*time.Second; p.now < until; {
		next := p.now.Truncate(time.Second) + time.Second
		for _, h := range p.sim.Step(start.Add(next)) {
			if slices.Contains(h.Links, "00G") {
				p.now = max(p.now, h.At.Sub(start))
				p.event(h.Event)
			}
		}
		p.now = max(p.now, next)
	}
}

func channelModes(dialect string) map[byte]byte {
	m := map[byte]byte{}
	for _, row := range translate.ChannelModeTable(dialect) {
		m[row.Letter] = row.To
	}
	return m
}

// TestMachine compares a simulated network with the real translator and machine: whatever differs is explained.
func TestMachine(t *testing.T) {
	for _, protocol := range []fakenet.Protocol{fakenet.TS6, fakenet.Hybrid, fakenet.Unreal} {
		for _, scenario := range []string{"mixed", "splits"} {
			t.Run(string(protocol)+" "+scenario, func(t *testing.T) {
				cfg := small(protocol, 3)
				cfg.Scenario = scenario
				p := newPipeline(t, cfg)
				p.run(40)
				p.held()
			})
		}
	}
}

// TestTakeover compares with a new network that still has the users of an earlier run: what its gateway then changes is
// its import, and who is on a channel since before is nobody's stranger.
func TestTakeover(t *testing.T) {
	for _, protocol := range []fakenet.Protocol{fakenet.TS6, fakenet.Unreal} {
		t.Run(string(protocol), func(t *testing.T) {
			cfg := small(protocol, 3)
			before := newPipeline(t, cfg)
			before.run(10)
			cfg.Seed++
			again := pipelineTo(t, small(protocol, 3), before, false)
			again.run(20)
			again.held()
			other := pipelineTo(t, cfg, again, false)
			other.run(20)
			other.held()
			shy := pipelineTo(t, cfg, other, true) // which leaves out what the others brought
			shy.run(20)
			shy.held()
		})
	}
}

// held reports every difference.
func (p *pipeline) held() {
	p.t.Helper()
	p.postLine("STATE s")
	o := options()
	o.ChannelModes = channelModes
	e := engine(p.t, o)
	for i := range p.records {
		e.Add(&p.records[i])
	}
	r := e.Result()
	if r.State.Match == 0 || r.State.Unexplained > 0 || r.SelfTest.SensitivityPPB != 1_000_000_000 || len(r.Groups) > 0 {
		p.t.Error(explain(r))
	}
}

// TestHidden leaves out channels that are secret or private, as gateways do unless they are told otherwise: that is no
// difference, also where a channel becomes one or ceases to be.
func TestHidden(t *testing.T) {
	for _, protocol := range []fakenet.Protocol{fakenet.TS6, fakenet.Hybrid, fakenet.Unreal} {
		for _, scenario := range []string{"mixed", "splits", "hostile"} {
			t.Run(string(protocol)+" "+scenario, func(t *testing.T) {
				cfg := small(protocol, 5)
				cfg.Scenario = scenario
				p := pipelineTo(t, cfg, nil, true)
				p.run(40)
				p.held()
			})
		}
	}
}

// TestInvited has somebody join by an invitation what the rules here refuse: N-17 explains that, and nothing else is
// different. Without the rule it is a difference.
func TestInvited(t *testing.T) {
	for _, run := range []struct {
		protocol fakenet.Protocol
		seed     uint64
	}{{fakenet.TS6, 20}, {fakenet.Unreal, 14}} {
		p := newPipeline(t, small(run.protocol, run.seed))
		p.run(30)
		for _, ruled := range []bool{true, false} {
			o := options()
			o.ChannelModes = channelModes
			o.Rules = slices.DeleteFunc(compare.DefaultRules(), func(r compare.Rule) bool { return r.ID == "N-17" && !ruled })
			e := engine(t, o)
			for i := range p.records {
				e.Add(&p.records[i])
			}
			if r := e.Result(); ruled != (len(r.Groups) == 0) {
				t.Errorf("%s with the rule %v: %s", run.protocol, ruled, explain(r))
			}
		}
	}
}
