package node_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"robustirc/core/ircserver"
	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

// A node whose state differs from what a majority agrees on hands over leadership, stops serving and does not start
// again with that data. The others go on.
func TestADifferingNodeLeavesService(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	cl := connect(t, c, 0, "witness")
	bad := c.Leader()
	c.WaitFor("pings", func() bool { return healthy(c.Nodes[bad]) == 3 })
	c.Settle()
	c.Nodes[bad].Damage()
	c.Nodes[bad].ProposeDigest()
	c.WaitFor("a digest on all nodes", func() bool {
		for _, n := range c.Nodes {
			if n.LastDigest().Input == 0 {
				return false
			}
		}
		return true
	})
	before := c.Nodes[bad].Done()
	for _, n := range c.Nodes {
		n.CompareDigests()
	}
	if err := c.Nodes[bad].Ready(); !errors.Is(err, node.ErrOutOfService) || !strings.Contains(err.Error(), "majority") {
		t.Errorf("the differing node is ready: %v", err)
	}
	select {
	case <-before:
	default:
		t.Error("the differing node's streams have not ended")
	}
	c.WaitFor("another leader", func() bool { return c.Leader() != bad })
	if _, err := c.Nodes[bad].Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"}); !errors.Is(err, node.ErrOutOfService) {
		t.Errorf("the differing node creates a session: %v", err)
	}
	cl.post((bad+1)%3, "PING on")
	if err := c.Nodes[(bad+1)%3].Ready(); err != nil {
		t.Errorf("a healthy node: %v", err)
	}
	c.Kill(bad)
	if err := c.TryRestart(bad); !errors.Is(err, node.ErrOutOfService) {
		t.Errorf("the differing node starts again: %v", err)
	}
}

// A session that floods is closed, and told why; others are not concerned.
func TestFloodsCloseTheSession(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3, func(_ int, cfg *node.Config) { cfg.InitialConfig.PostMessageCooloff = 100 * time.Millisecond })
	at := c.Follower()
	loud, calm := connect(t, c, at, "loud"), connect(t, c, at, "calm")
	lines := make([]node.Line, 600)
	for i := range lines {
		lines[i] = node.Line{Text: fmt.Sprint("PING ", i)}
	}
	if err := c.Nodes[at].Post(t.Context(), loud.made.Session, "192.0.2.1", lines); !errors.Is(err, node.ErrFlood) {
		t.Errorf("a post of %d lines: %v, want ErrFlood", len(lines), err)
	}
	text := strings.Join(loud.lines(c.Nodes[at], "[Excess Flood]"), "\n")
	if !strings.Contains(text, "ERROR :") {
		t.Errorf("the session was told %s", text)
	}
	start := time.Now()
	calm.post(at, "PING a", "PING b", "PING c")
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("another session's lines took %v", took)
	}
	if n := c.Nodes[c.Leader()].Throttled(); n == 0 {
		t.Error("the leader throttles nobody")
	}
	if err := c.Nodes[at].Post(t.Context(), loud.made.Session, "192.0.2.1", lines[:1]); !errors.Is(err, node.ErrNoSession) {
		t.Errorf("posting after the flood: %v, want ErrNoSession", err)
	}
}

func TestConfigurationIsCompareAndSet(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 3)
	at := c.Follower()
	cfg := *c.Nodes[at].NetworkConfig()
	base := cfg.Revision
	cfg.MaxChannels = 7
	if err := c.Nodes[at].SetNetworkConfig(t.Context(), base, cfg); err != nil {
		t.Fatal(err)
	}
	for i, n := range c.Nodes {
		c.WaitFor("the configuration", func() bool { return n.NetworkConfig().Revision == base+1 })
		if got := n.NetworkConfig().MaxChannels; got != 7 {
			t.Errorf("node %d: MaxChannels is %d", i, got)
		}
		if err := n.SetNetworkConfig(t.Context(), base, cfg); !errors.Is(err, node.ErrRevision) {
			t.Errorf("node %d: an edit based on an old revision: %v, want ErrRevision", i, err)
		}
	}
	cfg.NetworkName = "no name at all"
	if err := c.Nodes[at].SetNetworkConfig(t.Context(), base+1, cfg); err == nil {
		t.Error("a configuration that is not valid was taken")
	}
}

func TestSessionLimitAndBans(t *testing.T) {
	t.Parallel()
	c := nodetest.Start(t, 1, func(_ int, cfg *node.Config) {
		cfg.InitialConfig.MaxSessions = 1
		cfg.InitialConfig.Banned = []ircserver.NamedValue{{Name: "198.51.100.0/24", Value: "spam"}, {Name: "2001:db8::1", Value: "more spam"}}
	})
	for _, remote := range []string{"198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1"} {
		_, err := c.Nodes[0].Create(t.Context(), node.CreateRequest{Remote: remote})
		if !errors.Is(err, node.ErrBanned) {
			t.Errorf("%s: %v, want ErrBanned", remote, err)
		}
	}
	connect(t, c, 0, "first")
	if _, err := c.Nodes[0].Create(t.Context(), node.CreateRequest{Remote: "192.0.2.9"}); !errors.Is(err, node.ErrTooManySessions) {
		t.Errorf("a second session: %v, want ErrTooManySessions", err)
	}
	if err := c.Nodes[0].Post(t.Context(), 1, "", []node.Line{{Text: strings.Repeat("x", 1<<16)}}); err == nil {
		t.Error("a line of 64 KiB was taken")
	}
}
