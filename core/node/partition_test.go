package node_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// A leader that is cut off steps down; what was posted to it is held, and acts once when it is back. The majority goes
// on, and the node that is cut off does not deny what it cannot know.
func TestALeaderThatIsCutOff(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	leader := c.Leader()
	other, third := (leader+1)%3, (leader+2)%3
	a, b := connect(t, c, leader, "a"), connect(t, c, other, "b")
	c.Cut(leader, other)
	c.Cut(leader, third)
	held := make(chan error, 1)
	go func() { held <- a.tryPost(context.Background(), c.Nodes[leader], "PRIVMSG b :from the island") }()
	c.WaitFor("another leader", func() bool { return c.Nodes[other].IsLeader() || c.Nodes[third].IsLeader() })
	c.WaitFor("the old leader to step down", func() bool { return !c.Nodes[leader].IsLeader() })
	b.post(other, "PRIVMSG b :from the mainland")
	late := connect(t, c, third, "late")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := c.Nodes[leader].Authenticate(ctx, late.made.Session, late.made.Auth); err == nil || errors.Is(err, node.ErrNoSession) {
		t.Errorf("the island says of a session it cannot know: %v", err)
	}
	select {
	case err := <-held:
		t.Errorf("the island's post ended: %v", err)
	default:
	}
	c.Heal()
	if err := <-held; err != nil {
		t.Errorf("the held post: %v", err)
	}
	b.post(third, "PING end")
	want := b.lines(c.Nodes[leader], "end")
	if n := strings.Count(strings.Join(want, "\n"), "from the island"); n != 1 {
		t.Errorf("the held line arrived %d times", n)
	}
	if got := b.lines(c.Nodes[other], "end"); !slices.Equal(got, want) {
		t.Errorf("streams differ:\n%q\n%q", got, want)
	}
	checkSameState(t, c)
}

// A follower that the leader does not reach, although both reach the third node, says so before long instead of holding
// its clients' posts: they go on elsewhere. It does not keep the others from their work.
func TestAFollowerThatIsStranded(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	leader := c.Leader()
	follower := (leader + 1) % 3
	cl := connect(t, c, follower, "bridged")
	for _, cut := range []func(){
		func() { c.CutOneWay(leader, follower) },
		func() { c.Cut(leader, follower) },
	} {
		cut()
		ctx, cancel := context.WithTimeout(t.Context(), nodetest.Timeout)
		for i := range c.Nodes {
			err := cl.tryPost(ctx, c.Nodes[i], "PING x")
			third := 3 - leader - follower // of the other two, raft may let either lead
			if err != nil && (i == third || !errors.Is(err, node.ErrOutOfService)) {
				t.Errorf("posting through node %d: %v", i, err)
			}
		}
		cancel()
		c.Heal()
		checkSameState(t, c)
		leader = c.Leader()
		follower = (leader + 1) % 3
	}
}
