package linktest

import (
	"strings"
	"testing"

	"robustirc/linkgw/network"
)

// Settle makes all that was said come through: each client's server has performed its lines, and each server has heard
// the others' before.
func Settle(f *Follower, clients ...*Client) {
	f.t.Helper()
	for range 2 {
		for _, c := range clients {
			c.Do()
		}
		f.Fence()
	}
}

// Agree holds that a follower's model is what clients see. It returns how many things were compared.
func (n *Network) Agree(t testing.TB, f *Follower, o DiffOptions, clients ...*Client) int {
	t.Helper()
	Settle(f, clients...)
	seen := n.Look(t, clients...)
	n.agrees(t, f, seen, o)
	return seen.Facts()
}

// agrees compares a model with what was seen.
func (n *Network) agrees(t testing.TB, f *Follower, seen View, o DiffOptions) {
	t.Helper()
	f.Do(func(model *network.Network) {
		if err := model.CheckInvariants(); err != nil {
			t.Error(err)
		}
		if diff := Diff(seen, ViewOf(n.Kind, model, seen), o); len(diff) > 0 {
			t.Errorf("%s does not agree:\n\t%s\n%s", f.Name, strings.Join(diff, "\n\t"), model.Dump())
		}
	})
	if odd := f.Odd(); len(odd) > 0 {
		t.Errorf("%s does not understand %q", f.Name, odd)
	}
}

// Connect has an operator link the two servers, and waits until the follower has heard the second one's burst.
func (n *Network) Connect(f *Follower, oper *Client) {
	f.t.Helper()
	oper.Do("CONNECT " + n.Leaf.Name)
	f.Await(n.Leaf.Name+" is linked and in sync", func(m *network.Network) bool {
		s := m.Server(leafSID)
		return s != nil && s.Synced
	})
}

// Split has an operator part the two servers, and waits until the follower knows.
func (n *Network) Split(f *Follower, oper *Client) {
	f.t.Helper()
	oper.Do("SQUIT " + n.Leaf.Name + " :a test of splits")
	f.Await(n.Leaf.Name+" is gone", func(m *network.Network) bool { return m.Server(leafSID) == nil })
}
