package ircserver

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robustirc/core/scenario"
)

var update = flag.Bool("update", false, "rewrite the golden scenarios and generated documents")

func scenarioFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	return files
}

func TestScenarios(t *testing.T) {
	for _, path := range scenarioFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			bare := newBare(t)
			scenario.Check(t, path, bare, *update)
			checkReplay(t, scenarioConfig(), bare.log)
		})
	}
}

// scenarioStart is the time at which every scenario begins: 2026-01-01 00:00:00 UTC.
const scenarioStart = 1767225600 * int64(time.Second)

// bare is the lowest of the heights: the machine alone.
type bare struct {
	t     *testing.T
	s     *Server
	now   int64
	names map[SessionID]string
	ids   map[string]SessionID
	cfg   Config
	log   []Input // all that was applied
}

func newBare(t *testing.T) *bare {
	cfg := scenarioConfig()
	return &bare{t: t, s: New(cfg), now: scenarioStart, names: map[SessionID]string{}, ids: map[string]SessionID{}, cfg: cfg}
}

func scenarioConfig() Config { return DefaultConfig() }

// Do makes a step happen.
func (b *bare) Do(st scenario.Step) (scenario.Result, error) {
	do, ok := bareVerbs[st.Verb]
	if !ok {
		return scenario.Result{}, fmt.Errorf("unknown verb %q", st.Verb)
	}
	return do(b, st)
}

var bareVerbs map[string]func(*bare, scenario.Step) (scenario.Result, error)

func init() { // not an initialiser: the verbs use Do
	bareVerbs = map[string]func(*bare, scenario.Step) (scenario.Result, error){
		"line": (*bare).line, "connect": (*bare).connect, "register": (*bare).register, "delete": (*bare).delete,
		"send": (*bare).send, "grant": (*bare).grant, "die": (*bare).die, "clock": (*bare).clock, "tick": (*bare).tick,
		"config": (*bare).config, "members": (*bare).members, "restart": (*bare).restart, "state": (*bare).state,
		"digest": (*bare).digest,
	}
}

// apply applies one input and names what came out.
func (b *bare) apply(in Input) (scenario.Result, error) {
	in.Time = b.now
	outs := b.survive(in)
	checkInvariants(b.t, b.s)
	checkModeInvariants(b.t, b.s)
	for id, u := range b.s.sessions {
		if u.isGuest() {
			b.names[id], b.ids[u.uid] = u.uid, id
		}
	}
	var r scenario.Result
	for _, o := range outs {
		out := scenario.Output{ID: fmt.Sprintf("%d.%d", o.ID.Input, o.ID.Reply), Final: o.Final, Line: o.Line}
		for to := range o.To.All {
			out.To = append(out.To, b.names[to.Session])
		}
		r.Outputs = append(r.Outputs, out)
	}
	return r, nil
}

// survive does what a node does with a message of death, but only for the one that tests send on purpose: the machine
// is made anew from the log, and the input is replaced.
func (b *bare) survive(in Input) (outs []Output) {
	defer func() {
		if p := recover(); p != nil {
			if in.Text != "PANIC" {
				panic(p)
			}
			b.s = New(scenarioConfig())
			for i := range b.log {
				b.s.Apply(&b.log[i])
			}
			in.Kind = KindDead
			outs = b.survive(in)
		}
	}()
	outs = b.s.Apply(&in)
	b.log = append(b.log, in)
	return outs
}

func (b *bare) session(name string) (SessionID, error) {
	id, ok := b.ids[name]
	if !ok {
		return 0, fmt.Errorf("no client %q", name)
	}
	return id, nil
}

// options splits key=value words (and bare words) from the rest.
func options(args []string) (opts map[string]string, rest []string) {
	opts = map[string]string{}
	for _, a := range args {
		k, v, ok := strings.Cut(a, "=")
		switch {
		case ok:
			opts[k] = v
		case a == "tls" || a == "verbose":
			opts[a] = "yes"
		default:
			rest = append(rest, a)
		}
	}
	return opts, rest
}

func (b *bare) connect(st scenario.Step) (scenario.Result, error) {
	if st.Client == "" {
		return scenario.Result{}, fmt.Errorf("connect needs a name")
	}
	opts, _ := options(st.Args[1:])
	in := Input{Kind: KindCreate, Remote: "192.0.2.1", Cookie: opts["cookie"], TLS: opts["tls"] != ""}
	if opts["remote"] != "" {
		in.Remote = opts["remote"]
	}
	id := SessionID(b.s.Inputs() + 1)
	b.names[id], b.ids[st.Client] = st.Client, id
	return b.apply(in)
}

// register connects, and sends NICK and USER.
func (b *bare) register(st scenario.Step) (scenario.Result, error) {
	r, err := b.connect(st)
	if err != nil {
		return r, err
	}
	opts, rest := options(st.Args)
	nick := rest[len(rest)-1]
	for _, line := range []string{"NICK " + nick, "USER " + st.Client + " 0 * :" + st.Client + " of the scenario"} {
		more, err := b.line(scenario.Step{Client: st.Client, Text: line})
		if err != nil {
			return r, err
		}
		r.Outputs = append(r.Outputs, more.Outputs...)
	}
	if opts["verbose"] == "" {
		return scenario.Result{Text: []string{"..."}}, nil
	}
	return r, nil
}

// line sends what a client types, as an edge does that finds no password right.
func (b *bare) line(st scenario.Step) (scenario.Result, error) {
	id, err := b.session(st.Client)
	if err != nil {
		return scenario.Result{}, err
	}
	text, _ := Claims(st.Text)
	return b.apply(Input{Kind: KindLine, Session: id, Text: text})
}

func (b *bare) send(st scenario.Step) (scenario.Result, error) {
	id, err := b.session(st.Client)
	if err != nil {
		return scenario.Result{}, err
	}
	opt, text, _ := strings.Cut(st.Text, " ")
	var msg uint64
	if _, err := fmt.Sscanf(opt, "id=%d", &msg); err != nil {
		return scenario.Result{}, fmt.Errorf("%q: want id=NUMBER", opt)
	}
	return b.apply(Input{Kind: KindLine, Session: id, ClientMsgID: msg, Text: text})
}

// grant sends a line all of whose claims hold.
func (b *bare) grant(st scenario.Step) (scenario.Result, error) {
	id, err := b.session(st.Client)
	if err != nil {
		return scenario.Result{}, err
	}
	text := st.Text
	if strings.HasPrefix(text, "OPER ") && strings.Count(text, " ") == 1 {
		text += " password"
	}
	text, claims := Claims(text)
	var names []string
	for _, c := range claims {
		if c.Name == grantGateway {
			c.Name += c.Password // a gateway's password is its name here
		}
		names = append(names, c.Name)
	}
	return b.apply(Input{Kind: KindLine, Session: id, Text: text, Granted: strings.Join(names, " ")})
}

func (b *bare) die(st scenario.Step) (scenario.Result, error) {
	id, err := b.session(st.Client)
	if err != nil {
		return scenario.Result{}, err
	}
	return b.apply(Input{Kind: KindDead, Session: id, Text: st.Text})
}

func (b *bare) delete(st scenario.Step) (scenario.Result, error) {
	id, err := b.session(st.Client)
	if err != nil {
		return scenario.Result{}, err
	}
	return b.apply(Input{Kind: KindDelete, Session: id, Text: strings.TrimPrefix(st.Text, ":")})
}

func (b *bare) clock(st scenario.Step) (scenario.Result, error) {
	d, err := time.ParseDuration(strings.TrimPrefix(st.Client, "+"))
	b.now += int64(d)
	return scenario.Result{}, err
}

func (b *bare) tick(scenario.Step) (scenario.Result, error) { return b.apply(Input{Kind: KindTick}) }

func (b *bare) digest(scenario.Step) (scenario.Result, error) {
	return b.apply(Input{Kind: KindDigest})
}

func (b *bare) members(st scenario.Step) (scenario.Result, error) {
	var lines []string
	for _, a := range st.Args {
		lines = append(lines, strings.ReplaceAll(a, "=", " "))
	}
	return b.apply(Input{Kind: KindMembers, Text: strings.Join(lines, "\n")})
}

// config changes the configuration: KEY=VALUE words.
func (b *bare) config(st scenario.Step) (scenario.Result, error) {
	for _, a := range st.Args {
		key, value, _ := strings.Cut(a, "=")
		if err := setConfigKey(&b.cfg, key, value); err != nil {
			return scenario.Result{}, err
		}
	}
	b.cfg.Revision++
	return b.apply(Input{Kind: KindConfig, Text: EncodeConfig(&b.cfg)})
}

func (b *bare) restart(scenario.Step) (scenario.Result, error) {
	s, err := Restore(b.s.AppendSnapshot(nil))
	if err == nil {
		b.s = s
	}
	return scenario.Result{}, err
}

func (b *bare) state(scenario.Step) (scenario.Result, error) {
	return scenario.Result{Text: dump(b.s)}, nil
}
