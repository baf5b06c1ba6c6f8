//go:build realpeers

package realpeers

import (
	"time"

	"robustirc/linkgw/linktest"
	livenet "robustirc/linkgw/network"
	"robustirc/s2s"
)

// The test's own services.
const (
	servicesSID s2s.SID = "00S"
	chanServ    s2s.UID = "00SAAAAAA"
	// longAgo is nobody's clock.
	longAgo = 1500000000
)

// powers is what operators of the live network do to others.
func (s *mirrored) powers() {
	s.cast["victim"] = s.live.Dial(s.t, s.live.Leaf, linktest.ClientOptions{Nick: "victim", Ident: "evil", Realname: "A victim", From: "127.0.2.9"})
	s.act("victim", "JOIN #main", "JOIN #keyed other")
	switch s.kind {
	case linktest.Unreal:
		s.act("god", "SAMODE #main +qa gina2 carlos", "SAMODE #main +h hugo", "CHGHOST dora dora.vhost.example", "CHGIDENT dora newid",
			"CHGNAME dora :renamed: by god", "SAJOIN dora #sa", "SAJOIN anna #sa", "SAPART dora #sa :out")
		s.act("carl", "SETNAME :Carl with another name")
		s.act("hugo", "MODE hugo -x")
		s.cast["god"].Send("GLINE *@127.0.2.9 60 :a ban")
	case linktest.Solanum:
		s.act("god", "OMODE #keyed +v dora", "OMODE #keyed +k newkey", "OKICK #keyed dora :out")
		s.cast["god"].Send("KLINE 10 *evil@* ON * :a ban")
	case linktest.Hybrid:
		s.act("gina", "MODE #main +h hugo")
		s.cast["god"].Send("KLINE 10 *evil@* ON * :a ban")
	}
	s.gone("victim")
	s.check("powers", nil)
}

// services log users in and out, rename them and give them hosts, and rule channels. Their own users are not mirrored.
func (s *mirrored) services() {
	bot := s2s.UserIntroduced{UID: chanServ, Nick: "ChanServ", TS: longAgo, Hops: 1, Ident: "services", Host: linktest.ServicesName, RealHost: linktest.ServicesName, Modes: "+S", Realname: "Channels"}
	sv := s.live.Follow(s.t, linktest.FollowOptions{Name: linktest.ServicesName, SID: servicesSID, TLS: s.kind == linktest.Unreal, Burst: []s2s.Event{{Source: s2s.Ref(servicesSID), Body: bot}}})
	s.f.Await("the services are there", func(n *livenet.Network) bool { return n.Nick("ChanServ") != nil })
	s.act("anna", "JOIN #svc", "MODE #svc +b x!*@*", "TOPIC #svc :anna's")
	s.act("ida", "JOIN #svc")
	say := func(source s2s.Ref, server string, bodies ...s2s.Body) {
		for _, b := range bodies {
			sv.Say(s2s.Event{Source: source, Body: b, ServerMask: server})
		}
		sv.Fence()
		s.f.Fence()
	}
	anna, annaTS := s.uid("anna")
	ida, idaTS := s.uid("ida")
	hugo, hugoTS := s.uid("hugo")
	word := func(s string) *string { return &s }
	mask := ""
	switch s.kind {
	case linktest.Solanum:
		mask = s.live.Leaf.Name // that must do what the user is forced to
	case linktest.Unreal:
		annaTS, idaTS, hugoTS = 0, 0, 0 // it has no such condition
	}
	say(s2s.Ref(servicesSID), "",
		s2s.UserChanged{User: anna, Account: word("anna.account"), IfTS: annaTS}, s2s.UserChanged{User: ida, Account: word("ida.account"), IfTS: idaTS},
		s2s.UserChanged{User: hugo, Account: word("gone"), IfTS: hugoTS}, s2s.UserChanged{User: hugo, Account: word(""), IfTS: hugoTS},
		s2s.UserChanged{User: ida, Host: word("virtual.ida.example"), IfTS: idaTS})
	say(s2s.Ref(servicesSID), mask, s2s.Force{Action: "nick", User: hugo, Params: []string{"Guest77"}, TS: time.Now().Unix(), IfTS: hugoTS})
	s.cast["hugo"].Await("NICK", "Guest77")
	s.check("accounts", nil)

	older := s2s.ChannelBurst{Channel: "#svc", TS: longAgo, HasModes: true, Modes: "+nst", Members: []s2s.Member{{User: chanServ, Status: "o"}}}
	topic := s2s.Topic{Channel: "#svc", TS: longAgo, Text: "as it was: long ago", Setter: "ChanServ", SetAt: longAgo, Rule: s2s.TopicETB}
	if s.kind == linktest.Unreal {
		topic.Rule, topic.SetAt = s2s.TopicNewer, time.Now().Unix()+1
	}
	say(s2s.Ref(servicesSID), "", older, topic)
	give := s2s.ChannelModes{Channel: "#svc", TS: longAgo, HasTS: true, Modes: "+o", Params: []string{string(ida)}}
	if s.kind == linktest.Unreal {
		give.Params = []string{s.cast["ida"].Nick}
	}
	say(s2s.Ref(chanServ), "", give, s2s.Kick{Channel: "#svc", User: anna, Reason: "by services"})
	s.check("an older channel", nil)
	sv.Close()
	s.f.Await("the services are gone", func(n *livenet.Network) bool { return n.Server(s2s.Ref(servicesSID)) == nil })
	s.check("services gone", nil)
}

// uid is the id of a role's user, and its nick's timestamp.
func (s *mirrored) uid(role string) (ref s2s.Ref, ts int64) {
	s.t.Helper()
	nick := s.cast[role].Nick
	s.f.Do(func(n *livenet.Network) {
		if u := n.Nick(nick); u != nil {
			ref, ts = s2s.Ref(u.UID), u.TS
		}
	})
	if ref == "" {
		s.t.Fatalf("there is no %s", nick)
	}
	return ref, ts
}
