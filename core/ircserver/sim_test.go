package ircserver

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unsafe"

	"robustirc/core/scenario"
)

var (
	simSeeds = flag.Uint64("sim.seeds", 60, "how many seeds TestSimulation runs")
	simSeed  = flag.Uint64("sim.seed", 0, "the one seed that TestSimulation runs")
)

// TestSimulation lets random clients, operators and services loose on two replicas, one of which is saved and loaded at
// random, and wants them to agree and to keep the invariants. A failure prints its seed and the shortest scenario found
// that still fails.
func TestSimulation(t *testing.T) {
	first, last := uint64(1), *simSeeds
	if *simSeed != 0 {
		first, last = *simSeed, *simSeed
	}
	for seed := first; seed <= last; seed++ {
		log := newGenerator(seed).log(400)
		if err := runSimulation(seed, log); err != nil {
			log = shrink(seed, log)
			t.Fatalf("go test -run TestSimulation -sim.seed %d: %v\nthe shortest scenario that fails (%v):\n%s", seed, err, runSimulation(seed, log), showLog(log))
		}
	}
}

// runSimulation applies a log to two replicas and says how it failed.
func runSimulation(seed uint64, log []Input) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	rng := rand.New(rand.NewPCG(seed, 2))
	a, b := New(simConfig()), New(simConfig())
	for i := range log {
		if rng.IntN(20) == 0 {
			if b, err = Restore(b.AppendSnapshot(nil)); err != nil {
				return fmt.Errorf("before input %d: %w", i+1, err)
			}
		}
		outs := a.Apply(&log[i])
		if err := sameOutputs(outs, applyAndScribble(b, log[i])); err != nil || a.Chain() != b.Chain() {
			return fmt.Errorf("input %d: the replicas' outputs differ: %w", i+1, err)
		}
		if rng.IntN(10) != 0 && i != len(log)-1 {
			continue
		}
		if a.Digest() != b.Digest() {
			return fmt.Errorf("input %d: the replicas' states differ", i+1)
		}
		var broken recorder
		checkInvariants(&broken, a)
		if broken.failures != nil {
			return fmt.Errorf("input %d: %w", i+1, errors.Join(broken.failures...))
		}
	}
	return nil
}

// applyAndScribble applies an input whose strings are overwritten afterwards: state and outputs must own theirs, or
// every one of them would keep a whole batch in memory.
func applyAndScribble(s *Server, in Input) []Output {
	var scribbled [][]byte
	for _, v := range []*string{&in.Text, &in.Remote, &in.Cookie, &in.Granted} {
		if b := []byte(*v); len(b) > 0 {
			*v = unsafe.String(&b[0], len(b))
			scribbled = append(scribbled, b)
		}
	}
	outs := s.Apply(&in)
	for _, b := range scribbled {
		for i := range b {
			b[i] = 'X'
		}
	}
	return outs
}

func sameOutputs(a, b []Output) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d", len(a), len(b))
	}
	for i := range a {
		if a[i].Cause != b[i].Cause || a[i].Line != b[i].Line || a[i].Account != b[i].Account || a[i].ID != b[i].ID || a[i].Final != b[i].Final {
			return fmt.Errorf("%+v\n%+v", a[i], b[i])
		}
	}
	return nil
}

// recorder is the part of testing.TB that checkInvariants uses.
type recorder struct {
	testing.TB
	failures []error
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Errorf(format, args...))
}

// shrink takes out of a failing log what it fails without: inputs become ticks, so that the numbers of the others stay.
func shrink(seed uint64, log []Input) []Input {
	log = append([]Input(nil), log...)
	for size := len(log) / 2; size > 0; size /= 2 {
		for at := 0; at < len(log); at += size {
			less := append([]Input(nil), log...)
			for i := at; i < min(at+size, len(log)); i++ {
				less[i] = Input{Kind: KindTick}
			}
			if runSimulation(seed, less) != nil {
				log = less
			}
		}
	}
	return log
}

// showLog writes a log as a scenario, to be kept in testdata once it passes. Ticks that stand for what was taken out are
// left out.
func showLog(log []Input) string {
	var b strings.Builder
	b.WriteString("config Class=all:* Operator=admin:all Gateway=canary Gateway=other MOTD=hello ChannelsPerUser=5 ListEntries=3\n")
	now := scenarioStart
	for i, in := range log {
		if in.Kind == KindTick && in.Time == 0 {
			continue
		}
		if in.Time != now {
			fmt.Fprintf(&b, "clock %+v\n", time.Duration(in.Time-now))
			now = in.Time
		}
		b.WriteString(showInput(i, in) + "\n")
	}
	return b.String()
}

// showInput writes an input as a step; sessions have the number of the input that created them as their name.
func showInput(i int, in Input) string {
	name := fmt.Sprintf("s%d", in.Session)
	switch in.Kind {
	case KindCreate:
		return strings.TrimSuffix(fmt.Sprintf("connect s%d remote=%s cookie=%s", i+1, in.Remote, in.Cookie), " cookie=")
	case KindDelete:
		return "delete " + name + " :" + in.Text
	case KindTick:
		return "tick"
	case KindDead:
		return "die " + name + " " + in.Text
	case KindLine:
		if in.Granted != "" {
			claim := ":services=x"
			if gateway, ok := strings.CutPrefix(in.Granted, grantGateway); ok {
				claim = ":gateway=" + gateway
			}
			return "grant " + name + " " + strings.ReplaceAll(in.Text, ":*", claim)
		}
		return name + "> " + in.Text
	}
	return fmt.Sprintf("# input of kind %d: %.40q", in.Kind, in.Text)
}

func simConfig() Config {
	c := DefaultConfig()
	c.Classes = []OperClass{{Name: "all", Privileges: []string{"*"}}}
	c.Operators = []Operator{{Name: "admin", Class: "all"}}
	c.Gateways = []Gateway{{Name: "canary"}, {Name: "other"}}
	c.MOTD = []string{"hello"}
	c.Limits.ChannelsPerUser, c.Limits.ListEntries = 5, 3
	return c
}

// generator makes random logs. What it draws depends on the seed only, not on what the machine answers.
type generator struct {
	*rand.Rand
	now      int64
	inputs   InputID
	sessions []SessionID
	services SessionID
	gateway  SessionID
	gwLines  uint64
	cfg      Config
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 1)), now: scenarioStart, cfg: simConfig()}
}

func (g *generator) log(n int) []Input {
	var log []Input
	add := func(in Input) {
		in.Time = g.now
		g.inputs++
		log = append(log, in)
	}
	for len(log) < n {
		g.pass()
		g.step(add)
	}
	return log
}

// pass lets time pass, mostly little, and sometimes backwards.
func (g *generator) pass() {
	switch g.IntN(150) {
	case 0:
		g.now += int64(g.IntN(300)) * int64(time.Second)
	case 1:
		g.now -= int64(time.Hour)
	case 2:
		g.now += int64(time.Hour) - int64(time.Second)
	default:
		g.now += int64(g.IntN(1000)) * int64(time.Millisecond)
	}
}

// step adds what happens next.
func (g *generator) step(add func(Input)) {
	switch r := g.IntN(100); {
	case r < 8 || len(g.sessions) == 0:
		g.join(add)
	case r < 9:
		add(Input{Kind: KindTick})
	case r < 10:
		if g.IntN(3) == 0 {
			add(Input{Kind: KindDelete, Session: g.session(), Text: g.text()})
		}
	case r < 11:
		g.changeConfig(add)
	case r < 12:
		if g.IntN(5) == 0 {
			add(Input{Kind: KindDead, Session: g.session()})
		}
	case r < 13:
		add(Input{Kind: KindMembers, Text: "n1 192.0.2.1:443\nn2 192.0.2.2:443"})
	case r < 14:
		g.startServices(add)
	case r < 15:
		g.startGateway(add)
	case r < 30 && g.gateway != 0:
		g.gatewayInput(add)
	case r < 36 && g.services != 0:
		add(Input{Kind: KindLine, Session: g.services, Text: g.serviceLine()})
	case r < 39:
		add(Input{Kind: KindLine, Session: g.session(), Text: "OPER admin *", Granted: "admin"})
	default:
		add(Input{Kind: KindLine, Session: g.session(), ClientMsgID: uint64(g.IntN(500)), Text: g.line(), Remote: g.pick("", "", "", "192.0.2.7", "2001:db8::2")})
	}
}

// join adds a session that registers, most times.
func (g *generator) join(add func(Input)) {
	cookie := g.pick("", "", "", "c00kie")
	add(Input{Kind: KindCreate, Remote: g.pick("192.0.2.1", "2001:db8::1", "::1"), Cookie: cookie, TLS: g.IntN(2) == 0})
	id := SessionID(g.inputs)
	g.sessions = append(g.sessions, id)
	add(Input{Kind: KindLine, Session: id, Text: "NICK " + g.nick()})
	add(Input{Kind: KindLine, Session: id, Text: "NICK " + g.nick()})
	add(Input{Kind: KindLine, Session: id, Text: "USER " + g.nick() + " 0 * :" + g.text()})
	if cookie != "" && g.IntN(3) > 0 {
		add(Input{Kind: KindLine, Session: id, Text: "PONG " + cookie})
	}
	if g.IntN(4) > 0 {
		add(Input{Kind: KindLine, Session: id, Text: "JOIN " + g.channel()})
	}
}

func (g *generator) startServices(add func(Input)) {
	add(Input{Kind: KindCreate, Remote: "192.0.2.9"})
	g.services = SessionID(g.inputs)
	add(Input{Kind: KindLine, Session: g.services, Text: "PASS :*", Granted: "services"})
	add(Input{Kind: KindLine, Session: g.services, Text: "SERVER " + g.pick("services.test", "stats.test") + " 1 :Services"})
	for range g.IntN(4) {
		add(Input{Kind: KindLine, Session: g.services, Text: g.serviceLine()})
	}
}

func (g *generator) changeConfig(add func(Input)) {
	c := &g.cfg
	c.Revision++ // the machine takes the next revision only
	c.Owner, c.Admin, c.Halfop = g.IntN(2) == 0, g.IntN(2) == 0, g.IntN(2) == 0
	c.MaxSessions, c.MaxChannels = g.IntN(2)*20, g.IntN(2)*5
	c.Banned = nil
	if g.IntN(4) == 0 {
		c.Banned = []NamedValue{{"2001:db8::/64", "simulated"}}
	}
	text := EncodeConfig(c)
	if g.IntN(10) == 0 {
		text = text[:g.IntN(len(text))]
		c.Revision--
	}
	add(Input{Kind: KindConfig, Text: text})
}

// session is one of the latest dozen, most of which will still be there.
func (g *generator) session() SessionID {
	return g.sessions[len(g.sessions)-1-g.IntN(min(len(g.sessions), 12))]
}

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) nick() string {
	return g.pick("a", "B", "b", "c[", "C{", "dave", "erin", "NickServ", "ChanServ", "9", "f", "g", "h", "i", "j", "k", "l", "m", "n")
}

func (g *generator) channel() string { return g.pick("#a", "#A", "#b", "#c[", "#d", "#e") }

func (g *generator) text() string {
	return g.pick("", "x", "hello world", "\x01ACTION waves\x01", "\x01VERSION\x01", "\x0304red", strings.Repeat("long ", 90), "ä\xff€", ":")
}

func (g *generator) mask() string {
	return g.pick("*!*@*", "a!*@*", "b", "*@192.0.2.*", "~account:a", "$a", "$~a", "~quiet:*!*@*", "~q:b", "$r:*x*", "~channel:#b", "robust/0x1", "*!*@robust/0x5", "*@2001:db8::/32", "#b", "**?")
}

// serviceLine is a line of the services link or of one of its pseudo-clients.
func (g *generator) serviceLine() string {
	source := g.pick("", "", ":NickServ ", ":ChanServ ", ":nobody ")
	if g.IntN(4) == 0 {
		n := g.pick("NickServ", "ChanServ", "b")
		return "NICK " + n + " 1 1 service services.test services.test 0 +oi :A service"
	}
	row := linkTable[g.IntN(len(linkTable))]
	if row.name == "QUIT" && source == "" || row.name == "SQUIT" {
		source = ":NickServ "
	}
	return source + g.fromSyntax(row.name, row.syntax)
}

var (
	syntaxOptional = regexp.MustCompile(`\[[^][]*\]`)
	syntaxMore     = regexp.MustCompile(`\{[^{}]*\}`)
	syntaxWord     = regexp.MustCompile(`<[^>]*>`)
)

// fromSyntax is a line as the table describes it, with or without its optional parts, and at times with anything behind
// the command.
func (g *generator) fromSyntax(name, syntax string) string {
	if g.IntN(3) == 0 {
		return name + g.params()
	}
	forms := strings.Split(syntax, " | ")
	line := forms[g.IntN(len(forms))]
	if !strings.HasPrefix(line, name) {
		line = name + " " + line
	}
	keep := func(s string) string { return g.pick("", s[1:len(s)-1]) }
	for range 3 { // they are nested
		line = syntaxOptional.ReplaceAllStringFunc(line, keep)
		line = syntaxMore.ReplaceAllStringFunc(line, keep)
	}
	return syntaxWord.ReplaceAllStringFunc(line, g.word)
}

// word is what may stand for <this> in a syntax.
func (g *generator) word(what string) string {
	for _, w := range []struct {
		part string
		draw func() string
	}{
		{"channel", g.channel}, {"nick", g.nick}, {"mask", g.mask}, {"host", g.mask}, {"modes", g.modeWord}, {"target", g.channel},
		{"duration", func() string { return g.pick("10s", "1h", "0", "x") }}, {"letter", func() string { return g.pick("u", "o", "g", "k", "m", "c", "d", "?") }},
		{"filter", func() string { return g.pick(">0", "<5", "C<10", "T>1", "*b*", "#a") }}, {"seconds", func() string { return g.pick("60", "0", "-1") }},
		{"command", func() string { return table[g.IntN(len(table))].name }}, {"key", func() string { return "key" }}, {"caps", func() string { return "multi-prefix -userhost-in-names" }},
	} {
		if strings.Contains(what, w.part) {
			return w.draw()
		}
	}
	return g.text()
}

// line is a line of a client: any command of the table, those that change the most more often.
func (g *generator) line() string {
	switch g.IntN(12) {
	case 0, 1:
		return "JOIN " + g.channel() + g.pick("", ","+g.channel(), " key")
	case 2, 3:
		return "MODE " + g.channel() + " " + g.modes()
	case 4:
		return g.pick("PRIVMSG ", "NOTICE ") + g.pick("", "@", "+") + g.channel() + " :" + g.text()
	case 5:
		return g.pick("PRIVMSG ", "NICK ", "WHOIS ", "INVITE ") + g.nick() + g.params()
	case 6:
		return "PART " + g.channel()
	case 7:
		return g.pick("KICK ", "TOPIC ", "KNOCK ", "NAMES ", "INVITE "+g.nick()+" ") + g.channel() + " " + g.nick() + " :" + g.text()
	}
	row := table[g.IntN(len(table))]
	switch row.name { // what would leave nobody to go on with, seldom
	case "QUIT", "KILL":
		row = *rowOf(g.pick(row.name, "ACCEPT", "KNOCK", "INVITE"))
	case "GLINE", "KLINE":
		row = *rowOf(g.pick(row.name, "UNGLINE", "STATS", "LIST", "SILENCE", "AWAY", "KNOCK", "INVITE"))
	}
	return g.fromSyntax(row.name, row.syntax)
}

func rowOf(name string) *commandRow { return &commands[name].commandRow }

func (g *generator) modes() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(g.pick("+", "-", "") + g.pick("q", "a", "o", "h", "v", "b", "e", "I", "k", "f", "j", "l", "i", "m", "n", "s", "p", "t", "P", "u", "N", "K", "R", "M", "S", "c", "C", "T", "r", "D", "g", "x", "w"))
	}
	return b.String() + g.params()
}

// params are up to four random parameters, the last one trailing at times.
func (g *generator) params() string {
	var b strings.Builder
	for range g.IntN(5) {
		b.WriteString(" " + g.pick(g.nick(), g.channel(), g.mask(), g.modeWord(), g.pick("0", "1", "2:10", "-1", "99999999999999999999", "key", "$*", "+acct", "10m", "-force", "a,b,c[", "#a,#b", "*", "multi-prefix", "LS", "REQ", "END")))
	}
	if g.IntN(2) == 0 {
		b.WriteString(" :" + g.text())
	}
	return b.String()
}

func (g *generator) modeWord() string {
	return g.pick("+i", "-x", "+oD", "+r", "+g", "-i+w", "+b", "-o")
}

// FuzzApply lets the fuzzer choose seed and length, and one line of its own.
func FuzzApply(f *testing.F) {
	f.Add(uint64(1), uint16(100), "MODE #a +b-b x")
	for _, row := range table {
		f.Add(uint64(2), uint16(60), row.name+" a #a :b")
	}
	for _, row := range gatewayTable {
		f.Add(uint64(4), uint16(150), row.name+" 0AA #a * * 1 1 :b")
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, line string) {
		g := newGenerator(seed)
		log := g.log(int(n % 200))
		if g.gateway != 0 {
			log = append(log, Input{Kind: KindLine, Session: g.gateway, Text: line, Time: g.now})
		}
		if len(g.sessions) > 0 {
			log = append(log, Input{Kind: KindLine, Session: g.session(), Text: line, Time: g.now, Granted: "admin"}, Input{Kind: KindTick, Time: g.now})
		}
		if err := runSimulation(seed, log); err != nil {
			t.Fatalf("%v\n%s", err, showLog(log))
		}
	})
}

// TestShrink wants the shrinker to find the one line that matters, and to write a scenario that can be run.
func TestShrink(t *testing.T) {
	log := newGenerator(3).log(100)
	id := SessionID(len(log) + 1)
	c := simConfig()
	c.TestCommands, c.Revision = true, 1
	log = append(log, Input{Kind: KindCreate}, Input{Kind: KindLine, Session: id, Text: "NICK z"}, Input{Kind: KindLine, Session: id, Text: "USER z 0 * :z"},
		Input{Kind: KindLine, Session: id, Text: "PANIC"})
	log = append([]Input{{Kind: KindConfig, Text: EncodeConfig(&c)}}, log...)
	for i := range log[1:] { // everything is one input later now
		if in := &log[i+1]; in.Session != 0 {
			in.Session++
		}
	}
	if runSimulation(1, log) == nil {
		t.Fatal("PANIC passes")
	}
	text := showLog(shrink(1, log))
	if steps := strings.Count(text, "\n"); steps > 7 {
		t.Errorf("%d lines are left:\n%s", steps, text)
	}
	s, err := scenario.Parse("shrunk", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(newBare(t)); err != nil {
		t.Error(err)
	}
}
