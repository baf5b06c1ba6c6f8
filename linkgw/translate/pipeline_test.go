package translate_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// target is a new network: a double, or the real machine.
type target interface {
	// post does a line at a time and returns what the link is told of it.
	post(line string, now int64) []string
	// state is what the network says it has.
	state() []string
}

// pipeline is a model and a translator, and the new network that does what comes out.
type pipeline struct {
	t      testing.TB
	net    *network.Network
	tr     *translate.Translator
	to     target
	now    int64
	posted func(translate.Op)
	count  int
}

func testConfig() translate.Config {
	return translate.Config{Services: []string{"services.example.net"}, OperClass: "admin", Bans: true}
}

func newPipeline(t testing.TB, net *network.Network, cfg translate.Config, to target) *pipeline {
	t.Helper()
	tr, err := translate.New(cfg, net)
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline{t: t, net: net, tr: tr, to: to}
	p.load()
	return p
}

// load lets the translator hear what the network has.
func (p *pipeline) load() (drift []string) {
	for _, line := range p.to.state() {
		f, ops, err := p.tr.Hear(line)
		if err != nil || len(ops) > 0 {
			p.t.Fatalf("%s: %v %v", line, err, ops)
		}
		drift = append(drift, f.Drift...)
	}
	return drift
}

// post posts operations and lets the translator hear the answers.
func (p *pipeline) post(ops []translate.Op) {
	for _, op := range slices.Clone(ops) {
		p.count++
		checkOp(p.t, p.tr, op)
		if p.posted != nil {
			p.posted(op)
		}
		for _, told := range p.to.post(op.Line, p.now) {
			_, more, err := p.tr.Hear(told)
			if err != nil {
				p.t.Fatalf("%s: %v", told, err)
			}
			p.post(more)
		}
	}
}

// apply lets the peer say something.
func (p *pipeline) apply(command string, e s2s.Event) {
	changes := p.net.Apply(p.now, e)
	p.post(p.tr.Translate(command, e, changes))
	if peer := p.net.Peer(); peer != nil && peer.Synced && !p.tr.Live() {
		p.reconcile()
	}
}

// reconcile imports everything and returns how many operations that took.
func (p *pipeline) reconcile() (n int) {
	i := p.tr.Reconcile()
	for {
		ops := i.Next(100)
		if len(ops) == 0 {
			return n
		}
		n += len(ops)
		p.post(ops)
	}
}

var verbs = map[translate.Kind]string{
	translate.Command: "JOIN PART NICK MODE TOPIC KICK AWAY QUIT PRIVMSG NOTICE INVITE KNOCK WALLOPS",
	translate.Effect:  "USER GONE KILL NICK HOST REALNAME ACCOUNT AWAY CLASS UMODE MEMBERS CHANNEL MODE ENTRY TOPIC PARTED KICK INVITE SAY WALLOPS BAN UNBAN",
}

// checkOp holds an operation against the grammar: one line, not too long, of a known command, that says who it is of.
func checkOp(t testing.TB, tr *translate.Translator, op translate.Op) {
	t.Helper()
	var m irc.Message
	switch err := m.Parse(op.Line); {
	case err != nil || len(op.Line) > tr.Limits().LineLen:
		t.Fatalf("%v, %d bytes: %q", err, len(op.Line), op.Line)
	case m.Command != op.Verb || !slices.Contains(strings.Fields(verbs[op.Kind]), op.Verb):
		t.Fatalf("%s %s: %q", op.Kind, op.Verb, op.Line)
	case (op.Kind == translate.Command) != (m.Source != "") || m.Source != "" && m.Source != op.UID:
		t.Fatalf("%s of %q: %q", op.Kind, op.UID, op.Line)
	case op.Secret != "" && !strings.Contains(op.Line, op.Secret):
		t.Fatalf("the secret %q is not in %q", op.Secret, op.Line)
	}
}

func codecFor(dialect string) s2s.Codec {
	if strings.HasPrefix(dialect, "unreal") {
		return unreal.CodecOf(nil)
	}
	d := ts6.Dialect(dialect)
	return ts6.NewCodec(d, ts6.Offer(d)...)
}

func newNetwork(t testing.TB, dialect string) *network.Network {
	t.Helper()
	rules, err := network.RulesOf(dialect)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(rules, network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkSettled holds that nothing is left to do, that the network has what the translator thinks, and that the coverage
// adds up.
func (p *pipeline) checkSettled(what string) {
	p.t.Helper()
	p.post(p.tr.Flush())
	if drift := p.load(); len(drift) > 0 {
		p.t.Fatalf("%s: the network has (+), we thought (-):\n%s", what, strings.Join(drift, "\n"))
	}
	i := p.tr.Reconcile()
	for _, op := range i.Next(20) {
		p.t.Errorf("%s: left to do: %s", what, op.Line)
	}
	c := p.tr.Coverage()
	if err := c.Check(); err != nil {
		p.t.Error(err)
	}
	if d, ok := p.to.(*double); ok && len(d.wrong) > 0 {
		p.t.Errorf("%s: %d lines made no sense: %s", what, len(d.wrong), strings.Join(d.wrong[:min(len(d.wrong), 5)], "\n"))
	}
	checkEqual(p.t, p.net, p.tr)
	checkTexts(p.t, p.net, p.tr)
	if p.t.Failed() {
		p.t.FailNow()
	}
}

// checkEqual holds the mirror against the model by rules of its own, which know nothing of the translator's: as many
// users, each on as many channels, under names that are theirs alone.
func checkEqual(t testing.TB, n *network.Network, tr *translate.Translator) {
	t.Helper()
	live := map[string]string{}
	memberships := 0
	for _, uid := range n.UIDs() {
		if u := n.User(uid); !u.Server.Ours {
			live[string(uid)] = u.Nick
			memberships += len(u.Channels())
		}
	}
	users, _, here := tr.Mirror().Sizes()
	if users != len(live) || here != memberships {
		t.Errorf("%d users on %d channels there, %d on %d here", len(live), memberships, users, here)
	}
	nicks := map[string]bool{}
	var on *network.Channel
	for line := range strings.Lines(tr.Mirror().Dump()) {
		f := strings.Fields(line)
		switch f[0] {
		case "topic":
			if on != nil && (f[1] != on.Topic.Setter || f[2] != strconv.FormatInt(on.Topic.SetAt, 10) || !strings.HasSuffix(line, strconv.Quote(on.Topic.Text)+"\n")) {
				t.Errorf("%s: the topic is %+v there: %s", on.Name, on.Topic, line)
			}
		case "list":
			checkListed(t, on, f)
		case "member":
			checkStatus(t, tr, n, on, f)
		case "user":
			nick, _, _ := strings.Cut(f[2], "!")
			was, ok := live[f[1]]
			if !ok || nicks[fold(nick)] {
				t.Errorf("%s is not of the network, or has a nick twice", line)
			}
			nicks[fold(nick)] = true
			reserved := strings.HasSuffix(was, "Serv") && nick == was+"_" // the network keeps the names of services
			if irc.ValidNick(was, 30) && nick != was && !strings.Contains(nick, "|") && !reserved {
				t.Errorf("%s is %s there and %s here", f[1], was, nick)
			}
		case "channel":
			on = n.Channel(f[1])
			checkChannel(t, n, f)
		}
	}
}

// checkTexts holds that nothing is missing: topics, and entries of lists that any network can have.
func checkTexts(t testing.TB, n *network.Network, tr *translate.Translator) {
	dump := tr.Mirror().Dump()
	for _, name := range n.ChannelNames() {
		c := n.Channel(name)
		at := strings.Index(dump, "channel "+c.Name+" created=")
		if at < 0 || len(c.Members()) == 0 {
			continue
		}
		part, _, _ := strings.Cut(dump[at+1:], "\nchannel ")
		if c.Topic.Text != "" && !strings.Contains(part, "\n  topic ") {
			t.Errorf("%s has no topic here", c.Name)
		}
		for _, e := range c.Lists() {
			plain := e.Letter != "q" && !strings.ContainsAny(e.Mask, "$~")
			if line := "\n  list +" + e.Letter + " " + irc.CanonicalMask(e.Mask) + " " + e.SetBy + " " + strconv.FormatInt(e.SetAt, 10) + "\n"; plain && !strings.Contains(fold(part), fold(line)) {
				t.Errorf("%s has no %s here", c.Name, strings.TrimSpace(line))
			}
		}
	}
}

// checkListed holds that an entry of a list is one there, of the same letter but for quiets.
func checkListed(t testing.TB, c *network.Channel, f []string) {
	if c == nil {
		return
	}
	for _, e := range c.Lists() {
		if f[3] == e.SetBy && f[4] == strconv.FormatInt(e.SetAt, 10) {
			return
		}
	}
	t.Errorf("%s has no entry like %v there", c.Name, f)
}

// checkStatus holds that a member has the statuses that it has there, where the new network offers them all.
func checkStatus(t testing.TB, tr *translate.Translator, n *network.Network, c *network.Channel, f []string) {
	if c == nil || tr.Limits().Prefix != "(qaohv)~&@%+" {
		return
	}
	m := n.Member(n.User(s2s.UID(f[1])), c)
	if m == nil || m.Status.String() != strings.Join(f[2:], "") {
		t.Errorf("%s: %v: there %+v", c.Name, f, m)
	}
}

func checkChannel(t testing.TB, n *network.Network, f []string) {
	c := n.Channel(f[1])
	if c == nil {
		if !strings.Contains(f[1], "-") {
			t.Errorf("there is no channel %s", f[1])
		}
		return
	}
	for _, letter := range []byte("imnst") {
		if has := strings.IndexByte(strings.TrimPrefix(f[3], "modes="), letter) >= 0; has != c.Flags().Has(letter) {
			t.Errorf("%s has modes %s there and %s here", c.Name, c.ModeString(), f[3])
		}
	}
}
