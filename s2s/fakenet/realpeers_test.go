//go:build realpeers

package fakenet

import (
	"context"
	"slices"
	"testing"
	"time"

	"robustirc/linkgw/linktest"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// These tests link to Debian's ircd-hybrid, which .ci/run installs, and to solanum and UnrealIRCd 6 where ROBUSTIRC_SOLANUM and
// ROBUSTIRC_UNREALIRCD name their installations; see linkgw/linktest. They run with the build tag only:
//
//	go test -tags realpeers ./s2s/fakenet

// runningLeaf is a leaf that a goroutine of the test runs.
type runningLeaf struct {
	*Leaf
	synced chan struct{}
	done   chan error
	stop   context.CancelFunc
}

// link runs a leaf on a link to the hub.
func (h realHub) link(t *testing.T, secure bool, cfg LeafConfig) *runningLeaf {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &runningLeaf{synced: make(chan struct{}), done: make(chan error, 1), stop: cancel}
	cfg.PeerName, cfg.Network.Start, cfg.Network.Protocol = "hub.example.net", time.Now(), h.protocol
	cfg.SendPassword, cfg.AcceptPassword = linktest.LinkPassword, linktest.AcceptPassword
	if h.protocol == Unreal { // a link block has one password
		cfg.AcceptPassword = linktest.LinkPassword
	}
	cfg.OnSynced = func() { close(r.synced) }
	l, err := NewLeaf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Leaf = l
	conn := h.DialHub(t, secure)
	go func() { r.done <- l.Run(ctx, conn) }()
	return r
}

// await waits until both bursts are over, and fails when the hub ends the link.
func (r *runningLeaf) await(t *testing.T) {
	t.Helper()
	select {
	case <-r.synced:
	case err := <-r.done:
		t.Fatalf("the hub refuses: %v", err)
	case <-time.After(patience):
		t.Fatal("the bursts never end")
	}
}

func (r *runningLeaf) end(t *testing.T) LeafSummary {
	t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		t.Errorf("the link ended: %v", err)
	}
	return r.Summary()
}

// realHub is a real server that leaves link to, and what it speaks.
type realHub struct {
	*linktest.Network
	protocol Protocol
	dialect  string
}

// follow has the gateway's model follow what a leaf hears.
func follow(t *testing.T, rules network.Rules, server string, sid s2s.SID) (*network.Network, func(s2s.Event)) {
	t.Helper()
	model, err := network.New(rules, network.Us{Server: server, SID: sid})
	if err != nil {
		t.Fatal(err)
	}
	return model, func(e s2s.Event) { model.Apply(time.Now().Unix(), e) }
}

// second is a leaf whose model follows what it hears, until a server is gone.
func (h realHub) second(t *testing.T, secure bool) (leaf *runningLeaf, model *network.Network, gone chan struct{}) {
	t.Helper()
	model, hear := follow(t, modelRules[h.protocol](), "second.example.net", "9LE")
	gone = make(chan struct{})
	leaf = h.link(t, secure, LeafConfig{Network: Config{Server: "second.example.net", SID: "9LE", Users: 10, Channels: 2, Seed: 2, NickPrefix: "S", ChannelPrefix: "s-"}, OnEvent: untilGone(hear, gone)})
	leaf.await(t)
	return leaf, model, gone
}

// untilGone passes events on until a server goes.
func untilGone(hear func(s2s.Event), gone chan struct{}) func(s2s.Event) {
	over := false
	return func(e s2s.Event) {
		if _, left := e.Body.(s2s.ServerGone); left && !over {
			over = true
			close(gone)
		}
		if !over {
			hear(e)
		}
	}
}

func TestRealHybrid(t *testing.T) { testRealHub(t, linktest.Hybrid, Hybrid) }

func TestRealSolanum(t *testing.T) { testRealHub(t, linktest.Solanum, TS6) }

func TestRealUnreal(t *testing.T) { testRealHub(t, linktest.Unreal, Unreal) }

func testRealHub(t *testing.T, k linktest.Kind, p Protocol) {
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "plaintext", true: "TLS"}[secure], func(t *testing.T) {
			for name, test := range map[string]func(*testing.T, realHub, bool){"burst": testRealBurst, "traffic": testRealTraffic} {
				// Each has a hub of its own, which may take its time to forget a leaf.
				t.Run(name, func(t *testing.T) { test(t, realHub{linktest.Start(t, k, linktest.Options{}), p, string(k)}, secure) })
			}
		})
	}
}

// testRealBurst holds that a real server accepts fakenet as a leaf with 5,000 users, and that the model of a second leaf,
// which links afterwards, is what the first brought along.
func testRealBurst(t *testing.T, h realHub, secure bool) {
	first := h.link(t, secure, LeafConfig{Network: Config{Server: "load.example.net", SID: "9LD", Users: 5000, Channels: 1000, Seed: 1, NickPrefix: "L", ChannelPrefix: "l-"}})
	first.await(t)
	second, model, _ := h.second(t, secure)
	s := second.end(t)
	f := first.end(t) // its network does not move without traffic, and is looked at when it has ended
	t.Logf("%s read the burst of 5,000 users in %.3f s (%d lines), and told it in %.3f s (%d lines)", h.dialect, f.BurstAccepted, f.LinesSent, s.BurstHeard, s.LinesHeard)
	for _, x := range []LeafSummary{f, s} {
		h.clean(t, x)
	}
	m := &mirror{t: t, n: first.net, model: model}
	m.compareBurst()
	m.compareSetters(h.protocol != Hybrid) // whose BMASK tells no setters
}

// compareSetters holds that the model knows when topics were set, and who set the lists' entries when.
func (m *mirror) compareSetters(lists bool) {
	m.t.Helper()
	compared := 0
	for _, c := range m.n.order {
		x := m.model.Channel(c.name)
		if c.topic != "" && x.Topic.SetAt != c.topicAt {
			m.t.Errorf("%s has a topic of %d, in the model %d", c.name, c.topicAt, x.Topic.SetAt)
		}
		for _, e := range c.lists {
			if lists && !slices.Contains(x.Lists(), e) {
				m.t.Errorf("%s has %+v, the model %+v", c.name, e, x.Lists())
			}
			compared++
		}
	}
	if compared < 100 {
		m.t.Errorf("only %d entries were compared", compared)
	}
}

// clean holds that nothing was lost on a link, and nobody complained.
func (h realHub) clean(t *testing.T, x LeafSummary) {
	t.Helper()
	if x.Dialect != h.dialect || x.Unknown+x.Unread+x.Unsayable != 0 || x.Heard["user_killed"] != 0 || x.Heard["numeric"] != 0 {
		t.Errorf("%+v", x)
	}
}

// testRealTraffic holds that what the leaf's users do passes a real server without a complaint, and that the model of a
// second leaf follows it: when the first leaves, the model is what the first then had.
func testRealTraffic(t *testing.T, h realHub, secure bool) {
	second, model, gone := h.second(t, secure)
	first := h.link(t, secure, LeafConfig{Network: Config{Server: "load.example.net", SID: "9LD", Users: 500, Channels: 50, Seed: 1, Rate: 2000, NickPrefix: "L", ChannelPrefix: "l-"}, Traffic: true, Duration: 2 * time.Second, OnEvent: func(e s2s.Event) {
		if _, ok := e.Body.(s2s.Numeric); ok {
			t.Logf("the hub complains: %+v", e.Body)
		}
	}})
	first.await(t)
	if err := <-first.done; err != nil {
		t.Fatalf("the hub ends the link: %v", err)
	}
	select {
	case <-gone:
	case <-time.After(patience):
		t.Fatal("the second leaf is not told that the first left")
	}
	f, s := first.Summary(), second.end(t)
	t.Logf("%d happenings; the second leaf heard %v; ignored %v", f.Stats.Happenings, s.Heard, model.Stats().Ignored)
	for _, x := range []LeafSummary{f, s} {
		h.clean(t, x)
	}
	for _, name := range []string{"user_introduced", "user_quit", "part", "nick_changed", "away", "channel_modes", "kick", "topic"} {
		if s.Heard[name] == 0 {
			t.Errorf("the second leaf heard of no %s", name)
		}
	}
	(&mirror{t: t, n: first.net, model: model}).compareBurst()
}

// compareBurst holds that the model, which may know more servers, has all users and channels as they are.
func (m *mirror) compareBurst() {
	m.t.Helper()
	if _, users, channels := m.model.Sizes(); users != len(m.n.byUID) || channels != len(m.n.order) {
		m.t.Fatalf("the model has %d users and %d channels; there are %d and %d; ignored: %v", users, channels, len(m.n.byUID), len(m.n.order), m.model.Stats().Ignored)
	}
	for _, u := range m.n.byUID {
		m.compareUser(u)
	}
	for _, c := range m.n.order {
		m.compareChannel(c)
	}
	if err := m.model.CheckInvariants(); err != nil {
		m.t.Error(err)
	}
}
