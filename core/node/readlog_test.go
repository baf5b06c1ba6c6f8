package node_test

import (
	"fmt"
	"io"
	"testing"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// replayLog applies what a reader gives, as somebody would who has nothing else, or goes on with the machine he has.
func replayLog(t *testing.T, n *node.Node, m *ircserver.Server) *ircserver.Server {
	t.Helper()
	after := ircserver.InputID(0)
	if m != nil {
		after = m.Inputs()
	}
	r, err := n.OpenLog(after)
	if err != nil {
		t.Fatal(err)
	}
	if state, input := r.State(); state != nil {
		if m, err = ircserver.Restore(state); err != nil {
			t.Fatal(err)
		}
		if m.Inputs() != input {
			t.Fatalf("the state holds %d inputs, not %d", m.Inputs(), input)
		}
	} else if m == nil {
		t.Fatal("the log begins without a state")
	}
	for {
		first, inputs, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if first != m.Inputs()+1 {
			t.Fatalf("input %d follows input %d", first, m.Inputs())
		}
		for i := range inputs {
			m.Apply(&inputs[i])
		}
	}
	if last, chain := r.End(); m.Inputs() != last || m.Chain() != chain {
		t.Fatalf("after input %d the outputs hash to %08x; the node says %d and %08x", m.Inputs(), m.Chain(), last, chain)
	}
	return m
}

// TestReadLog has whoever reads a replica's log come to the replica's outputs: from the log's beginning, from a snapshot,
// behind inputs that made the machine panic, and going on where he stopped, even if the log was compacted meanwhile.
func TestReadLog(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) { cfg.TestCommands, cfg.TrailingLogs = true, 1 })
	cl := connect(t, c, 0, "alice")
	n := c.Nodes[0]
	m := replayLog(t, n, nil)
	for i := range 50 {
		cl.post(0, "JOIN #a", fmt.Sprintf("PRIVMSG #a :%d", i))
	}
	connect(t, c, 0, "victim").tryPost(t.Context(), n, "PRIVMSG alice :a", "PANIC", "PRIVMSG alice :b")
	m = replayLog(t, n, m)
	replayLog(t, n, nil)
	cl.post(0, "PART #a", "JOIN #b")
	if err := n.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	cl.post(0, "JOIN #c")
	m = replayLog(t, n, m) // begins with the snapshot, as the log does not reach back
	replayLog(t, n, nil)
	cl.post(0, "JOIN #d")
	if r, err := n.OpenLog(m.Inputs()); err != nil {
		t.Fatal(err)
	} else if state, _ := r.State(); state != nil {
		t.Error("who has what the snapshot holds is given it again")
	}
	replayLog(t, n, m)
	far, err := n.OpenLog(1 << 40)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := far.Next(); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
}
