package node_test

import (
	"testing"

	"robustirc/core/node"
	"robustirc/core/node/nodetest"
)

func TestClusterServesASession(t *testing.T) {
	c := nodetest.Start(t, 3)
	for i, n := range c.Nodes {
		s, err := n.Create(t.Context(), node.CreateRequest{Remote: "192.0.2.1"})
		if err != nil {
			t.Fatalf("node %d: %v", i, err)
		}
		for j, other := range c.Nodes {
			if err := other.Authenticate(t.Context(), s.Session, s.Auth); err != nil {
				t.Errorf("session of node %d at node %d: %v", i, j, err)
			}
			if err := other.Authenticate(t.Context(), s.Session, "wrong"); err != node.ErrNoSession {
				t.Errorf("wrong secret: %v, want ErrNoSession", err)
			}
		}
	}
}
