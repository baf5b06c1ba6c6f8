package translate_test

import (
	"fmt"
	"strings"
	"testing"

	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// TestCountsAreBounded holds that whatever comes, what is counted stays small, and still adds up.
func TestCountsAreBounded(t *testing.T) {
	p := newPipeline(t, newNetwork(t, "solanum"), testConfig(), newDouble())
	for i := range 2000 {
		p.tr.Skip(fmt.Sprintf("COMMAND%d %s", i, strings.Repeat("x", 1000)), translate.ParseError)
		p.tr.Answered("00AAAAAAA", fmt.Sprintf("COMMAND%d", i), "482", strings.Repeat("é", 1000))
		p.tr.Answered("00AAAAAAA", "MODE", "482", "a b c")
		p.tr.Answered("00AAAAAAA", "MODE", "324", "no error")
	}
	c := p.tr.Coverage()
	if err := c.Check(); err != nil || len(c.Rows) > 513 || c.Events != 2000 {
		t.Errorf("%v, %d rows, %d events", err, len(c.Rows), c.Events)
	}
	list := p.tr.Divergences()
	total := int64(0)
	for _, d := range list {
		total += d.Count
		if len(d.Examples) > 3 || len(d.Examples[0]) > 200 || len(d.Command) > 32 {
			t.Errorf("%+v", d)
		}
	}
	if len(list) > 257 || total != 4000 {
		t.Errorf("%d divergences, %d in all", len(list), total)
	}
}

// TestCoverageCheckFails holds that a count that is missing is found.
func TestCoverageCheckFails(t *testing.T) {
	p := newPipeline(t, newNetwork(t, "solanum"), testConfig(), newDouble())
	p.tr.Skip("JOIN", translate.Gap)
	c := p.tr.Coverage()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	c.Rows[0].Seen++
	if c.Check() == nil {
		t.Error("a command without an outcome is not found")
	}
	c = p.tr.Coverage()
	c.Events++
	if c.Check() == nil {
		t.Error("an event without a command is not found")
	}
	p.tr.Skip("JOIN", "no such reason")
	if c = p.tr.Coverage(); c.Check() == nil {
		t.Error("a reason that there is not is not found")
	}
}

// TestEndedSessionsComeBackThreeTimes lets the new network end a session again and again.
func TestEndedSessionsComeBackThreeTimes(t *testing.T) {
	d := newDouble()
	p := newPipeline(t, newNetwork(t, "solanum"), testConfig(), d)
	p.now = 1800000000
	p.net.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A", Hops: 1, Description: "Hub"})
	codec := codecFor("solanum")
	for _, line := range []string{":00A EUID alice 1 1700000000 +i ident host.example 192.0.2.1 00AAAAAAA * * :Alice", ":00A SJOIN 1700000000 #c +nt :@00AAAAAAA"} {
		e, err := codec.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		p.apply(wireCommand(line), e)
	}
	p.apply("EOB", s2s.Event{Source: "00A", Body: s2s.EndOfBurst{}})
	for round := range 5 {
		d.end("killed", "00AAAAAAA")
		d.wrong = nil
		_, ops, err := p.tr.Hear(":robust GONE 00AAAAAAA :Killed (oper (go away))")
		if err != nil {
			t.Fatal(err)
		}
		p.post(ops)
		if here := d.users["00AAAAAAA"] != nil; here != (round < 3) {
			t.Fatalf("after %d ends: here %v", round+1, here)
		}
		if round < 3 && d.channels["#c"].members["00AAAAAAA"] != "o" {
			t.Error("not on its channel")
		}
		if drift := p.load(); len(drift) > 0 {
			t.Fatal(drift)
		}
	}
	e, _ := codec.Decode(":00AAAAAAA PRIVMSG #c :anybody?")
	p.apply("PRIVMSG", e)
	if len(d.wrong) > 0 {
		t.Error(d.wrong)
	}
}
