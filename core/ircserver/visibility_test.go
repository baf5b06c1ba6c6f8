package ircserver

import (
	"slices"
	"strings"
	"testing"
)

// TestHiddenChannelsDoNotLeak asks a network in which alice is in a hidden channel, and one in which she is in none, the
// same questions: whoever is not in the channel gets the same answers.
func TestHiddenChannelsDoNotLeak(t *testing.T) {
	questions := []string{
		"LIST", "LIST #hidden", "LIST *h*", "LIST >0", "LIST C<5", "LIST T<5", "LIST !#x",
		"WHO", "WHO *", "WHO alice", "WHO al*", "WHO #hidden", "WHO #hidden o", "WHO * o",
		"WHOIS alice", "WHOIS alice alice", "WHOIS alice,bob", "WHOWAS alice", "WHOWAS gone",
		"NAMES #hidden", "NAMES #hidden,#open", "NAMES", "USERHOST alice", "ISON alice",
	}
	for _, mode := range []string{"+s", "+p"} {
		hidden, open := askOutsider(mode, true, questions), askOutsider(mode, false, questions)
		for i := range questions {
			if !slices.Equal(hidden[i], open[i]) {
				t.Errorf("mode %s, %s:\n%q\n%q", mode, questions[i], hidden[i], open[i])
			}
		}
		if len(hidden[0]) != 3 {
			t.Errorf("LIST must show the open channel: %q", hidden[0])
		}
	}
}

// askOutsider returns bob's answers; join says whether alice and gone are in #hidden before.
func askOutsider(mode string, join bool, questions []string) (answers [][]string) {
	cfg := DefaultConfig()
	cfg.DefaultUserModes = "x"
	s := New(cfg)
	line := func(id SessionID, text string) (lines []string) {
		for _, o := range s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: id, Text: text}) {
			lines = append(lines, o.Line)
		}
		return lines
	}
	ids := map[string]SessionID{}
	for _, nick := range []string{"alice", "bob", "gone"} {
		s.Apply(&Input{Kind: KindCreate, Time: 1e18, Remote: "192.0.2.1"})
		ids[nick] = SessionID(s.Inputs())
		line(ids[nick], "NICK "+nick)
		line(ids[nick], "USER u 0 * :r")
	}
	line(ids["bob"], "JOIN #open")
	if join {
		for _, nick := range []string{"alice", "gone"} {
			line(ids[nick], "JOIN #hidden")
		}
		line(ids["alice"], "MODE #hidden "+mode)
		line(ids["alice"], "TOPIC #hidden :hidden topic")
	}
	line(ids["gone"], "QUIT")
	for _, q := range questions {
		answers = append(answers, line(ids["bob"], q))
	}
	return answers
}

// TestAddressesDoNotLeak: nothing that a user can ask shows the address of somebody who hides it.
func TestAddressesDoNotLeak(t *testing.T) {
	s := New(DefaultConfig())
	var bob SessionID
	for nick, remote := range map[string]string{"alice": "198.51.100.1", "gone": "198.51.100.1", "bob": "203.0.113.1"} {
		s.Apply(&Input{Kind: KindCreate, Time: 1e18, Remote: remote})
		id := SessionID(s.Inputs())
		for _, text := range []string{"NICK " + nick, "USER u 0 * :r", "JOIN #a"} {
			s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: id, Text: text})
		}
	}
	bob = s.user("bob").id
	s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: s.user("gone").id, Text: "QUIT"})
	for _, q := range []string{
		"WHO #a", "WHO alice", "WHO *", "WHO 198.*", "WHOIS alice", "WHOWAS gone", "USERIP alice", "USERHOST alice", "NAMES #a", "STATS g",
	} {
		for _, o := range s.Apply(&Input{Kind: KindLine, Time: 1e18, Session: bob, Text: q}) {
			if strings.Contains(o.Line, "198.51.100.1") {
				t.Errorf("%s: %s", q, o.Line)
			}
		}
	}
}
