package compare_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/s2s/fakenet"
)

// stream is the records of a run, to plant a fault in.
type stream struct {
	t       *testing.T
	records []trace.Record
	m       *mirror
}

// lines yields the outputs of the middle of the run that fit: "PRIVMSG", or "MODE +o". A place of -1 is none.
func (s *stream) find(fits func(f []string, r *trace.Record) bool) int {
	n := len(s.records)
	for k := range n * 3 / 4 { // from the middle on, then before
		i := n/8 + (k+n*3/8)%(n*3/4)
		r := &s.records[i]
		if r.Kind == trace.KindOutput && r.ID != 0 && !(len(r.To) == 1 && r.To[0] == 1) && fits(strings.Split(r.Line, " "), r) {
			return i
		}
	}
	s.t.Fatal("the run has no line for this fault")
	return -1
}

func (s *stream) verb(verb string) int {
	return s.find(func(f []string, r *trace.Record) bool { return f[1] == verb && len(r.To) > 2 })
}

// single is a line of one mode change.
func (s *stream) single(modes ...string) int {
	return s.find(func(f []string, r *trace.Record) bool {
		return f[1] == "MODE" && slices.Contains(modes, f[3]) && len(r.To) > 1
	})
}

// anyMode is a line of one change of a mode of some letters.
func (s *stream) anyMode(letters string) int {
	return s.find(func(f []string, r *trace.Record) bool {
		return f[1] == "MODE" && len(f[3]) == 2 && strings.ContainsAny(f[3][1:], letters) && len(r.To) > 1
	})
}

func (s *stream) drop(i int) { s.records = slices.Delete(s.records, i, i+1) }

func (s *stream) insert(i int, r trace.Record) {
	r.To = slices.Clone(r.To)
	r.Input += 1 << 30
	r.Mono = s.records[i].Mono
	s.records = slices.Insert(s.records, i+1, r)
}

// edit changes a record's own copy.
func (s *stream) edit(i int, change func(r *trace.Record)) {
	s.records[i].To = slices.Clone(s.records[i].To)
	change(&s.records[i])
}

// replace changes words of a line.
func (s *stream) word(i, word int, to string) {
	s.edit(i, func(r *trace.Record) {
		f := strings.Split(r.Line, " ")
		f[word] = to
		r.Line = strings.Join(f, " ")
	})
}

// guest is somebody who is there all the time and not among some sessions, nor called so.
func (s *stream) stranger(r *trace.Record) *guest {
	var best *guest
	for _, g := range s.m.users {
		if !slices.Contains(r.To, g.session) && !strings.HasPrefix(r.Line, ":"+g.nick+"!") && g.session < 1000+uint64(len(s.m.records))/4 && (best == nil || g.session < best.session) && s.keeps(g) {
			best = g
		}
	}
	if best == nil {
		s.t.Fatal("everybody must see it")
	}
	return best
}

// keeps reports whether a user has one nick all the time.
func (s *stream) keeps(g *guest) bool {
	return !slices.ContainsFunc(s.records, func(r trace.Record) bool {
		return r.Kind == trace.KindOutput && strings.Contains(r.Line, " NICK "+g.nick)
	})
}

// moveAfter puts a record after another.
func (s *stream) moveAfter(i, j int) {
	r := s.records[i]
	r.Mono = s.records[j].Mono
	s.records = slices.Insert(s.records, j+1, r)
	s.records = slices.Delete(s.records, i, i+1)
}

// next is the next output after i that fits.
func (s *stream) next(i int, fits func(r *trace.Record) bool) int {
	for j := i + 1; j < len(s.records); j++ {
		if s.records[j].Kind == trace.KindOutput && fits(&s.records[j]) {
			return j
		}
	}
	return -1
}

func prefixOf(line string) string { p, _, _ := strings.Cut(line, " "); return p }

// pairOf finds a message of somebody to a channel and the next of the same to the same.
func (s *stream) pairOf() (int, int) {
	j := -1
	i := s.find(func(f []string, r *trace.Record) bool {
		if f[1] != "PRIVMSG" || len(r.To) < 2 || !strings.HasPrefix(f[2], "#") {
			return false
		}
		k := slices.IndexFunc(s.records, func(x trace.Record) bool { return x.Seq == r.Seq })
		j = s.next(k, func(x *trace.Record) bool {
			return strings.HasPrefix(x.Line, f[0]+" PRIVMSG "+f[2]+" ") && x.Line != r.Line
		})
		return j > 0 && s.records[j].Mono-r.Mono < 15*time.Second
	})
	return i, j
}

// planted are faults of a new network, each with the class of the one group that it must be found in.
var planted = []struct {
	name  string
	class compare.Class
	plant func(s *stream)
}{
	{"a lost message", compare.ClassMissing, func(s *stream) { s.drop(s.verb("PRIVMSG")) }},
	{"a lost notice", compare.ClassMissing, func(s *stream) { s.drop(s.verb("NOTICE")) }},
	{"a lost join", compare.ClassMissing, func(s *stream) { s.drop(s.verb("JOIN")) }},
	{"a lost part", compare.ClassMissing, func(s *stream) { s.drop(s.verb("PART")) }},
	{"a lost quit", compare.ClassMissing, func(s *stream) { s.drop(s.verb("QUIT")) }},
	{"a lost kick", compare.ClassMissing, func(s *stream) { s.drop(s.verb("KICK")) }},
	{"a lost nick", compare.ClassMissing, func(s *stream) { s.drop(s.verb("NICK")) }},
	{"a lost topic", compare.ClassMissing, func(s *stream) { s.drop(s.verb("TOPIC")) }},
	{"a lost status", compare.ClassMissing, func(s *stream) { s.drop(s.single("+o", "+v", "-o", "-v")) }},
	{"a lost ban", compare.ClassMissing, func(s *stream) { s.drop(s.anyMode("bqeI")) }},
	{"a lost flag", compare.ClassMissing, func(s *stream) { s.drop(s.anyMode("imspcCgzQrT")) }},
	{"a lost message to operators", compare.ClassMissing, func(s *stream) { s.drop(s.statusMessage()) }},
	{"a doubled message", compare.ClassDuplicate, func(s *stream) { i := s.verb("PRIVMSG"); s.insert(i, s.records[i]) }},
	{"a doubled join", compare.ClassDuplicate, func(s *stream) { i := s.verb("JOIN"); s.insert(i, s.records[i]) }},
	{"a message to one who is not there", compare.ClassLeak, func(s *stream) { s.leak(s.verb("PRIVMSG")) }},
	{"a quit to one who shares no channel", compare.ClassLeak, func(s *stream) { s.leak(s.verb("QUIT")) }},
	{"a join to one who is not there", compare.ClassLeak, func(s *stream) { s.leak(s.verb("JOIN")) }},
	{"a topic to one who is not there", compare.ClassLeak, func(s *stream) { s.leak(s.verb("TOPIC")) }},
	{"a message to operators to another member", compare.ClassLeak, func(s *stream) { s.leak(s.statusMessage()) }},
	{"a message to a session that nobody has", compare.ClassLeak, func(s *stream) {
		s.edit(s.verb("PRIVMSG"), func(r *trace.Record) { r.To = append(r.To, 1<<40) })
	}},
	{"a message to its sender", compare.ClassLeak, func(s *stream) {
		i := s.find(func(f []string, r *trace.Record) bool {
			return f[1] == "PRIVMSG" && s.m.nicks[strings.ToLower(nickOf(r.Line))] != nil && s.keeps(s.m.nicks[strings.ToLower(nickOf(r.Line))])
		})
		s.edit(i, func(r *trace.Record) {
			r.To = append(r.To, s.m.nicks[strings.ToLower(nickOf(r.Line))].session)
			slices.Sort(r.To)
		})
	}},
	{"a message that one does not get", compare.ClassLoss, func(s *stream) { s.lose(s.verb("PRIVMSG")) }},
	{"a join that one does not get", compare.ClassLoss, func(s *stream) { s.lose(s.verb("JOIN")) }},
	{"a kick that one does not get", compare.ClassLoss, func(s *stream) { s.lose(s.verb("KICK")) }},
	{"a nick that one does not get", compare.ClassLoss, func(s *stream) { s.lose(s.verb("NICK")) }},
	{"a quit that one does not get", compare.ClassLoss, func(s *stream) { s.lose(s.verb("QUIT")) }},
	{"another text", compare.ClassChanged, func(s *stream) { s.flip(s.verb("PRIVMSG")) }},
	{"another topic", compare.ClassChanged, func(s *stream) { s.flip(s.verb("TOPIC")) }},
	{"another reason of a kick", compare.ClassChanged, func(s *stream) { s.flip(s.verb("KICK")) }},
	{"another reason of a part", compare.ClassChanged, func(s *stream) {
		s.flip(s.find(func(f []string, r *trace.Record) bool { return f[1] == "PART" && f[len(f)-1] != ":" }))
	}},
	{"another nick", compare.ClassChanged, func(s *stream) {
		s.edit(s.verb("NICK"), func(r *trace.Record) { r.Line += "_x" })
	}},
	{"a message as another's", compare.ClassSource, func(s *stream) { s.impersonate(s.verb("PRIVMSG")) }},
	{"a message of nobody we know", compare.ClassSource, func(s *stream) { s.word(s.verb("PRIVMSG"), 0, ":nobody!n@n") }},
	{"a topic set by another", compare.ClassSource, func(s *stream) { s.impersonate(s.verb("TOPIC")) }},
	{"a mode set by another", compare.ClassSource, func(s *stream) { s.impersonate(s.anyMode("bqeIimspcCgzQrT")) }},
	{"a kick by another", compare.ClassSource, func(s *stream) { s.impersonate(s.verb("KICK")) }},
	{"a message in another channel", compare.ClassTarget, func(s *stream) {
		i := s.verb("PRIVMSG")
		s.word(i, 2, "#elsewhere")
	}},
	{"a message after a later one of the same", compare.ClassIntra, func(s *stream) { s.moveAfter(s.pairOf()) }},
	{"a message after its sender was kicked", compare.ClassCausal, func(s *stream) { s.causal() }},
	{"a message that comes too late", compare.ClassLate, func(s *stream) {
		i := s.find(func(f []string, r *trace.Record) bool {
			g := s.m.nicks[strings.ToLower(nickOf(r.Line))]
			return f[1] == "PRIVMSG" && len(r.To) > 2 && g != nil && strings.HasPrefix(f[0], ":"+g.mask()) && s.keeps(g)
		})
		r := s.records[i]
		s.drop(i)
		r.Mono = s.records[len(s.records)-1].Mono + 30*time.Second
		s.records = append(s.records, r)
	}},
	{"a message nobody sent", compare.ClassExtra, func(s *stream) {
		i := s.verb("PRIVMSG")
		r := s.records[i]
		r.Line = strings.Join(strings.Split(r.Line, " ")[:3], " ") + " :nobody said this"
		s.insert(i, r)
	}},
	{"no end of a list of names", compare.ClassNumeric, func(s *stream) { s.drop(s.numeric("366")) }},
	{"no topic for who joins", compare.ClassNumeric, func(s *stream) { s.drop(s.numeric("332")) }},
	{"a name too few", compare.ClassNumeric, func(s *stream) {
		i := s.find(func(f []string, r *trace.Record) bool { return f[1] == "353" && len(f) > 7 })
		s.edit(i, func(r *trace.Record) { r.Line = r.Line[:strings.LastIndexByte(r.Line, ' ')] })
	}},
	{"a status that is not one", compare.ClassNumeric, func(s *stream) {
		i := s.find(func(f []string, r *trace.Record) bool { return f[1] == "353" && !strings.HasPrefix(f[5], ":@") })
		s.edit(i, func(r *trace.Record) {
			r.Line = strings.Replace(r.Line, " :", " :@", 1)
			r.Line = strings.Replace(r.Line, ":@+", ":@", 1)
		})
	}},
	{"a message refused", compare.ClassMissing, func(s *stream) {
		s.edit(s.verb("PRIVMSG"), func(r *trace.Record) {
			r.Line = fmt.Sprintf(":robust.example.net 404 %s #x :Cannot send to channel", nickOf(r.Line))
			r.To = r.To[:1]
		})
	}},
	{"a nick refused and nothing else", compare.ClassRefused, func(s *stream) {
		i := s.verb("PRIVMSG")
		r := s.records[i]
		r.Line = ":robust.example.net 437 x #x :Nick/channel is temporarily unavailable"
		r.To = r.To[:1]
		s.insert(i, r)
	}},
	{"a join that its rules refused and an effect repaired", compare.ClassRepaired, func(s *stream) {
		i := s.verb("JOIN")
		no, fixed := s.records[i], s.records[i]
		no.Line, no.To = ":robust.example.net 473 x "+strings.Split(no.Line, " ")[2]+" :Cannot join channel (+i)", no.To[:1]
		fixed.Line, fixed.To = ":robust.example.net REPAIRED 00AAAAAAA JOIN "+strings.Split(fixed.Line, " ")[2]+" :joined", []uint64{1}
		// As the new network does: first the refusal, then the effect.
		joined := s.records[i]
		s.records[i] = no
		s.insert(i, joined)
		s.insert(i+1, fixed)
		s.records = slices.DeleteFunc(s.records, func(r trace.Record) bool {
			return r.Kind == trace.KindOutput && r.ID == joined.ID && strings.Contains(r.Line, " 3") && strings.HasPrefix(r.Line, ":robust.example.net 3")
		})
	}},
	{"another host", compare.ClassHost, func(s *stream) {
		i := s.find(func(f []string, r *trace.Record) bool { return f[1] == "PRIVMSG" })
		nick := nickOf(s.records[i].Line)
		for j := i; j < len(s.records); j++ {
			if r := &s.records[j]; r.Kind == trace.KindOutput && strings.HasPrefix(r.Line, ":"+nick+"!") {
				s.word(j, 0, prefixOf(r.Line)+".other")
			}
		}
	}},
	{"a flag with another letter", compare.ClassChanged, func(s *stream) {
		i := s.anyMode("imspcCgzQrT")
		s.edit(i, func(r *trace.Record) {
			f := strings.Split(r.Line, " ")
			f[3] = f[3][:1] + "u"
			r.Line = strings.Join(f, " ")
		})
	}},
}

func nickOf(line string) string {
	nick, _, _ := strings.Cut(strings.TrimPrefix(line, ":"), "!")
	return nick
}

func (s *stream) numeric(code string) int {
	return s.find(func(f []string, r *trace.Record) bool { return f[1] == code })
}

func (s *stream) statusMessage() int {
	return s.find(func(f []string, r *trace.Record) bool {
		return f[1] == "PRIVMSG" && strings.HasPrefix(f[2], "@#") && len(r.To) > 0
	})
}

func (s *stream) leak(i int) {
	g := s.stranger(&s.records[i])
	s.edit(i, func(r *trace.Record) {
		r.To = append(r.To, g.session)
		slices.Sort(r.To)
	})
}

func (s *stream) lose(i int) { s.edit(i, func(r *trace.Record) { r.To = r.To[1:] }) }

func (s *stream) flip(i int) {
	s.edit(i, func(r *trace.Record) { r.Line = r.Line[:len(r.Line)-1] + "~" })
}

func (s *stream) impersonate(i int) {
	g := s.stranger(&trace.Record{Line: s.records[i].Line})
	s.word(i, 0, ":"+g.mask())
}

// causal shows the kick of somebody before a message that he sent before it.
func (s *stream) causal() {
	for i := len(s.records) / 4; i < len(s.records); i++ {
		f := strings.Split(s.records[i].Line, " ")
		if s.records[i].Kind != trace.KindOutput || f[1] != "KICK" {
			continue
		}
		for j := i - 1; j > len(s.records)/8 && s.records[i].Mono-s.records[j].Mono < 20*time.Second; j-- {
			if r := &s.records[j]; r.Kind == trace.KindOutput && strings.HasPrefix(r.Line, ":"+f[3]+"!") && strings.Contains(r.Line, " PRIVMSG "+f[2]+" ") {
				s.moveAfter(j, i)
				return
			}
		}
	}
	s.t.Fatal("nobody was kicked after a message")
}

// TestPlantedFaults holds that each fault is found, and in exactly one group.
func TestPlantedFaults(t *testing.T) {
	cfg := small(fakenet.TS6, 5)
	cfg.Rate, cfg.Users = 60, 50
	m := newMirror(t, cfg)
	m.run(15)
	m.toOperators()
	m.run(13)
	o := options()
	o.SampleOutputs, o.KeepLines = -1, 6000
	o.Gates.UpperPPB = 1
	o.Window = 20 * time.Second
	for _, f := range planted {
		t.Run(f.name, func(t *testing.T) {
			s := &stream{t: t, records: slices.Clone(m.records), m: m}
			f.plant(s)
			e := engine(t, o)
			for i := range s.records {
				e.Add(&s.records[i])
			}
			r := e.Result()
			if len(r.Groups) != 1 || r.Groups[0].Class != f.class || r.Verdict.Word != compare.NoGo {
				t.Errorf("want one group of class %s\n%s", f.class, explain(r))
			}
		})
	}
	if len(planted) < 30 {
		t.Errorf("%d faults, want 30", len(planted))
	}
}
