//go:build realpeers

package linktest

import "testing"

func TestRealUnrealSmall(t *testing.T) {
	n := Start(t, Unreal, Options{Two: true})
	oper := n.Dial(t, n.Hub, ClientOptions{Nick: "god", Ident: "god", Realname: "God: oper"})
	oper.Oper()
	bob := n.Dial(t, n.Leaf, ClientOptions{Nick: "bob", Ident: "bob", Realname: "Bob", TLS: true})
	f := n.Follow(t, FollowOptions{Name: "gateway.example.net", SID: "00G"})
	n.Connect(f, oper)
	oper.Must("JOIN #a", "MODE #a +b x!*@*")
	Settle(f, oper, bob)
	bob.Must("JOIN #a")
	t.Log(n.Agree(t, f, DiffOptions{Slack: 1}, oper, bob))
	n.Split(f, oper)
	t.Log(n.Agree(t, f, DiffOptions{Slack: 1}, oper))
}
