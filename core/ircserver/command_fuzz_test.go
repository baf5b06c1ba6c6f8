package ircserver

import "testing"

// FuzzCommand lets an operator send two lines it likes on a network with a services link: the machine neither fails nor
// contradicts itself, says nothing that is no line, and is the same when it is saved and loaded.
func FuzzCommand(f *testing.F) {
	for _, c := range commandRows {
		f.Add(c.name, "", "")
		f.Add(c.name, "bob", ":text")
		f.Add(c.name, "#a", "bob :text")
		f.Add(c.name, "* o", "alice,bob,#a 1 x")
	}
	f.Add("GLINE", "-force", "1w2d *@192.0.2.0/24 :reason")
	f.Add("WHOIS", "robustirc.net", "alice,bob,ChanServ")
	f.Add("LIST", ">0,C<1,!*x*", "*.net")
	f.Fuzz(func(t *testing.T, command, a, b string) {
		s, _ := linkedServer(t)
		s.cfg.Operators = []Operator{{Name: "root"}}
		id := s.user("alice").id
		s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: id, Text: "OPER root *", Granted: "root"})
		for _, text := range []string{command + " " + a + " " + b, command + " " + b + " " + a} {
			outs := s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: id, Text: text})
			checkInvariants(t, s)
			checkLines(t, outs)
		}
		reload(t, s)
	})
}
