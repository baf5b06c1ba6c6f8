package ircserver

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"robustirc/core/irc"
)

// world is a second opinion on who may join and speak in #a and who hears it, written apart from the machine and kept
// up to date from what the machine shows. Nicks are n0 to n5, masks are whole nicks; n1 and n2 have accounts.
type world struct {
	*shadow
	invited, deaf map[string]bool
}

func newWorld(s *Server) *world {
	w := &world{invited: map[string]bool{}, deaf: map[string]bool{}}
	w.shadow = &shadow{spec: s.modeOffer().spec}
	w.empty()
	return w
}

// empty is what is left when the last member is gone: nothing, except what users remember.
func (w *world) empty() {
	w.flags, w.values, w.lists, w.status = 0, map[byte]string{}, map[byte][]string{}, map[string]status{}
	w.invited = map[string]bool{}
}

func (w *world) on(letter byte, nick string) bool {
	return slices.Contains(w.lists[letter], nick+"!*@*")
}

func hasAccount(nick string) bool { return nick == "n1" || nick == "n2" }

func (w *world) mayJoin(nick, key string) bool {
	switch {
	case len(w.status) == 0:
		return true
	case w.on('b', nick) && !w.on('e', nick) && !w.invited[nick]:
	case w.flags.has('R') && !hasAccount(nick):
	case w.flags.has('i') && !w.invited[nick] && !w.on('I', nick):
	case w.flags.has('k') && w.values['k'] != key:
	case w.flags.has('l') && fmt.Sprint(len(w.status)) >= w.values['l'] && !w.invited[nick]:
	default:
		return true
	}
	return false
}

func (w *world) maySpeak(nick string) bool {
	st, member := w.status[nick]
	switch {
	case len(w.status) == 0:
	case !member && w.flags.has('n'):
	case st == 0 && w.flags.has('m'):
	case st == 0 && w.flags.has('M') && !hasAccount(nick):
	case st == 0 && w.on('b', nick) && !w.on('e', nick):
	default:
		return true
	}
	return false
}

func (w *world) hasOp() bool {
	for _, st := range w.status {
		if st.atLeast(statusOp) {
			return true
		}
	}
	return false
}

// hearers are who must get a message of nick.
func (w *world) hearers(nick string) []string {
	var list []string
	for _, n := range slices.Sorted(maps.Keys(w.status)) {
		if n != nick && !w.deaf[n] {
			list = append(list, n)
		}
	}
	return list
}

// see takes in one output of the machine.
func (w *world) see(t *testing.T, s *Server, line string) {
	t.Helper()
	var m irc.Message
	if err := m.Parse(line); err != nil {
		t.Fatal(err)
	}
	nick := m.Prefix().Name
	switch m.Command {
	case "JOIN":
		w.status[nick] = status(btoi(len(w.status) == 0)) * statusOp
		delete(w.invited, nick)
	case "PART":
		delete(w.status, nick)
	case "KICK":
		delete(w.status, m.Param(1))
	case "INVITE":
		if w.status[nick] >= statusHalfop {
			w.invited[m.Param(0)] = true
		}
	case "MODE":
		if m.Param(0) == "#a" {
			w.shadow.seeMode(t, s, m.Params()[1:])
		} else {
			w.deaf[nick] = m.Param(1) == "+D"
		}
	}
	if len(w.status) == 0 {
		w.empty()
	}
}

func (sh *shadow) seeMode(t *testing.T, s *Server, args []string) {
	t.Helper()
	changes, _ := irc.ParseModes(sh.spec, args)
	for _, c := range changes {
		if !sh.apply(s, c) && c.Mode != 'n' && c.Mode != 't' {
			t.Fatalf("%q changes nothing", args)
		}
	}
}

// randomLine is what a client of the world does next.
func randomLine(rng *rand.Rand) string {
	nick := fmt.Sprintf("n%d", rng.IntN(4))
	switch rng.IntN(12) {
	case 0, 1:
		return "JOIN #a"
	case 2:
		return "JOIN #a key"
	case 3:
		return "PART #a"
	case 4:
		return "KICK #a " + nick
	case 5:
		return "INVITE " + nick + " #a"
	case 6:
		return "MODE SELF " + []string{"+D", "-D"}[rng.IntN(2)]
	case 7, 8, 9:
		sign := []string{"+", "-"}[rng.IntN(2)]
		return "MODE #a " + sign + []string{"b " + nick, "e " + nick, "I " + nick, "o " + nick, "v " + nick, "h " + nick,
			"b " + nick, "b " + nick, "e " + nick, "o " + nick, "k key", "l 4", "i", "m", "n", "M", "R"}[rng.IntN(17)]
	case 10:
		return "NOTICE #a :x"
	}
	return "PRIVMSG #a :x"
}

// TestWorld holds invariant I-12: nobody outside hears anything, everybody inside hears all, and bans, keys and modes
// hold from the very next line on.
func TestWorld(t *testing.T) {
	for seed := range uint64(6) {
		s := New(DefaultConfig())
		now, ids := scenarioStart, map[string]SessionID{}
		feed := func(in Input) []Output { now += 1e9; in.Time = now; return s.Apply(&in) }
		names := map[SessionID]string{}
		for i := range 6 {
			nick := fmt.Sprintf("n%d", i)
			feed(Input{Kind: KindCreate, Remote: "192.0.2.1"})
			ids[nick] = SessionID(s.Inputs())
			names[ids[nick]] = nick
			feed(Input{Kind: KindLine, Session: ids[nick], Text: "NICK " + nick})
			feed(Input{Kind: KindLine, Session: ids[nick], Text: "USER u 0 * :r"})
			if hasAccount(nick) {
				s.sessions[ids[nick]].account = nick
			}
		}
		w, rng := newWorld(s), rand.New(rand.NewPCG(seed, 3))
		counts := map[string]int{}
		for range 15000 {
			nick := fmt.Sprintf("n%d", rng.IntN(6))
			line := strings.Replace(randomLine(rng), "SELF", nick, 1)
			if len(w.status) > 0 && !w.hasOp() { // nothing would happen in it any more
				nick, line = slices.Sorted(maps.Keys(w.status))[0], "PART #a"
			}
			outs := feed(Input{Kind: KindLine, Session: ids[nick], Text: line})
			checkOpinion(t, w, names, nick, line, outs, counts)
			for _, o := range outs {
				w.see(t, s, o.Line)
			}
			if t.Failed() {
				t.Fatalf("seed %d: %s> %s: %v", seed, nick, line, outs)
			}
		}
		for _, what := range []string{"heard", "mute", "in", "out"} {
			if counts[what] < 20 {
				t.Errorf("seed %d: %q happened only %d times", seed, what, counts[what])
			}
		}
	}
}

// checkOpinion compares what the machine did with what the world thinks right.
func checkOpinion(t *testing.T, w *world, names map[SessionID]string, nick, line string, outs []Output, counts map[string]int) {
	t.Helper()
	command, rest, _ := strings.Cut(line, " ")
	shown := slices.IndexFunc(outs, func(o Output) bool {
		return strings.HasPrefix(o.Line, ":"+nick+"!") && strings.Contains(o.Line, command)
	})
	switch command {
	case "JOIN":
		_, member := w.status[nick]
		_, key, _ := strings.Cut(rest, " ")
		want := !member && w.mayJoin(nick, key)
		if want != (shown >= 0) {
			t.Errorf("joined: %v, want %v", shown >= 0, want)
		}
		counts[map[bool]string{true: "in", false: "out"}[want]]++
	case "PRIVMSG", "NOTICE":
		var heard []string
		if shown >= 0 {
			for r := range outs[shown].To.All {
				heard = append(heard, names[r.Session])
			}
		}
		slices.Sort(heard)
		var want []string
		if w.maySpeak(nick) {
			want = w.hearers(nick)
		}
		if !slices.Equal(heard, want) {
			t.Errorf("heard by %v, want %v", heard, want)
		}
		counts[map[bool]string{true: "heard", false: "mute"}[len(want) > 0]]++
	}
}
