package network_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"robustirc/linkgw/network"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
)

// rebuilt applies a network's own bursts to an empty one.
func rebuilt(t testing.TB, n *network.Network, pass func(s2s.Event) []s2s.Event) *network.Network {
	t.Helper()
	us := n.Us()
	m, err := network.New(n.Rules(), network.Us{Server: us.Name, SID: us.SID, Description: us.Description, Services: []string{"services.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	spec := n.Modes()
	if err := m.SetModes(spec.ChanModes(), spec.PrefixToken()); err != nil {
		t.Fatal(err)
	}
	if p := n.Peer(); p != nil {
		m.SetPeer(s2s.ServerIntroduced{Server: p.Name, SID: p.SID, Hops: p.Hops, Description: p.Description, Flags: p.Flags, Hidden: p.Hidden})
	}
	for _, e := range n.Burst() {
		for _, e := range pass(e) {
			m.Apply(2000000000, e)
		}
	}
	for _, e := range n.OwnBurst() {
		for _, e := range pass(e) {
			m.Say(2000000000, e)
		}
	}
	return m
}

func asIs(e s2s.Event) []s2s.Event { return []s2s.Event{e} }

// diff returns the lines that only one of two dumps has.
func diff(a, b string) string {
	var out strings.Builder
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	has := func(list []string, s string) bool {
		for _, l := range list {
			if l == s {
				return true
			}
		}
		return false
	}
	for _, l := range x {
		if !has(y, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range y {
		if !has(x, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	return out.String()
}

// TestBurstRebuilds holds, on the way through every transcript, that the bursts of a network make the same network; and
// that they still do when the codec has written and read them.
func TestBurstRebuilds(t *testing.T) {
	states, spoken := 0, 0
	for _, r := range recordings(t) {
		n := r.network(t)
		lines := 0
		r.replay(t, n, func(l s2s.Recorded, _ []network.Change) {
			if lines++; lines%25 != 0 && lines != len(r.lines) {
				return
			}
			states++
			checkRebuilt(t, n, rebuilt(t, n, asIs), r.name)
			ok := true
			m := rebuilt(t, n, func(e s2s.Event) []s2s.Event {
				all, err := recode(r.codec, e)
				if err != nil {
					ok = false
					t.Logf("%s:%d: %v", r.name, l.Number, err)
				}
				return all
			})
			if ok {
				spoken++
			}
			if a, b := r.said(burstOnly(n)), r.said(burstOnly(m)); ok && a != b {
				t.Errorf("%s:%d: spoken:\n%s", r.name, l.Number, diff(a, b))
			}
		})
	}
	if spoken != states {
		t.Errorf("only %d of %d states could be said by the codec", spoken, states)
	}
	t.Logf("%d states rebuilt, %d through the codec", states, spoken)
}

// checkRebuilt holds that two networks have one digest, but for the bans that are not burst.
func checkRebuilt(t *testing.T, n, m *network.Network, what string) {
	t.Helper()
	if n.Digest() == m.Digest() {
		return
	}
	if a, b := burstOnly(n), burstOnly(m); a != b {
		t.Errorf("%s:\n%s", what, diff(a, b))
	}
}

// burstOnly leaves out of a dump the bans that servers of the dialect do not burst.
func burstOnly(n *network.Network) string {
	var b strings.Builder
	for line := range strings.Lines(n.Dump()) {
		told := n.Peer() != nil && n.Rules().BurstBans != network.BurstNoBans &&
			(n.Rules().BurstBans == network.BurstAll || strings.Contains(line, " forget="))
		if told || !strings.HasPrefix(line, "ban ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

var setters = regexp.MustCompile(`(?m)^(  list .*) by=\S* at=\d+$`)

// said leaves out of a dump what the recorded link cannot say: BMASK has no setters.
func (r recording) said(dump string) string {
	if c, ok := r.codec.(*ts6.Codec); ok && !c.Has("EBMASK") {
		dump = setters.ReplaceAllString(dump, "$1")
	}
	return dump
}

// recode writes an event and reads it again.
func recode(c s2s.Codec, e s2s.Event) ([]s2s.Event, error) {
	lines, err := c.Encode(e)
	if err != nil {
		return nil, err
	}
	var all []s2s.Event
	for _, line := range lines {
		e, err := c.Decode(line)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// TestRandomBursts does the same for random networks of each dialect.
func TestRandomBursts(t *testing.T) {
	for _, rules := range dialects() {
		for seed := range uint64(30) {
			n := randomNetwork(t, rules, rand.New(rand.NewPCG(seed, 1)), 400)
			if err := n.CheckInvariants(); err != nil {
				t.Fatalf("%s seed %d: %v", rules.Dialect, seed, err)
			}
			checkRebuilt(t, n, rebuilt(t, n, asIs), fmt.Sprintf("%s seed %d", rules.Dialect, seed))
		}
	}
}
