//go:build realpeers

package linktest

import "testing"

// These tests run real servers. See doc.go, and docs/s2s.md for how to give them the servers that are no Debian packages:
//
//	go test -tags realpeers ./linkgw/linktest

func TestRealSmall(t *testing.T) {
	for _, k := range []Kind{Hybrid, Solanum} {
		t.Run(string(k), func(t *testing.T) {
			n := Start(t, k, Options{Two: true})
			oper := n.Dial(t, n.Hub, ClientOptions{Nick: "god", Ident: "god", Realname: "God: oper"})
			oper.Oper()
			bob := n.Dial(t, n.Leaf, ClientOptions{Nick: "bob", Ident: "bob", Realname: "Bob", From: "127.0.1.2", TLS: true})
			f := n.Follow(t, FollowOptions{Name: "gateway.example.net", SID: "00G"})
			n.Connect(f, oper)
			oper.Must("JOIN #a", "MODE #a +b x!*@*")
			Settle(f, oper, bob)
			bob.Must("JOIN #a", "TOPIC #a")
			t.Log(n.Agree(t, f, DiffOptions{Slack: 5}, oper, bob))
			n.Split(f, oper)
			t.Log(n.Agree(t, f, DiffOptions{Slack: 5}, oper))
		})
	}
}
