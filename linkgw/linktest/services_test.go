//go:build realpeers

package linktest

import (
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// chanserv and nickserv are the users of the services that the test plays.
const (
	chanserv s2s.Ref = "00SAAAAAA"
	nickserv s2s.Ref = "00SAAAAAB"
	saslserv s2s.Ref = "00SAAAAAC"
	services s2s.Ref = "00S"
)

// longAgo is a time that is nobody's clock.
const longAgo = 1500000000

func (s *stage) serve(bodies ...s2s.Body) {
	s.t.Helper()
	for _, b := range bodies {
		s.services.Say(s2s.Event{Source: services, Body: b, ServerMask: s.forServer(b)})
	}
	s.services.Fence()
	s.f.Fence()
}

// forServer is the server that must do what a user is forced to.
func (s *stage) forServer(b s2s.Body) (name string) {
	force, ok := b.(s2s.Force)
	if !ok || s.n.Kind == Hybrid {
		return ""
	}
	s.services.Do(func(n *network.Network) {
		if u := n.User(s2s.UID(force.User)); u != nil {
			name = u.Server.Name
		}
	})
	return name
}

// act has services link that serve the users in every way.
func (s *stage) act(k Kind) {
	user := func(uid s2s.Ref, nick string) s2s.Event {
		return s2s.Event{Source: services, Body: s2s.UserIntroduced{UID: s2s.UID(uid), Nick: nick, TS: longAgo, Hops: 1, Ident: "services", Host: ServicesName, RealHost: ServicesName, Modes: "+S", Realname: nick}}
	}
	o := FollowOptions{Name: ServicesName, SID: "00S", TLS: s.tls, Burst: []s2s.Event{user(chanserv, "ChanServ"), user(nickserv, "NickServ"), user(saslserv, "SaslServ")}, OnEvent: s.sasl}
	s.services = s.n.Follow(s.t, o)
	s.f.Await("the services are there", func(n *network.Network) bool { return n.Nick("SaslServ") != nil })
	s.channelServices()
	if k == Hybrid {
		s.hybridServices()
	} else {
		s.solanumServices()
	}
}

func (s *stage) channelServices() {
	ts := s.channelTS("#main")
	lock := s2s.ModeLock{Channel: "#main", TS: ts, Letters: "nt"}
	if s.n.Kind == Hybrid {
		lock.LockTS = longAgo
	}
	s.serve(
		s2s.ChannelBurst{Channel: "#main", TS: ts, HasModes: true, Modes: "+nt", Members: []s2s.Member{{User: s2s.UID(chanserv), Status: "o"}}},
		s2s.ChannelModes{Channel: "#main", TS: ts, HasTS: true, Modes: "+vl", Params: []string{string(chanserv), "99"}},
		lock,
		s2s.ListBurst{Channel: "#main", TS: ts, Entries: []s2s.ListEntry{{Letter: "b", Mask: "old!*@*", SetBy: "old!setter@example.org", SetAt: longAgo}, {Letter: "e", Mask: "old!*@*", SetBy: "old!setter@example.org", SetAt: longAgo}}},
		s2s.Topic{Channel: "#main", Text: "as it was: long ago", Setter: "old!setter@example.org", SetAt: longAgo, Rule: s2s.TopicETB},
		// A channel that is older than all, with a topic as old.
		s2s.ChannelBurst{Channel: "#both2", TS: longAgo, HasModes: true, Modes: "+nst", Members: []s2s.Member{{User: s2s.UID(nickserv), Status: "o"}}},
		s2s.Topic{Channel: "#both2", TS: longAgo, Text: "old", Setter: "old!setter@example.org", SetAt: longAgo, Rule: s2s.TopicETB},
	)
	s.do("god", "JOIN #both2")
	s.do("ida", "JOIN #both2")
	s.services.Say(s2s.Event{Source: nickserv, Body: s2s.ChannelModes{Channel: "#both2", TS: longAgo, HasTS: true, Modes: "+o-o", Params: []string{s.ref("ida"), string(nickserv)}}})
	s.services.Say(s2s.Event{Source: nickserv, Body: s2s.Kick{Channel: "#main", User: s2s.Ref(s.ref("kurt")), Reason: "by services"}})
	s.services.Fence()
}

func (s *stage) ref(role string) string {
	ref, _ := s.uid(role)
	return string(ref)
}

func text(s string) *string { return &s }

// hybridServices is what services say by hybrid's plain commands.
func (s *stage) hybridServices() {
	anna, annaTS := s.uid("anna")
	ida, idaTS := s.uid("ida")
	bert, bertTS := s.uid("bert")
	hugo, hugoTS := s.uid("hugo")
	lisa, lisaTS := s.uid("lisa")
	s.serve(
		s2s.UserChanged{User: anna, Account: text("anna.account"), IfTS: annaTS},
		s2s.UserChanged{User: ida, Account: text("ida.account"), IfTS: idaTS},
		s2s.UserModes{User: anna, Modes: "+r", IfTS: annaTS},
		s2s.UserChanged{User: hugo, Account: text("gone"), IfTS: hugoTS},
		s2s.UserChanged{User: hugo, Account: text(""), IfTS: hugoTS},
		s2s.UserChanged{User: ida, Host: text("virtual.ida.example"), IfTS: idaTS},
		s2s.UserChanged{User: bert, Host: text("not.applied.example"), IfTS: bertTS - 10},
		s2s.SWhois{User: anna, Text: "is a tester", Numeric: 320, Modes: "+o", IfTS: annaTS},
		s2s.Force{Action: "join", User: hugo, Params: []string{"#forced"}},
		s2s.Force{Action: "join", User: bert, Params: []string{"#forced"}},
		s2s.Force{Action: "part", User: bert, Params: []string{"#forced", "be off"}},
		s2s.Force{Action: "nick", User: hugo, Params: []string{"Guest77"}, TS: time.Now().Unix(), IfTS: hugoTS},
		s2s.UserKilled{User: lisa, Reason: "begone", Quiet: true, IfTS: lisaTS},
	)
	s.cast["lisa"].Ended()
	s.cast["hugo"].Await("NICK", "Guest77")
	s.f.Fence()
}

// solanumServices is what services say in ENCAP.
func (s *stage) solanumServices() {
	anna, _ := s.uid("anna")
	ida, _ := s.uid("ida")
	bert, bertTS := s.uid("bert")
	hugo, hugoTS := s.uid("hugo")
	s.serve(
		s2s.UserChanged{User: anna, Account: text("anna.account")},
		s2s.UserChanged{User: ida, Account: text("ida.account")},
		s2s.UserChanged{User: hugo, Account: text("gone")},
		s2s.UserChanged{User: hugo, Account: text("")},
		s2s.UserChanged{User: ida, Host: text("virtual/ida")},
		s2s.UserChanged{User: bert, Host: text("virtual/bert")},
		s2s.Force{Action: "nick", User: hugo, Params: []string{"Guest77"}, TS: time.Now().Unix(), IfTS: hugoTS},
		s2s.Force{Action: "nick", User: bert, Params: []string{"Guest78"}, TS: bertTS - 100, IfTS: bertTS},
		s2s.Force{Action: "login", User: s2s.Ref(s.ref("kurt")), Params: []string{"kurt_new", "newident", "new.host.example", "kurt_account"}},
		s2s.NickHold{Nick: "held", Seconds: 60},
		s2s.Housekeeping{Command: "MECHLIST", Params: []string{"PLAIN"}},
	)
	s.cast["hugo"].Await("NICK", "Guest77")
	s.cast["kurt"].Await("NICK", "kurt_new")
	s.cast["mona"] = s.n.Dial(s.t, s.n.Hub, ClientOptions{Nick: "mona", Ident: "mona", Realname: "Mona", SASL: true, From: "127.0.3.1"})
	s.cast["nina"] = s.n.Dial(s.t, s.n.Leaf, ClientOptions{Nick: "nina", Ident: "nina", Realname: "Nina", SASL: true, From: "127.0.3.2"})
	s.do("nina", "JOIN #main")
	s.f.Fence()
}

// sasl is the services' side of an authentication: everybody may log in.
func (s *stage) sasl(e s2s.Event) []s2s.Event {
	b, ok := e.Body.(s2s.SASL)
	if !ok || b.Step != "S" {
		return nil
	}
	mask := "*.example.net"
	return []s2s.Event{
		{Source: services, ServerMask: mask, Body: s2s.Force{Action: "login", User: b.From, Params: []string{"*", "*", "*", "sasl_account"}}},
		{Source: services, ServerMask: mask, Body: s2s.SASL{From: saslserv, To: b.From, Step: "D", Params: []string{"S"}}},
	}
}
