package fakenet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

var modelRules = map[Protocol]func() network.Rules{TS6: network.Solanum, Hybrid: network.Hybrid, Unreal: network.Unreal6}

// mirror is a model of the network that knows of it what its lines say.
type mirror struct {
	t     *testing.T
	n     *Network
	model *network.Network
	codec s2s.Codec
}

func newMirror(t *testing.T, n *Network) *mirror {
	t.Helper()
	model, err := network.New(modelRules[n.cfg.Protocol](), network.Us{Server: "gateway.example.net", SID: "00G", Services: []string{"services.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	model.SetPeer(s2s.ServerIntroduced{Server: n.hub.name, SID: n.hub.sid, Hops: 1, Description: n.hub.descr})
	return &mirror{t, n, model, testCodec(n.cfg.Protocol)}
}

// told passes an event through the lines of the protocol.
func (m *mirror) told(at time.Time, e s2s.Event) {
	m.t.Helper()
	e, ok := Sayable(m.codec, e)
	if !ok {
		return
	}
	lines, err := m.codec.Encode(e)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, line := range lines {
		back, err := m.codec.Decode(line)
		if err != nil {
			m.t.Fatalf("%q: %v", line, err)
		}
		m.model.Apply(at.Unix(), back)
	}
}

// say has our observer say something to both.
func (m *mirror) say(e s2s.Event) {
	m.model.Say(m.n.now.Unix(), e)
	m.hear(m.n.Hear(m.n.now, "00G", e))
}

func (m *mirror) hear(list []Happening) {
	for _, h := range list {
		if slices.Contains(h.Links, "00G") {
			m.told(h.At, h.Event)
		}
		if f, ok := h.Event.Body.(s2s.Force); ok && f.Action == "nick" && m.n.byUID[s2s.UID(f.User)] != nil {
			m.say(s2s.Event{Source: f.User, Body: s2s.NickChanged{Nick: f.Params[0], TS: f.TS}})
		}
	}
}

// TestModelAgrees follows bursts and traffic with the gateway's model of a linked network, which knows the timestamp
// rules on its own, and holds that it comes to the state that the simulation has.
func TestModelAgrees(t *testing.T) {
	for _, p := range protocols {
		for _, scenario := range []string{"mixed", "storm", "splits", "hostile"} {
			t.Run(string(p)+" "+scenario, func(t *testing.T) {
				c := small(p, 11)
				c.Scenario = scenario
				n := mustNew(t, c)
				m := newMirror(t, n)
				for _, e := range n.Burst("00G") {
					m.told(start, e)
				}
				if _, err := n.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
					t.Fatal(err)
				}
				m.compare()
				m.say(s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "observer", TS: start.Unix(), Hops: 1, Ident: "o", Host: "gw.example.net", RealHost: "gw.example.net", Modes: "+i", Realname: "o"}})
				for _, c := range slices.Clone(n.order[:10]) {
					m.say(s2s.Event{Source: "00G", Body: s2s.ChannelBurst{Channel: c.name, TS: c.ts, Members: []s2s.Member{{User: "00GAAAAAA"}}}})
				}
				n.Begin(start)
				for i := range 100 {
					m.hear(n.Step(start.Add(time.Duration(i) * 200 * time.Millisecond)))
					if i%20 == 0 {
						m.compare()
					}
				}
				m.compare()
				if len(n.Violations()) > 0 {
					t.Errorf("%+v", n.Violations())
				}
				if err := m.model.CheckInvariants(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func sorted(letters string) string {
	b := []byte(strings.TrimLeft(letters, "+"))
	slices.Sort(b)
	return string(slices.Compact(b))
}

// compare holds that the model has every user and every channel as they are.
func (m *mirror) compare() {
	m.t.Helper()
	servers, users, channels := m.model.Sizes()
	if users != len(m.n.byUID) || channels != len(m.n.order) || servers != len(m.n.servers)+1-len(m.n.links) {
		m.t.Fatalf("the model has %d servers, %d users, %d channels; there are %d, %d, %d; ignored: %v", servers, users, channels,
			len(m.n.servers), len(m.n.byUID), len(m.n.order), m.model.Stats().Ignored)
	}
	for _, u := range m.n.byUID {
		m.compareUser(u)
	}
	for _, c := range m.n.order {
		m.compareChannel(c)
	}
}

func (m *mirror) compareUser(u *user) {
	m.t.Helper()
	x := m.model.User(u.uid)
	if x == nil {
		m.t.Fatalf("the model has no %s (%s)", u.uid, u.nick)
	}
	is := fmt.Sprint(u.nick, u.ts, u.ident, u.host, u.account, u.away, u.realname, u.server.sid)
	has := fmt.Sprint(x.Nick, x.TS, x.Ident, x.Host, x.Account, x.Away(), x.Realname, x.Server.SID)
	if is != has {
		m.t.Fatalf("%s is\n%s\nin the model\n%s", u.uid, is, has)
	}
	if u.server.link == nil && sorted(u.modes) != x.Modes {
		m.t.Fatalf("%s has modes %s, in the model %s", u.nick, sorted(u.modes), x.Modes)
	}
}

func (m *mirror) compareChannel(c *channel) {
	m.t.Helper()
	x := m.model.Channel(c.name)
	if x == nil {
		m.t.Fatalf("the model has no %s", c.name)
	}
	key, _ := x.Param('k')
	limit, _ := x.Param('l')
	want := ""
	if c.limit > 0 {
		want = fmt.Sprint(c.limit)
	}
	if history, _ := x.Param('H'); history != c.history {
		m.t.Fatalf("%s has history %q, in the model %q", c.name, c.history, history)
	}
	if x.TS != c.ts || key != c.key || limit != want || x.Topic.Text != c.topic || c.topic != "" && x.Topic.Setter != c.topicBy {
		m.t.Fatalf("%s is %d %q %d %q by %q, in the model %d %q %q %q by %q", c.name, c.ts, c.key, c.limit, c.topic, c.topicBy, x.TS, key, limit, x.Topic.Text, x.Topic.Setter)
	}
	for _, letter := range []byte(c.flags) {
		if !strings.ContainsRune(x.ModeString(), rune(letter)) {
			m.t.Fatalf("%s has +%s, in the model %s", c.name, c.flags, x.ModeString())
		}
	}
	if modes, _, _ := strings.Cut(x.ModeString(), " "); len(modes) != 1+len(c.flags)+min(1, len(c.key))+min(1, len(want))+min(1, len(c.history)) {
		m.t.Fatalf("%s has +%s, in the model %s", c.name, c.flags, x.ModeString())
	}
	if len(x.Lists()) != len(c.lists) || len(x.Members()) != len(c.members) {
		m.t.Fatalf("%s has %d entries and %d members, in the model %d and %d", c.name, len(c.lists), len(c.members), len(x.Lists()), len(x.Members()))
	}
	for _, e := range c.lists {
		if !slices.ContainsFunc(x.Lists(), func(has s2s.ListEntry) bool { return has.Letter == e.Letter && has.Mask == e.Mask }) {
			m.t.Fatalf("%s has +%s %s, the model not: %v", c.name, e.Letter, e.Mask, x.Lists())
		}
	}
	for _, s := range c.members {
		if seat := m.model.Member(m.model.User(s.user.uid), x); seat == nil || seat.Status.String() != s.status {
			m.t.Fatalf("%s has %q in %s, in the model %v", s.user.nick, s.status, c.name, seat)
		}
	}
}
