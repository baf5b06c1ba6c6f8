package node_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

func TestMembership(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 1)
	cl := connect(t, c, 0, "early")
	if err := c.Nodes[0].AddPeer(t.Context(), "ghost", "127.0.0.1:1"); !errors.Is(err, node.ErrQuorum) {
		t.Errorf("adding a node that does not answer to one node: %v, want ErrQuorum", err)
	}
	second, third := c.Add("second"), 0
	c.Ready(second)
	third = c.Add("third")
	c.Ready(third)
	c.WaitFor("three healthy voters", func() bool { return healthy(c.Nodes[c.Leader()]) == 3 })
	cl.post(third, "PING joined")
	cl.lines(c.Nodes[second], "joined")
	if n := len(c.Nodes[third].Servers()); n != 3 {
		t.Errorf("%d members, want 3", n)
	}

	leader := c.Leader()
	victim := (leader + 1) % 3
	c.Kill(victim)
	c.WaitFor("the dead node to be noticed", func() bool { return healthy(c.Nodes[leader]) == 2 })
	other := c.Nodes[3-leader-victim].Status().ID
	if err := c.Nodes[leader].RemovePeer(t.Context(), other); !errors.Is(err, node.ErrQuorum) {
		t.Errorf("removing a healthy node when another is dead: %v, want ErrQuorum", err)
	}
	if err := c.Any().RemovePeer(t.Context(), []string{"node1", "second", "third"}[victim]); err != nil {
		t.Errorf("removing the dead node: %v", err)
	}
	cl.post(leader, "PING two")
}

func TestTheLeaderCanLeave(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	leader := c.Leader()
	c.WaitFor("pings", func() bool { return healthy(c.Nodes[leader]) == 3 })
	id := c.Nodes[leader].Status().ID
	if err := c.Nodes[leader].RemovePeer(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	follower := (leader + 1) % 3
	c.WaitFor("two members", func() bool { return len(c.Nodes[follower].Servers()) == 2 })
	connect(t, c, follower, "after")
	c.WaitFor("the removed node to notice", func() bool {
		err := c.Nodes[leader].Ready()
		return errors.Is(err, node.ErrOutOfService) && strings.Contains(err.Error(), "removed")
	})
}

func TestMembersMustNotShareAnAddress(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 1)
	err := c.Nodes[0].AddPeer(t.Context(), "impostor", c.Nodes[0].Status().Addr)
	if err == nil || errors.Is(err, node.ErrQuorum) {
		t.Errorf("got %v, want an error that names the member with that address", err)
	}
	if err := c.Nodes[0].RemovePeer(t.Context(), "node1"); !errors.Is(err, node.ErrQuorum) {
		t.Errorf("removing the only member: %v, want ErrQuorum", err)
	}
}

// Leaders whose clocks are an hour apart, or step back, neither stop time nor make sessions expire.
func TestClocksAnHourApart(t *testing.T) {
	t.Parallel()
	skews := []time.Duration{0, time.Hour, -time.Hour}
	c := nodetest.Start(t, 3, func(i int, cfg *node.Config) {
		cfg.Clock = func() time.Time { return time.Now().Add(skews[i]) }
	})
	cl := connect(t, c, 0, "timely")
	c.WaitFor("pings", func() bool { return healthy(c.Nodes[c.Leader()]) == 3 })
	for range 4 {
		leader := c.Leader()
		cl.post(leader, "PING tick")
		if err := c.Nodes[leader].TransferLeadership(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.WaitFor("another leader", func() bool { return c.Leader() != leader })
	}
	cl.post(0, "TIME", "PING end")
	if err := c.Nodes[0].Authenticate(t.Context(), cl.made.Session, cl.made.Auth); err != nil {
		t.Errorf("the session did not survive: %v", err)
	}
	cl.lines(c.Nodes[1], "end")
}
