package node_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// TestNoMessageOfDeathEndsANode has clients that make the machine panic through every node of a cluster, snapshots in
// between, and nodes that are killed and replay it; nodetest fails the test should a node stop by itself.
func TestNoMessageOfDeathEndsANode(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) { cfg.TestCommands, cfg.TrailingLogs = true, 1 })
	witness, talker := connect(t, c, 0, "witness"), connect(t, c, 1, "talker")
	witness.post(0, "JOIN #a")
	talker.post(1, "JOIN #a")
	for i := range c.Nodes {
		victim := connect(t, c, i, fmt.Sprint("victim", i))
		victim.post(i, "JOIN #a")
		// Posts of other clients land in the same entry, before and behind.
		done := make(chan error)
		go func() { done <- talker.tryPost(t.Context(), c.Nodes[1], "PRIVMSG #a :beside "+fmt.Sprint(i)) }()
		if err := victim.tryPost(t.Context(), c.Nodes[i], "PRIVMSG #a :last words", "PANIC", "PRIVMSG #a :from the grave"); err != nil {
			t.Errorf("the post that was committed, and died in the machine: %v", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		told := victim.lines(c.Nodes[i], "please report it]")
		if last := told[len(told)-1]; !strings.Contains(last, "ERROR") {
			t.Errorf("victim %d was told %q", i, last)
		}
		if err := c.Nodes[i].Snapshot(t.Context()); err != nil {
			t.Error(err)
		}
	}
	killed := c.Follower()
	c.Kill(killed)
	other := (killed + 1) % 3
	connect(t, c, other, "victim3").post(other, "PANIC")
	for i := range c.Nodes {
		if i == killed {
			continue
		}
		if err := c.Nodes[i].Snapshot(t.Context()); err != nil { // so that the killed node gets a snapshot
			t.Error(err)
		}
	}
	c.Restart(killed)
	c.Ready(killed)
	talker.post(killed, "PRIVMSG #a :the end")
	sameEverywhere(t, c, witness)
}

// sameEverywhere compares what all nodes show the witness, and their states.
func sameEverywhere(t *testing.T, c *nodetest.Cluster, witness *client) {
	t.Helper()
	c.Settle()
	var first []string
	var state node.Digest
	for i, n := range c.Nodes {
		got := witness.lines(n, "the end")
		if i == 0 {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Errorf("node %d shows\n%q\nnode 0 shows\n%q", i, got, first)
		}
		digest := n.State()
		if i == 0 {
			state = digest
		}
		if digest != state || digest.Input == 0 {
			t.Errorf("node %d is at %v, node 0 at %v", i, digest, state)
		}
	}
	all := strings.Join(first, "\n")
	for what, want := range map[string]int{"last words": 3, "beside": 3, " QUIT ": 3, "from the grave": 0, "nobody must see this": 0} {
		if got := strings.Count(all, what); got != want {
			t.Errorf("the witness saw %q %d times, want %d:\n%s", what, got, want, all)
		}
	}
}
