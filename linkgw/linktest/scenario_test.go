//go:build realpeers

package linktest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// These tests run real servers. See doc.go, and docs/s2s.md for how to give them servers that are no Debian packages:
//
//	go test -tags realpeers ./linkgw/linktest

func TestRealHybrid(t *testing.T) { play(t, Hybrid) }

func TestRealSolanum(t *testing.T) { play(t, Solanum) }

// play has the cast do all that the protocol can say, and holds the models against what the clients see after each act.
func play(t *testing.T, k Kind) {
	for _, tls := range []bool{false, true} {
		t.Run(map[bool]string{false: "plaintext", true: "TLS"}[tls], func(t *testing.T) {
			begin := time.Now()
			s := newStage(t, k, tls)
			s.check("before the link", s.n.Hub)
			s.n.Connect(s.f, s.cast["god"])
			s.check("linked", nil)
			s.users()
			s.check("users", nil)
			s.channels()
			s.check("channels", nil)
			s.everyMode()
			s.check("every mode", nil)
			s.talk()
			s.operators()
			s.check("operators", nil)
			s.act(k)
			s.check("services", nil)
			s.split()
			s.crash()
			s.heardOf(k)
			t.Logf("%d facts agree, %.1f s", s.facts, time.Since(begin).Seconds())
		})
	}
}

// users change what they are.
func (s *stage) users() {
	s.do("carl", "NICK Carl[x]")
	s.do("carl", "NICK carl{x}") // another nick in ASCII, another case in RFC 1459
	s.do("gina", "NICK GINA")
	s.do("gina", "NICK gina^2")
	s.do("anna", "AWAY :gone: out")
	s.do("bert", "AWAY :soon", "AWAY :later")
	s.do("ida", "AWAY :here", "AWAY")
	s.try("bert", "MODE bert +iwgDRQ")
	s.try("hugo", "MODE hugo +iwx")
	s.try("hugo", "MODE hugo -i")
	s.try("jan", "MODE jan +x", "MODE jan -x")
	s.cast["zeus"].Oper()
	s.leave("fred", "QUIT :bye: bye")
}

// channels are made, changed and left in every way.
func (s *stage) channels() {
	s.do("anna", "JOIN #main")
	for _, role := range []string{"bert", "carl", "dora", "god", "zeus", "gina", "hugo", "ida", "jan", "kurt", "lisa"} {
		s.do(role, "JOIN #main")
	}
	s.do("anna", "MODE #main +ov bert bert", "MODE #main +o gina^2")
	if s.n.Kind == Hybrid {
		s.do("gina", "MODE #main +hv hugo ida")
	}
	s.do("gina", "MODE #main +v jan", "TOPIC #main :news: of the day")
	s.do("gina", "MODE #main +b *!*@bad.example", "MODE #main +bb a!*@* b!*@*", "MODE #main -b a!*@*")
	s.do("anna", "MODE #main +e *!*@good.example", "MODE #main +I *!*@friend.example")
	if s.n.Kind == Solanum {
		s.do("gina", "MODE #main +q quiet!*@*", "MODE #main +b $a:somebody", "MODE #main +qe $~a $a:friend*", "MODE #main +b $r:*bot*")
	} else {
		s.do("gina", "MODE #main +b $r:*bad?name*", "MODE #main +b $m:mute!*@*", "MODE #main +e $a:somebody")
	}
	s.do("anna", "MODE #main -o bert")
	s.do("bert", "PART #main :had enough")
	s.do("gina", "KICK #main jan :out: of here")
	s.do("anna", "KICK #main lisa")
	s.keys()
	s.topics()
	s.doors()
	s.do("bert", "JOIN #Case[1]")
	s.do("jan", "JOIN #case{1}") // another channel in ASCII
	s.do("emil", "JOIN #short", "MODE #short +b x!*@*", "PART #short")
	s.do("emil", "JOIN #a,#b,#c")
	if s.n.Kind == Solanum {
		s.do("emil", "JOIN 0")
	} else {
		s.do("emil", "PART #a,#b,#c :all of them")
	}
	s.do("emil", "JOIN #emil", "MODE #emil +s-t")
	s.do("lisa", "JOIN #Lisa", "MODE #lisa +p")
	s.do("jan", "JOIN #Lisa")
	s.do("lisa", "MODE #lisa -o lisa") // nobody is operator
}

func (s *stage) keys() {
	s.do("bert", "JOIN #keyed", "MODE #keyed +k secret", "MODE #keyed +l 10")
	s.do("ida", "JOIN #keyed secret")
	s.do("bert", "MODE #keyed -k secret", "MODE #keyed +kl other 20", "MODE #keyed +o ida")
	s.do("ida", "MODE #keyed -l")
	s.do("jan", "JOIN #keyed other")
	if s.n.Kind == Solanum {
		s.do("bert", "JOIN #overflow", "MODE #keyed +j 5:10", "MODE #keyed +f #overflow", "MODE #keyed +b bad!*@*$#overflow")
	}
	s.do("bert", "JOIN #unkeyed", "MODE #unkeyed +k x", "MODE #unkeyed -k *")
}

func (s *stage) topics() {
	s.do("ida", "JOIN #topic", "TOPIC #topic :first", "TOPIC #topic ::second with a colon")
	s.do("ida", "JOIN #cleared", "TOPIC #cleared :first", "TOPIC #cleared :")
	s.do("bert", "JOIN #topic2", "TOPIC #topic2 :"+strings.Repeat("long ", 50))
}

// doors are invitations and knocks.
func (s *stage) doors() {
	s.do("dora", "JOIN #invite", "MODE #invite +i")
	s.try("ida", "KNOCK #invite")
	s.do("dora", "INVITE kurt #invite")
	s.cast["kurt"].Await("INVITE", "#invite")
	s.do("kurt", "JOIN #invite")
	s.do("dora", "MODE #invite +o kurt")
	s.do("kurt", "INVITE emil #invite", "INVITE jan #invite")
	s.do("emil", "JOIN #invite")
}

// everyMode sets all simple modes that the server has, one after the other, on a channel, and takes some away.
func (s *stage) everyMode() {
	god := s.cast["god"]
	spec := god.spec()
	simple := spec.Letters(irc.ModeFlag)
	s.do("god", "JOIN #modes", "MODE #modes -nt")
	for i := range len(simple) {
		s.try("god", "MODE #modes +"+simple[i:i+1])
	}
	modes, _ := god.ChannelModes("#modes")
	s.atLeast("modes of #modes", 12, strings.Trim(modes, "+"))
	s.check("all modes at once", nil)
	for i := 0; i < len(simple); i += 2 {
		s.try("god", "MODE #modes -"+simple[i:i+1])
	}
	for i := range len(simple) {
		name := fmt.Sprintf("#mode-%d", simple[i])
		s.try("zeus", "JOIN "+name, "MODE "+name+" +"+simple[i:i+1])
	}
}

func (s *stage) atLeast(what string, n int, list string) {
	s.t.Helper()
	if len(list) < n {
		s.t.Errorf("only %d %s: %s", len(list), what, list)
	}
}

// talk holds that text comes to a leaf when it has a member, and not before.
func (s *stage) talk() {
	const spy = "00GAAAAAA"
	before := s.f.Events()["message"] // notices of the handshake
	s.do("anna", "PRIVMSG #main :nobody behind the leaf reads this", "PRIVMSG dora :neither this")
	if n := s.f.Events()["message"] - before; n > 0 {
		s.t.Errorf("%d messages came without a member", n)
	}
	now := time.Now().Unix()
	s.f.Say(
		s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: spy, Nick: "spy", TS: now, Hops: 1, Ident: "spy", Host: "spy.example", RealHost: "spy.example", IP: "192.0.2.9", Modes: "+i", Realname: "Spy"}},
		s2s.Event{Source: spy, Body: s2s.Join{Channel: "#main", TS: s.channelTS("#main"), HasTS: true}},
	)
	s.f.Fence()
	s.check("with a user of ours", nil)
	s.do("anna", "PRIVMSG #main :now they do")
	s.do("gina", "NOTICE #main :from the other server", "PRIVMSG spy :for you only")
	if n := s.f.Events()["message"] - before; n != 3 {
		s.t.Errorf("%d messages came, want 3", n)
	}
	s.f.Say(s2s.Event{Source: spy, Body: s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetChannel, Target: "#main", Text: "hello"}})
	s.cast["gina"].Await("PRIVMSG", "hello")
	s.f.Say(s2s.Event{Source: spy, Body: s2s.UserQuit{Reason: "seen enough"}})
	s.cast["gina"].Await("QUIT", "seen enough")
}

// operators act on users of either server.
func (s *stage) operators() {
	for i, nick := range []string{"victim1", "victim2", "victim3", "victim4"} {
		server := []*Server{s.n.Hub, s.n.Leaf}[i%2]
		ident := []string{"victim", "victim", "evilone", "eviltwo"}[i]
		s.cast[nick] = s.n.Dial(s.t, server, ClientOptions{Nick: nick, Ident: ident, Realname: "A victim", From: fmt.Sprintf("127.0.2.%d", i+1)})
		s.do(nick, "JOIN #victims")
	}
	s.check("with victims", nil)
	s.do("god", "KILL victim1 :on the same server")
	s.gone("victim1")
	s.do("god", "KILL victim2 :on the other server")
	s.gone("victim2")
	s.do("god", "KLINE 10 *evilone@* :a ban")
	s.gone("victim3")
	s.do("god", "KLINE 10 *eviltwo@* ON * :a ban everywhere")
	s.gone("victim4")
	s.do("god", "UNKLINE *evilone@*", "WALLOPS :to whom it may concern")
	s.try("zeus", "XLINE 10 *spammer* :a ban", "XLINE 10 *spammer2* ON * :a ban", "RESV 10 #forbidden ON * :a ban", "RESV 10 forbidden :a ban", "DLINE 10 192.0.2.200 ON * :a ban", "UNXLINE *spammer*", "UNRESV #forbidden ON *")
	s.try("zeus", "LOCOPS :local", "GLOBOPS :global", "OPERWALL :operators", "ADMINWALL :admins")
	if s.n.Kind == Solanum {
		s.do("god", "JOIN #powers")
		s.do("emil", "JOIN #powers2", "MODE #powers2 +ims")
		s.do("zeus", "JOIN #powers", "OMODE #powers +ov zeus god", "OMODE #powers +k key")
		s.do("zeus", "OJOIN @#powers2", "OMODE #powers2 -o emil", "OKICK #powers2 emil :out")
		s.do("god", "OPME #lisa", "GRANT ida all")
		s.do("god", "GRANT ida deoper")
	}
	if s.n.Kind == Hybrid {
		s.try("god", "MODE god +Fs", "MODE god -F")
	}
	s.do("zeus", "MODE zeus -o")
	s.cast["zeus"].Oper()
}

// split parts the servers, has both sides go on by themselves, and links them again.
func (s *stage) split() {
	s.do("anna", "JOIN #both", "TOPIC #both :before the split", "MODE #both +b before!*@*")
	s.do("gina", "JOIN #both")
	s.do("anna", "MODE #both +o gina^2")
	s.n.Split(s.f, s.cast["god"])
	s.check("this side of the split", s.n.Hub)

	s.do("anna", "MODE #both +mk alpha", "MODE #both +b hub!*@*", "TOPIC #both :the hub's")
	s.cast["gina"].Must("MODE #both +ik beta", "MODE #both +l 5", "MODE #both +b leaf!*@*", "MODE #both -b before!*@*")
	s.do("emil", "JOIN #new", "TOPIC #new :older", "MODE #new +b hub!*@*")
	s.do("emil", "JOIN #onlyhub")
	s.cast["ida"].Must("JOIN #onlyleaf", "MODE #onlyleaf +b x!*@*", "TOPIC #onlyleaf :of the leaf", "AWAY :split")
	s.do("emil", "NICK same", "JOIN #taken")                                                     // will be older than the leaf's
	s.cast["ida"].Must("NICK other")                                                             // will be older than the hub's
	for now := time.Now().Unix(); time.Now().Unix() < now+2; time.Sleep(20 * time.Millisecond) { // timestamps are in seconds
	}
	s.cast["jan"].Must("NICK same", "JOIN #new", "MODE #new +sb leaf!*@*", "TOPIC #new :newer", "JOIN #taken")
	s.do("dora", "PART #main", "NICK other", "JOIN #taken")
	s.cast["kurt"].Must("JOIN #new", "JOIN #kurt2")
	s.check("this side, later", s.n.Hub)

	s.n.Connect(s.f, s.cast["god"])
	s.rejoined = true
	s.f.Fence()
	if lost := s.drop("emil", "jan", "dora", "ida"); lost != map[Kind]int{Hybrid: 2}[s.n.Kind] {
		s.t.Errorf("the collisions of nicks cost %d connections", lost)
	}
	s.check("linked again", nil)
	s.try("gina", "MODE #both +v anna")
	s.do("anna", "MODE #both -o+v gina^2 gina^2")
	s.check("after the merge", nil)
}

// crash kills the second server, and starts it again with new users.
func (s *stage) crash() {
	s.n.Leaf.Kill()
	s.f.Await("the leaf is gone", func(n *network.Network) bool { return n.Server("00B") == nil })
	for _, c := range s.live(s.n.Leaf) {
		c.Ended()
	}
	s.check("after the crash", s.n.Hub)
	s.n.Leaf.Run()
	for i, r := range roles {
		if r.leaf {
			s.enter(i)
		}
	}
	s.cast["zeus"].Oper()
	s.cast["gina"].Must("JOIN #main", "MODE #main +b fresh!*@*", "TOPIC #main :fresh", "MODE #main +l 50", "JOIN #fresh", "MODE #fresh +eI fresh!*@* fresh!*@*")
	s.cast["hugo"].Must("JOIN #main")
	s.cast["ida"].Must("JOIN #main", "AWAY :since the start")
	s.cast["gina"].Must("MODE #main +ov ida hugo")
	s.n.Connect(s.f, s.cast["god"])
	s.check("back from the crash", nil)
}

// heardOf holds that everything the script did came as what it is.
func (s *stage) heardOf(k Kind) {
	want := []string{"server_introduced", "server_gone", "user_introduced", "nick_changed", "user_modes", "away", "user_quit", "user_killed", "channel_burst",
		"join", "part", "kick", "channel_modes", "list_burst", "topic", "knock", "user_changed", "network_ban", "message", "ping", "pong"}
	want = append(want, map[Kind][]string{
		Hybrid:  {"end_of_burst", "oper_message", "invite", "mode_lock", "swhois", "metadata"},
		Solanum: {"oper", "oper_message", "user_saved", "mode_lock", "part_all", "server_info", "nick_hold"},
	}[k]...)
	heard := s.f.Events()
	for _, name := range want {
		if heard[name] == 0 {
			s.t.Errorf("there was no %s", name)
		}
	}
	s.t.Logf("heard %v", heard)
	var ignored map[network.Reason]int64
	s.f.Do(func(n *network.Network) { ignored = n.Stats().Ignored })
	s.t.Logf("ignored %v", ignored)
	if s.facts < 4000 {
		s.t.Errorf("only %d facts were compared", s.facts)
	}
}
