package translate_test

import (
	"strings"
	"testing"

	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// addRecordings seeds a fuzz target with what real servers have said.
func addRecordings(f *testing.F) {
	for i, r := range recordings(f) {
		if i%7 != 0 {
			continue
		}
		var b strings.Builder
		for _, l := range r.lines {
			if l.Received && b.Len() < 4000 {
				b.WriteString(l.Line + "\n")
			}
		}
		f.Add(uint8(i), b.String())
	}
	f.Add(uint8(0), ":00A EUID a 1 1 +i a a 0 00AAAAAAA * * :a\n:00A SJOIN 1 #c +ntkl k 5 :@00AAAAAAA\n:00AAAAAAA TMODE 1 #c +bbq-k a!b@c $a:x y *")
	f.Add(uint8(2), ":00A UID a 0 1 a a 00AAAAAAA 0 +i * * * :a\n:00A SJOIN 1 #c +nt :*~@00AAAAAAA &b!*@*\n:a MODE #c +b ~time:1:~quiet:~account:x")
}

// fuzzed lets a peer say anything, in a dialect.
func fuzzed(t *testing.T, which uint8, text string, to target) *pipeline {
	dialects := []string{"solanum", "hybrid", "unreal6"}
	dialect := dialects[int(which)%len(dialects)]
	codec := codecFor(dialect)
	p := newPipeline(t, newNetwork(t, dialect), testConfig(), to)
	p.now = 1800000000
	p.net.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "00A", Hops: 1, Description: "Hub"})
	p.apply("EOB", s2s.Event{Source: "00A", Body: s2s.EndOfBurst{}})
	for line := range strings.Lines(text) {
		p.now++
		line = strings.TrimRight(line, "\r\n")
		e, err := codec.Decode(line)
		if err != nil {
			p.tr.Skip(wireCommand(line), translate.ParseError)
			continue
		}
		if _, closing := e.Body.(s2s.Closing); !closing {
			p.apply(wireCommand(line), e)
		}
	}
	c := p.tr.Coverage()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	return p
}

// FuzzLines lets a peer say anything, to each dialect: there is no panic, each line that comes of it is one of the gateway
// API and makes sense to a network that has done all before it, nothing is left to do, and the coverage adds up.
func FuzzLines(f *testing.F) {
	addRecordings(f)
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		d := newDouble()
		p := fuzzed(t, which, text, d)
		if p.net.Peer() != nil {
			p.checkSettledBut("at the end")
		}
		if len(d.wrong) > 0 {
			t.Errorf("lines made no sense:\n%s", strings.Join(d.wrong, "\n"))
		}
	})
}
