//go:build realpeers

package linktest

import (
	"strings"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// uid returns the id of a user whom a follower knows.
func (f *Follower) uid(nick string) (uid s2s.Ref) {
	f.t.Helper()
	f.Await(nick+" is there", func(n *network.Network) bool {
		u := n.Nick(nick)
		if u != nil {
			uid = s2s.Ref(u.UID)
		}
		return u != nil
	})
	return uid
}

func says(source s2s.Ref, body s2s.Body) s2s.Event { return s2s.Event{Source: source, Body: body} }

// TestRealUnrealServices has a second leaf, which the servers trust as services, do to users and channels what services
// do, and holds the models of both leaves against what clients see.
func TestRealUnrealServices(t *testing.T) {
	n := startUnreal(t, true)
	now := time.Now().Unix()
	const bot = "00SAAAAAA"
	services := n.Follow(t, FollowOptions{Name: ServicesName, SID: "00S", Burst: []s2s.Event{
		says("00S", s2s.UserIntroduced{UID: bot, Nick: "NickServ", TS: now, Hops: 1, Ident: "services", Host: ServicesName, RealHost: ServicesName, Modes: "+ioqS", Realname: "Nick services"}),
	}})
	n.script(does(n.alice, "JOIN #a"), does(n.bob, "JOIN #a,#b"))
	all := []*Client{n.alice, n.bob}
	agree := func(what string) {
		t.Helper()
		Settle(services, n.oper)
		n.agree(what, all...)
		gateway := n.f
		n.f = services
		n.agree(what+", for services", all...)
		n.f = gateway
	}
	agree("services came")
	alice, bob := services.uid("alice"), services.uid("bob")
	str := func(s string) *string { return &s }
	services.Say(
		says("00S", s2s.UserChanged{User: alice, Account: str("Alice")}), // SVSLOGIN
		says(bot, s2s.UserModes{User: alice, Modes: "+r", Shown: true}),
		says(bot, s2s.UserModes{User: bob, Modes: "+rBtz", Account: str("Bob")}),
		says("00S", s2s.UserChanged{User: alice, Host: str("user.alice.example")}),
		says("00S", s2s.UserChanged{User: bob, Ident: str("bobid")}),
		says("00S", s2s.UserChanged{User: bob, Realname: str("Bob: by services")}),
		says("00S", s2s.SWhois{User: alice, Tag: "services", Priority: 5, Text: "is nice"}),
		says("00S", s2s.SWhois{User: bob, Tag: "services", Priority: 5, Text: "is bad"}),
		says(bot, s2s.Force{Action: "join", User: bob, Params: []string{"#sv"}}),
		says(bot, s2s.Force{Action: "part", User: bob, Params: []string{"#b", "go"}}),
		says("00S", s2s.ChannelBurst{Channel: "#a", TS: now - 1000, HasModes: true, Modes: "+nrt", Members: []s2s.Member{{User: bot, Status: "ao"}}, Lists: []s2s.ListEntry{{Letter: "b", Mask: "sv!*@*", SetBy: "ChanServ", SetAt: 1700000000}}}),
	)
	agree("accounts, hosts and an older channel")
	services.Say(
		says(bot, s2s.ChannelModes{Channel: "#a", Modes: "+ov", Params: []string{"alice", "bob"}}),
		says("00S", s2s.ModeLock{Channel: "#a", TS: 1, Letters: "nt"}),
		says("00S", s2s.Topic{Channel: "#a", Text: "by services", Setter: "ChanServ", SetAt: 1700000000, Rule: s2s.TopicNewer}),
		says("00S", s2s.SWhois{User: bob, Tag: "services", Remove: true}),
	)
	agree("modes, a lock and a topic")
	services.Say(
		says("00S", s2s.ChannelModes{Channel: "#a", Modes: "-v", Service: true}),
		says(bot, s2s.UserModes{User: alice, Modes: "-t+i"}),
		says(bot, s2s.UserModes{User: bob, Modes: "-x"}),
		says("00S", s2s.Force{Action: "nick", User: alice, Params: []string{"alice2"}, TS: now}),
	)
	agree("a new nick")
	n.alice.Must("MODE #a +b alice2!*@*", "MODE #a +b *!*@127.0.0.1", "MODE #a +e *!*@localhost")
	services.Say(
		says(bot, s2s.UserModes{User: bob, Modes: "+x-r"}),
		says("00S", s2s.UserChanged{User: bob, Account: str("")}),
	)
	agree("a logout")
	// What services take from a list is for the others to hear as MODE; services themselves work it out.
	Settle(services, n.alice)
	services.Say(says("00S", s2s.ChannelModes{Channel: "#a", Modes: "-b", Params: []string{"alice2"}, Service: true}),
		says("00S", s2s.NetworkBan{Kind: "qline", User: "H", Host: "held*", SetBy: ServicesName, SetAt: now, Reason: "held"}),
		says(bot, s2s.UserKilled{User: bob, Reason: "bye", Quiet: true}))
	Settle(services, n.oper)
	n.bob.Ended()
	n.agree("an unban and a kill", n.alice)
	n.Split(n.f, n.oper)
	services.Close()
	n.f.Await("services are gone", func(m *network.Network) bool { return m.Server("00S") == nil })
	n.agree("services left", n.alice)
}

// ours introduces users of the gateway's.
func ours(now int64) []s2s.Event {
	user := func(uid s2s.UID, nick, modes, vhost, host string) s2s.Event {
		u := s2s.UserIntroduced{UID: uid, Nick: nick, TS: now, Hops: 1, Ident: "id", Host: host, RealHost: host, VHost: vhost, IP: "192.0.2.7", Modes: modes, Realname: "R: " + nick, Account: "acct"}
		if vhost != "" {
			u.Host = vhost
		}
		return says("00H", u)
	}
	const setter = "gina!id@gina.users.example"
	return []s2s.Event{
		user("00HAAAAAA", "gina", "+ixt", "gina.users.example", "real.example.org"), user("00HAAAAAB", "gus", "+i", "", "gus.example.org"), user("00HAAAAAC", "gil", "+ixt", "gil.users.example", "gil.example.org"),
		says("00H", s2s.ChannelBurst{Channel: "#ours", TS: now, HasModes: true, Modes: "+ntlk", Params: []string{"5", "key"}, Members: []s2s.Member{{User: "00HAAAAAA", Status: "qo"}, {User: "00HAAAAAB", Status: "v"}},
			Lists: []s2s.ListEntry{{Letter: "b", Mask: "x!*@*", SetBy: setter, SetAt: now}, {Letter: "e", Mask: "~account:foo", SetBy: setter, SetAt: now}, {Letter: "I", Mask: "~realname:x*", SetBy: setter, SetAt: now}}}),
		says("", s2s.Topic{Channel: "#ours", Text: "t: x", Setter: setter, SetAt: now, Rule: s2s.TopicNewer}),
	}
}

// TestRealUnrealOurs has users behind a leaf of ours live on the network, and holds the model of the leaf, which takes
// what it says as the network does, against what clients see, and that of another leaf as well.
func TestRealUnrealOurs(t *testing.T) {
	n := startUnreal(t, true)
	now := time.Now().Unix()
	own := n.Follow(t, FollowOptions{Name: "second.example.net", SID: "00H", Burst: ours(now)})
	all := []*Client{n.alice, n.bob}
	agree := func(what string) {
		t.Helper()
		Settle(own, n.oper)
		n.agree(what, all...)
		gateway := n.f
		n.f = own
		n.agree(what+", for the users' own leaf", all...)
		n.f = gateway
	}
	agree("our users came")
	const gina, gus, gil = "00HAAAAAA", "00HAAAAAB", "00HAAAAAC"
	name := "New: R"
	own.Say(
		says(gina, s2s.Away{Text: "out"}),
		says(gina, s2s.NickChanged{Nick: "gina2", TS: now + 1}),
		says(gina, s2s.ChannelModes{Channel: "#ours", Modes: "+ov-k", Params: []string{"gus", "gina2", "key"}}),
		says(gina, s2s.ChannelModes{Channel: "#ours", Modes: "+b", Params: []string{"~quiet:z!*@*"}}),
		says(gina, s2s.Topic{Channel: "#ours", Text: "by gina", Rule: s2s.TopicAlways, Setter: "gina2", SetAt: now + 5}),
		says(gina, s2s.UserChanged{User: gina, Realname: &name}),
		says(gil, s2s.Join{Channel: "#ours"}),
		says(gil, s2s.Part{Channels: []string{"#ours"}, Reason: "no"}),
		says(gil, s2s.UserModes{User: gil, Modes: "-x+B"}),
	)
	n.alice.Must("JOIN #ours")
	agree("our users did things")
	n.alice.Must("CHGHOST gus gus.new.example", "CHGIDENT gina2 gid", "CHGNAME gina2 :By oper", "SAMODE #ours +a gus", "MODE #ours +h gus", "INVITE gil #ours", "TOPIC #ours :by alice")
	agree("operators did things to our users")
	n.alice.Must("KILL gil :x", "MODE #ours -l", "KICK #ours gus :y", "MODE #ours -b *!*@*")
	agree("a kill and a kick")
	n.clash(own, now)
	agree("collisions of nicks")
	n.cloaked(own, now)
	agree("a user with a cloak came and went")
}

// clash has users of ours and of the network meet under one nick, each way round.
func (n *unrealNet) clash(own *Follower, now int64) {
	n.t.Helper()
	user := func(uid s2s.UID, nick string, ts int64, ident, host string) s2s.Event {
		return says("00H", s2s.UserIntroduced{UID: uid, Nick: nick, TS: ts, Hops: 1, Ident: ident, Host: host, RealHost: host, IP: "192.0.2.9", Modes: "+i", Realname: "R"})
	}
	clients := map[string]*Client{}
	for _, nick := range []string{"newer", "older", "ghost"} {
		clients[nick] = n.Dial(n.t, n.Leaf, ClientOptions{Nick: nick, Ident: nick, Realname: nick})
	}
	Settle(n.f, n.oper, n.bob)
	own.Say(user("00HAAAABA", "newer", now+1000, "x", "x.example"), user("00HAAAABB", "older", now-1000, "x", "x.example"), user("00HAAAABC", "ghost", now+1000, "ghost", "localhost"))
	Settle(own, n.oper)
	clients["older"].Ended()
	clients["ghost"].Ended()
	own.Say(says("00HAAAABB", s2s.NickChanged{Nick: "newer", TS: now - 2000}))
	Settle(own, n.oper)
	clients["newer"].Ended()
}

// cloaked holds that the network cloaks a user of ours, and that the model does not claim to know how.
func (n *unrealNet) cloaked(own *Follower, now int64) {
	n.t.Helper()
	own.Say(says("00H", s2s.UserIntroduced{UID: "00HAAAACA", Nick: "gail", TS: now, Hops: 1, Ident: "id", Host: "mine", RealHost: "gail.example.org", Cloak: "mine", IP: "192.0.2.7", Modes: "+ix", Realname: "R"}))
	Settle(own, n.oper)
	if host := n.oper.Whois("gail").Host; !strings.HasPrefix(host, "Clk-") {
		n.t.Errorf("the network shows %s for a user that it cloaks", host)
	}
	own.Do(func(m *network.Network) {
		if host := m.Nick("gail").Host; host != "" {
			n.t.Errorf("the model claims that the cloak is %s", host)
		}
	})
	own.Say(says("00HAAAACA", s2s.UserQuit{Reason: "done"}))
}
