package ircserver

import (
	"fmt"
	"strings"
	"testing"
)

// crowdOf is a machine with n registered users, none invisible.
func crowdOf(t *testing.T, n int) *Server {
	t.Helper()
	cfg := DefaultConfig()
	cfg.DefaultUserModes = "x"
	s := New(cfg)
	for i := range n {
		s.Apply(&Input{Kind: KindCreate, Time: 1, Remote: "192.0.2.1"})
		id := SessionID(s.Inputs())
		s.Apply(&Input{Kind: KindLine, Session: id, Text: fmt.Sprintf("NICK n%d", i)})
		s.Apply(&Input{Kind: KindLine, Session: id, Text: "USER u 0 * :r"})
	}
	return s
}

func countLines(outs []Output, numeric string) (n int) {
	for _, o := range outs {
		if strings.Contains(o.Line, " "+numeric+" ") {
			n++
		}
	}
	return n
}

// TestWhoIsBounded: a mask shows at most maxWhoMatches users and says when there are more; a channel is shown in full.
func TestWhoIsBounded(t *testing.T) {
	s := crowdOf(t, maxWhoMatches+1)
	first := s.user("n0").id
	for _, id := range s.Sessions() {
		s.Apply(&Input{Kind: KindLine, Session: id.ID, Text: "JOIN #all"})
	}
	outs := s.Apply(&Input{Kind: KindLine, Session: first, Text: "WHO *"})
	if n := countLines(outs, "352"); n != maxWhoMatches || countLines(outs, "416") != 1 || countLines(outs, "315") != 1 {
		t.Errorf("WHO *: %d users, %d times 416", n, countLines(outs, "416"))
	}
	outs = s.Apply(&Input{Kind: KindLine, Session: first, Text: "WHO #all"})
	if n := countLines(outs, "352"); n != maxWhoMatches+1 || countLines(outs, "416") != 0 {
		t.Errorf("WHO #all: %d users", n)
	}
}
