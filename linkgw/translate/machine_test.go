package translate_test

import (
	"fmt"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/core/ircserver"
	"robustirc/linkgw/translate"
)

// machine is the real thing: the replicated machine with a gateway's link.
type machine struct {
	t    testing.TB
	s    *ircserver.Server
	link ircserver.SessionID
	id   uint64
	now  int64
	// answered is called with each error numeric that one of the gateway's users gets, and the line that it is of.
	answered func(line string, m *irc.Message)
	repaired []string
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	cfg := ircserver.DefaultConfig()
	cfg.MachineVersion, cfg.Revision = 2, 1
	cfg.Gateways = []ircserver.Gateway{{Name: "canary", PasswordHash: "x"}}
	m := &machine{t: t, s: ircserver.New(cfg), now: 1700000000}
	m.attach()
	return m
}

// attach makes a link, in place of the one before.
func (m *machine) attach() (told []string) {
	m.apply(ircserver.Input{Kind: ircserver.KindCreate, Remote: "127.0.0.1"})
	m.link = ircserver.SessionID(m.s.Inputs())
	m.apply(ircserver.Input{Kind: ircserver.KindLine, Session: m.link, Text: "PASS :*", Granted: "gateway:canary"})
	return m.line("GATEWAY canary firehose")
}

func (m *machine) apply(in ircserver.Input) []ircserver.Output {
	in.Time = m.now * 1e9
	return m.s.Apply(&in)
}

// line does a line of the link, and returns what the link is told.
func (m *machine) line(text string) (told []string) {
	m.id++
	for _, o := range m.apply(ircserver.Input{Kind: ircserver.KindLine, Session: m.link, ClientMsgID: m.id | ircserver.SequentialID, Text: text}) {
		var msg irc.Message
		if err := msg.Parse(o.Line); err != nil {
			m.t.Fatalf("%s: %v", o.Line, err)
		}
		toLink := false
		for r := range o.To.All {
			toLink = toLink || r.Session == m.link
		}
		switch {
		case toLink:
			told = append(told, o.Line)
		case len(msg.Command) == 3 && msg.Command[0] == '4' && m.answered != nil:
			m.answered(text, &msg)
		}
	}
	return told
}

func (m *machine) post(line string, now int64) []string {
	m.now = max(m.now, now)
	told := m.line(line)
	for _, l := range told {
		if strings.Contains(l, " REPAIRED ") || strings.Contains(l, " REFUSED ") {
			m.repaired = append(m.repaired, line+" => "+l)
		}
	}
	return told
}

func (m *machine) state() []string {
	told := m.line("STATE t")
	if len(told) == 0 || !strings.Contains(told[len(told)-1], " READY ") {
		m.t.Fatalf("the state does not end: %q", told)
	}
	return told
}

// TestMachineFollowsSimulation is TestFollowsSimulation against the real machine: whatever the simulated network does, the
// machine has the same state, and where its rules refuse what that network allowed, the reason is known.
func TestMachineFollowsSimulation(t *testing.T) {
	for _, protocol := range protocols {
		for _, scenario := range []string{"mixed", "hostile", "splits"} {
			t.Run(fmt.Sprintf("%s/%s", protocol, scenario), func(t *testing.T) {
				m := newMachine(t)
				s := simulate(t, protocol, scenario, 7, 90, testConfig(), m)
				m.answered = func(line string, msg *irc.Message) {
					var cause irc.Message
					_ = cause.Parse(line)
					s.tr.Answered(cause.Source, cause.Command, msg.Command, strings.Join(msg.Params(), " "))
				}
				s.checkSettled("after the import")
				for round := range 8 {
					s.run(10, true)
					s.checkSettled(fmt.Sprintf("after %d s", 10*(round+1)))
				}
				s.post(s.tr.Changed("end", s.net.End(s.now, "cut")))
				s.run(20, false)
				s.burst()
				s.checkSettled("after a gap")
				for _, r := range m.repaired {
					if !explained(r) {
						t.Errorf("repaired: %s", r)
					}
				}
				t.Logf("%d operations, %d of them repaired", s.count, len(m.repaired))
			})
		}
	}
}

// explained reports whether a difference between the rules of the networks is known: those that are linked look at the rank of
// who changes modes once for a whole line, a RobustIRC network for each change. So who gives up a status first may not
// do there what follows on the line here.
func explained(repair string) bool {
	line, _, _ := strings.Cut(repair, " => ")
	var m irc.Message
	if err := m.Parse(line); err != nil || m.Command != "MODE" {
		return false
	}
	add, params := true, m.Params()[2:]
	for _, c := range []byte(m.Param(1)) {
		switch {
		case c == '+' || c == '-':
			add = c == '+'
		case strings.IndexByte("qaohvbeIk", c) >= 0 || add && strings.IndexByte("lfj", c) >= 0:
			if !add && strings.IndexByte("qaoh", c) >= 0 && params[0] == m.Source {
				return true
			}
			params = params[1:]
		}
	}
	return false
}

// TestMachineAfterRestart is TestRestart against the real machine, with another link in place of the one before: nothing
// is left to do but bans, and nicks that were tried before and are reserved.
func TestMachineAfterRestart(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			m := newMachine(t)
			s := simulate(t, protocol, "mixed", 13, 120, testConfig(), m)
			s.run(30, true)
			s.checkSettled("before")
			tr, err := translate.New(testConfig(), s.net)
			if err != nil {
				t.Fatal(err)
			}
			s.tr = tr
			for _, line := range m.attach() {
				if _, _, err := s.tr.Hear(line); err != nil {
					t.Fatal(err)
				}
			}
			s.posted = func(op translate.Op) {
				if op.Verb != "BAN" && !(op.Verb == "NICK" && strings.HasSuffix(op.Line, "Serv")) {
					t.Errorf("left to do after a restart: %s", op.Line)
				}
			}
			s.reconcile()
			s.checkSettled("after a restart")
			s.posted = nil
			s.run(20, true)
			s.checkSettled("at the end")
		})
	}
}

// FuzzMachine is FuzzLines against the real machine: whatever the peer says, the machine has what we think it has.
func FuzzMachine(f *testing.F) {
	addRecordings(f)
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		m := newMachine(t)
		p := fuzzed(t, which, text, m)
		if p.net.Peer() != nil {
			p.checkSettledBut("at the end")
		}
	})
}
