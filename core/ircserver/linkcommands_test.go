package ircserver

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"robustirc/core/irc"
)

func TestParseSvsmode(t *testing.T) {
	for _, c := range []struct {
		modes  string
		params []string
		want   string
	}{
		{"+r", nil, "+r(nick)"},
		{"+r", []string{"acc"}, "+r(acc)"},
		{"+rd", []string{"1"}, "+r(nick) +d(1)"},
		{"+rd", []string{"acc", "1"}, "+r(acc) +d(1)"},
		{"+d", nil, "+d()"},
		{"-r+i", []string{"acc"}, "-r() +i()"},
		{"-d", nil, "-d()"},
		{"+-", nil, ""},
		{"i", nil, "+i()"},
	} {
		got := ""
		for i, m := range parseSvsmode(c.modes, c.params, "nick") {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%c%c(%s)", "-+"[btoi(m.Add)], m.Mode, m.Param)
		}
		if got != c.want {
			t.Errorf("%s %q: %s, want %s", c.modes, c.params, got, c.want)
		}
	}
}

// TestEveryLinkCommandHasAScenario looks for each command of links in their scenario.
func TestEveryLinkCommandHasAScenario(t *testing.T) {
	text, err := os.ReadFile("testdata/services.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range linkTable {
		if !regexp.MustCompile(`(?m)^(quiet )?link> (:\S+ )?` + c.name + `( |$)`).Match(text) {
			t.Errorf("testdata/services.txt does not use %s", c.name)
		}
	}
}

// linkedServer is a machine with a services link (session 1), a pseudo-client and two users in a channel.
func linkedServer(t testing.TB) (s *Server, link SessionID) {
	t.Helper()
	s = New(DefaultConfig())
	line := func(id SessionID, text, granted string) {
		s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: id, Text: text, Granted: granted})
	}
	s.Apply(&Input{Kind: KindCreate, Time: 1e18})
	line(1, "PASS :*", grantServices)
	line(1, "SERVER services.example 1 :Services", "")
	line(1, "NICK ChanServ 1 1 services host services.example 0 :Channel Services", "")
	for _, nick := range []string{"alice", "bob"} {
		s.Apply(&Input{Kind: KindCreate, Time: 1e18, Remote: "192.0.2.1"})
		id := SessionID(s.Inputs())
		line(id, "NICK "+nick, "")
		line(id, "USER u 0 * :r", "")
		line(id, "JOIN #a", "")
	}
	line(1, ":ChanServ JOIN #a", "")
	if s.user("ChanServ") == nil || len(s.channels["#a"].members) != 3 {
		t.Fatal("the link did not come up")
	}
	return s, 1
}

func TestPseudoClientsAreBounded(t *testing.T) {
	s, link := linkedServer(t)
	var refused bool
	for i := range maxPseudoClients {
		outs := s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: link, Text: fmt.Sprintf("NICK c%d 1 1 u h services.example 0 :r", i)})
		refused = len(outs) == 1 && strings.Contains(outs[0].Line, " 437 ")
	}
	if n := len(s.pseudoClients(s.sessions[link])); n != maxPseudoClients || !refused {
		t.Errorf("the link has %d pseudo-clients, the last was refused: %v", n, refused)
	}
}

// FuzzLink sends what it likes as a services link: the machine neither fails nor contradicts itself, says nothing that
// is no line, and is the same when it is saved and loaded.
func FuzzLink(f *testing.F) {
	for _, c := range linkTable {
		f.Add(c.name, "alice", "#a", "x", "y")
		f.Add(":ChanServ "+c.name, "#a", "alice", "1", ":text")
		f.Add(c.name, "", "", "", "")
	}
	f.Add(":ChanServ MODE", "#a", "+ovb-k", "alice", "bob *!*@* key")
	f.Add("NICK", "New 1 1", "u", "h", "s 0 + :r")
	f.Add("SVSMODE", "alice", "+rdi-x", "a", "b")
	f.Fuzz(func(t *testing.T, command, a, b, c, d string) {
		s, link := linkedServer(t)
		outs := s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: link, Text: command + " " + a + " " + b + " " + c + " " + d})
		checkInvariants(t, s)
		checkLines(t, outs)
		reload(t, s)
	})
}

// checkLines wants every output to be one line that can be read.
func checkLines(t testing.TB, outs []Output) {
	t.Helper()
	for _, o := range outs {
		var m irc.Message
		if err := m.Parse(o.Line); err != nil || len(o.Line) > irc.MaxLine-2 {
			t.Errorf("output of %d bytes %q: %v", len(o.Line), o.Line, err)
		}
		if len(slices.Collect(o.To.All)) == 0 {
			t.Errorf("nobody receives %q", o.Line)
		}
	}
}
