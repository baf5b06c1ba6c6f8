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

// shadow is what a client knows of a channel's modes when it believes every MODE line it is shown, and nothing else.
type shadow struct {
	spec   irc.ModeSpec
	flags  modeSet
	values map[byte]string
	lists  map[byte][]string
	status map[string]status // by nick
}

func newShadow(s *Server, ch *channel) *shadow {
	sh := &shadow{spec: s.modeOffer().spec, flags: ch.modes, values: map[byte]string{}, lists: map[byte][]string{}, status: map[string]status{}}
	sh.learnStatus(ch)
	return sh
}

func (sh *shadow) learnStatus(ch *channel) {
	for _, m := range ch.members {
		sh.status[m.nick] = m.status
	}
}

// see takes in one MODE line.
func (sh *shadow) see(t *testing.T, s *Server, line string) {
	t.Helper()
	var m irc.Message
	if err := m.Parse(line); err != nil || len(line) > irc.MaxLine-2 {
		t.Fatalf("%q: %v, %d bytes", line, err, len(line))
	}
	changes, errs := irc.ParseModes(sh.spec, m.Params()[1:])
	params := 0
	for _, c := range changes {
		if c.HasParam {
			params++
		}
		if c.Query || !sh.apply(s, c) {
			t.Fatalf("%q: %c changes nothing", line, c.Mode)
		}
	}
	if len(errs) > 0 || params > s.cfg.Limits.ModesPerLine {
		t.Fatalf("%q: %v, %d parameters", line, errs, params)
	}
}

// apply takes in one change, and reports whether it is one.
func (sh *shadow) apply(s *Server, c irc.ModeChange) bool {
	row := s.modeOffer().row(c.Mode)
	switch row.kind {
	case irc.ModePrefix:
		old := sh.status[c.Param]
		sh.status[c.Param] = old&^row.status | status(btoi(c.Add))*row.status
		return sh.status[c.Param] != old
	case irc.ModeList:
		at := slices.Index(sh.lists[c.Mode], c.Param)
		if c.Add == (at >= 0) {
			return false
		}
		if c.Add {
			sh.lists[c.Mode] = append(sh.lists[c.Mode], c.Param)
		} else {
			sh.lists[c.Mode] = slices.Delete(sh.lists[c.Mode], at, at+1)
		}
		return true
	}
	changed := sh.flags.has(c.Mode) != c.Add || c.Add && c.HasParam && sh.values[c.Mode] != c.Param
	if c.Add {
		sh.flags.set(c.Mode)
		sh.values[c.Mode] = c.Param
	} else {
		sh.flags.clear(c.Mode)
	}
	return changed
}

// compare holds the shadow against the channel.
func (sh *shadow) compare(t *testing.T, s *Server, ch *channel) {
	t.Helper()
	if sh.flags != ch.modes {
		t.Fatalf("modes are +%s, a client thinks +%s", ch.modes, sh.flags)
	}
	for _, row := range modeTable {
		if row.param != nil && ch.modes.has(row.letter) && row.param.value(ch) != sh.values[row.letter] {
			t.Fatalf("mode %c is %q, a client thinks %q", row.letter, row.param.value(ch), sh.values[row.letter])
		}
	}
	for _, letter := range s.modeOffer().spec.Letters(irc.ModeList) {
		var masks []string
		for _, e := range ch.lists[byte(letter)] {
			masks = append(masks, e.mask)
		}
		if !slices.Equal(masks, sh.lists[byte(letter)]) && len(masks)+len(sh.lists[byte(letter)]) > 0 {
			t.Fatalf("list %c is %q, a client thinks %q", letter, masks, sh.lists[byte(letter)])
		}
	}
	for _, m := range ch.members {
		if sh.status[m.nick] != m.status {
			t.Fatalf("%s has status %q, a client thinks %q", m.nick, m.status.prefixes(true), sh.status[m.nick].prefixes(true))
		}
	}
}

// crew is a machine with members of every rank in #a and one outside.
func crew(t testing.TB, cfg Config) (*bare, *channel) {
	b := &bare{t: nil, s: New(cfg), now: scenarioStart, names: map[SessionID]string{}, ids: map[string]SessionID{}, cfg: cfg}
	feed := func(in Input) []Output { in.Time = b.now; return b.s.Apply(&in) }
	for i, nick := range crewNicks {
		feed(Input{Kind: KindCreate, Remote: fmt.Sprintf("192.0.2.%d", i+1)})
		b.ids[nick] = SessionID(b.s.Inputs())
		for _, line := range []string{"NICK " + nick, "USER " + nick + " 0 * :" + nick} {
			feed(Input{Kind: KindLine, Session: b.ids[nick], Text: line})
		}
		if nick != "outsider" {
			feed(Input{Kind: KindLine, Session: b.ids[nick], Text: "JOIN #a"})
		}
	}
	ch := b.s.channels["#a"]
	rank(ch, cfg)
	return b, ch
}

// rank gives the crew the statuses of their names.
func rank(ch *channel, cfg Config) {
	for i, m := range ch.members {
		m.status = []status{statusOwner, statusAdmin, statusOp, statusHalfop, statusVoice, 0}[i]
	}
	if !cfg.Owner {
		ch.members[0].status = statusOp
	}
}

var crewNicks = []string{"owner", "admin", "op", "halfop", "voice", "nobody", "outsider"}

// randomModes is a MODE line that hits and misses everything there is; without 'u', for the shadow must see all.
func randomModes(rng *rand.Rand) string {
	letters := "+-+-qaohvbeIkfjlCKMNPRSTcimnprstXz"
	params := []string{
		"owner", "ADMIN", "op", "halfop", "voice", "nobody", "outsider", "ghost", "a!b@c", "A!B@C", "$a:x", "~account:x", "~q:x", "$~a", "*",
		"#a", "#b", "3:5", "7", "0", "key", "a,b", "robust/0x1", "10.0.0.0/8", ":", "::x", strings.Repeat("m", 30) + "!*@*",
	}
	words := []string{"MODE", "#a", ""}
	for range 1 + rng.IntN(12) {
		words[2] += string(letters[rng.IntN(len(letters))])
	}
	for range rng.IntN(9) {
		words = append(words, params[rng.IntN(len(params))])
	}
	return strings.Join(words, " ")
}

// TestModeRelayIsWhatHappened sends random MODE lines by members of every rank. A client that believes the MODE lines
// it is shown must know exactly the channel's modes at any time, and no line may change nothing.
func TestModeRelayIsWhatHappened(t *testing.T) {
	for seed := range uint64(8) {
		cfg := DefaultConfig()
		cfg.Owner, cfg.Limits.ListEntries = seed%2 == 0, 5
		b, ch := crew(t, cfg)
		rng := rand.New(rand.NewPCG(seed, 2))
		sh, shown := newShadow(b.s, ch), 0
		for range 400 {
			by := crewNicks[rng.IntN(len(crewNicks))]
			line := randomModes(rng)
			for _, o := range b.s.Apply(&Input{Kind: KindLine, Time: b.now, Session: b.ids[by], Text: line}) {
				if strings.Contains(o.Line, " MODE #a ") && o.To.has(b.ids["nobody"]) {
					sh.see(t, b.s, o.Line)
					shown++
				}
			}
			sh.compare(t, b.s, ch)
			checkInvariants(t, b.s)
			checkModeInvariants(t, b.s)
			if t.Failed() {
				t.Fatalf("seed %d: %s> %s", seed, by, line)
			}
			if rng.IntN(10) == 0 { // or nobody has a rank left soon
				rank(ch, cfg)
				sh.learnStatus(ch)
			}
		}
		if shown < 100 {
			t.Errorf("seed %d: only %d lines changed anything", seed, shown)
		}
	}
}

// lowestFor is who may change a mode, written down apart from the table.
func lowestFor(row *modeRow) status {
	switch {
	case row.kind == irc.ModeList, strings.IndexByte("vklMRimnt", row.letter) >= 0:
		return statusHalfop
	case strings.IndexByte("ohfjCKNSTcpsu", row.letter) >= 0:
		return statusOp
	case row.letter == 'q' || row.letter == 'a':
		return statusOwner
	}
	return ^status(0) // nobody
}

// TestRanks holds who may change what, for every mode and every rank.
func TestRanks(t *testing.T) {
	for i := range modeTable {
		row := &modeTable[i]
		cfg := DefaultConfig()
		cfg.Owner = row.list == nil || row.letter != 'q'
		for _, by := range crewNicks {
			b, ch := crew(t, cfg)
			st := status(0)
			if m := ch.byID[b.ids[by]]; m != nil {
				st = m.status
			}
			want := st.atLeast(lowestFor(row))
			param := map[irc.ModeClass]string{irc.ModePrefix: " nobody", irc.ModeList: " x!*@*", irc.ModeParam: " k", irc.ModeSetParam: " 5"}[row.kind]
			switch row.letter {
			case 'j':
				param = " 1:1"
			case 'f':
				continue // needs another channel; in the scenario mode-param
			}
			sign := "+"
			if ch.modes.has(row.letter) {
				sign = "-"
			}
			line := "MODE #a " + sign + string(rune(row.letter)) + param
			got := false
			for _, o := range b.s.Apply(&Input{Kind: KindLine, Time: b.now, Session: b.ids[by], Text: line}) {
				got = got || strings.Contains(o.Line, " MODE #a ")
			}
			if got != want {
				t.Errorf("%s> %s: done %v, want %v", by, line, got, want)
			}
		}
	}
}

func TestModeTokens(t *testing.T) {
	for switches, want := range map[[3]bool][4]string{
		{true, true, true}:    {"Ibe,k,fjl,CKMNPRSTcimnprstu", "(qaohv)~&@%+", "~&@%+", "I:100,b:100,e:100"},
		{false, false, false}: {"Ibeq,k,fjl,CKMNPRSTcimnprstu", "(ov)@+", "@+", "I:100,b:100,e:100,q:100"},
		{false, true, false}:  {"Ibeq,k,fjl,CKMNPRSTcimnprstu", "(aov)&@+", "&@+", "I:100,b:100,e:100,q:100"},
	} {
		cfg := DefaultConfig()
		cfg.Owner, cfg.Admin, cfg.Halfop = switches[0], switches[1], switches[2]
		s := New(cfg)
		if got := [4]string{s.chanModesToken(), s.prefixToken(), s.statusmsgToken(), s.maxListToken()}; got != want {
			t.Errorf("%v: %q, want %q", switches, got, want)
		}
		if _, err := irc.ParseModeSpec(s.chanModesToken(), s.prefixToken()); err != nil {
			t.Errorf("%v: clients cannot read CHANMODES and PREFIX: %v", switches, err)
		}
	}
	if got, want := New(DefaultConfig()).userModeLetters(), "BDGRZgiorswx"; got != want {
		t.Errorf("user modes %q, want %q", got, want)
	}
}

func TestJoinThrottle(t *testing.T) {
	j := joinThrottle{joins: 2, seconds: 10}
	for i, step := range []struct {
		at   int64
		full bool
	}{{100, false}, {101, false}, {105, true}, {109, true}, {110, false}, {111, false}, {112, true}, {500, false}} {
		if got := j.full(step.at * 1e9); got != step.full {
			t.Errorf("join %d at %d: full %v", i, step.at, got)
		}
		if !step.full {
			j.count(step.at * 1e9)
		}
	}
}

func TestStripFormatting(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                           "plain",
		"\x02b\x02 \x1di\x1f\x16\x11\x1e": "b i",
		"\x034,12x\x03":                   "x",
		"\x03123":                         "3",
		"\x034,x":                         ",x",
		"\x03,4":                          ",4",
		"\x03" + "04,":                    ",",
		"\x04ff00AA,00ff00z":              "z",
		"\x04ffg":                         "g",
		"\x0f\x0f":                        "",
		"ü\x02ü":                          "üü",
	} {
		if got := stripFormatting(in); got != want {
			t.Errorf("%q is stripped to %q, want %q", in, got, want)
		}
	}
}

// FuzzMode sends any MODE line by members of every rank: nothing may panic, and the state stays what it may be.
func FuzzMode(f *testing.F) {
	f.Add("+ov-b nick mask", uint8(0))
	f.Add("+kkl a b 5", uint8(2))
	f.Add("b", uint8(6))
	f.Add("+u-u+v nobody", uint8(3))
	f.Fuzz(func(t *testing.T, modes string, by uint8) {
		b, ch := crew(t, DefaultConfig())
		nick := crewNicks[int(by)%len(crewNicks)]
		for _, target := range []string{"#a", nick} {
			for _, o := range b.s.Apply(&Input{Kind: KindLine, Time: b.now, Session: b.ids[nick], Text: "MODE " + target + " " + modes}) {
				if strings.ContainsAny(o.Line, "\r\n\x00") || len(o.Line) > irc.MaxLine-2 {
					t.Fatalf("%q", o.Line)
				}
			}
			checkInvariants(t, b.s)
			checkModeInvariants(t, b.s)
		}
		if !slices.Equal(slices.Sorted(maps.Keys(b.s.channels)), []chanKey{"#a"}) || len(ch.members) != 6 {
			t.Fatal("MODE changed who is where")
		}
	})
}
