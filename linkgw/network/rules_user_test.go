package network_test

import (
	"fmt"
	"strings"
	"testing"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// TestNickCollisions is the tables of ts6.md section 4 and unrealircd.md section 6, for new users and for changes of
// nick: who keeps the nick, and what becomes of the loser.
func TestNickCollisions(t *testing.T) {
	for _, dialect := range []string{"solanum", "charybdis", "hybrid", "unreal5", "unreal6"} {
		for _, saves := range []bool{true, false} {
			if saves && dialect != "solanum" && dialect != "charybdis" {
				continue
			}
			for _, c := range collisions() {
				for _, change := range []bool{false, true} {
					name := fmt.Sprintf("%s/saves=%v/%s/change=%v", dialect, saves, c.name, change)
					t.Run(name, func(t *testing.T) { collide(t, dialect, saves, change, c) })
				}
			}
		}
	}
}

type collision struct {
	name                     string
	ts                       int64 // of the one who comes; who is there has 5000
	same                     bool
	holderLoses, comingLoses bool
	ts6Zero                  bool // only where 0 is equal to all
}

func collisions() []collision {
	return []collision{
		{name: "equal", ts: 5000, holderLoses: true, comingLoses: true},
		{name: "equal, same", ts: 5000, same: true, holderLoses: true, comingLoses: true},
		{name: "zero", ts: 0, holderLoses: true, comingLoses: true, ts6Zero: true},
		{name: "older, different", ts: 4000, holderLoses: true},
		{name: "older, same", ts: 4000, same: true, comingLoses: true},
		{name: "newer, different", ts: 6000, comingLoses: true},
		{name: "newer, same", ts: 6000, same: true, holderLoses: true},
	}
}

func collide(t *testing.T, dialect string, saves, change bool, c collision) {
	rules, _ := network.RulesOf(dialect)
	if c.ts6Zero && !rules.ZeroTSCollides {
		return
	}
	rules.Saves = saves
	n := newNetwork(t, rules)
	user := func(uid, nick string, ts int64, host string) s2s.Event {
		return s2s.Event{Source: s2s.Ref(uid[:3]), Body: s2s.UserIntroduced{UID: s2s.UID(uid), Nick: nick, TS: ts, Ident: "i", Host: host, RealHost: host, IP: host, Modes: "+"}}
	}
	host := "other"
	if c.same {
		host = "host"
	}
	n.Say(1, user("0GWAAAAAA", "Nick", 5000, "host"))
	if change {
		n.Apply(1, user("0HBAAAAAA", "before", 3000, host))
		n.Apply(1, s2s.Event{Source: "0HBAAAAAA", Body: s2s.NickChanged{Nick: "nick", TS: c.ts}})
	} else {
		n.Apply(1, user("0HBAAAAAA", "nick", c.ts, host))
	}
	if err := n.CheckInvariants(); err != nil {
		t.Error(err)
	}
	check := func(uid s2s.UID, nick string, ts int64, loses bool) {
		u := n.User(uid)
		switch {
		case loses && saves:
			if u == nil || u.Nick != string(uid) || u.TS != 100 {
				t.Errorf("%s is not saved: %+v", uid, u)
			}
		case loses:
			if u != nil {
				t.Errorf("%s is still there", uid)
			}
		case u == nil || u.Nick != nick || u.TS != ts:
			t.Errorf("%s has lost: %+v", uid, u)
		}
	}
	check("0GWAAAAAA", "Nick", 5000, c.holderLoses)
	check("0HBAAAAAA", "nick", c.ts, c.comingLoses)
}

// TestCollisionNames holds what equal names are: the casemappings, and what makes two users one.
func TestCollisionNames(t *testing.T) {
	runRules(t, []rule{
		{name: "rfc1459", from: "ts6.md 0.11", dialect: "solanum", lines: ":0HB EUID {x} 1 1000 +i i h 0 0HBAAAAAX * * :x\n:0HB EUID [X] 1 900 +i i hh 0 0HBAAAAAY * * :x\n",
			want: []string{"user 0HBAAAAAX nick=0HBAAAAAX ts=100", "user 0HBAAAAAY nick=[X]"}},
		{name: "ascii", from: "ts6.md 0.11", dialect: "hybrid", lines: ":0HB UID {x} 1 1000 +i i h h 0 0HBAAAAAX * :x\n:0HB UID [X] 1 900 +i i hh hh 0 0HBAAAAAY * :x\n",
			want: []string{"user 0HBAAAAAX nick={x}", "user 0HBAAAAAY nick=[X]"}},
		{name: "address 0 is the same as 0", from: "ts6.md 4: hybrid compares sockhost", dialect: "hybrid",
			lines: ":0HB UID x 1 1000 +i i h1 h1 0 0HBAAAAAX * :x\n:0HB UID x 1 900 +i i h2 h2 0 0HBAAAAAY * :x\n", want: []string{"user 0HBAAAAAX nick=x", "!0HBAAAAAY"}, ignored: network.IgnoredCollision},
		{name: "real host", from: "unreal:nick.c:cmd_uid: differ", dialect: "unreal6",
			lines: ":0HB UID x 1 1000 i h1 0HBAAAAAX 0 +ix * c1 * :x\n:0HB UID x 1 900 i h1 0HBAAAAAY 0 +ix * c2 * :x\n", want: []string{"user 0HBAAAAAX nick=x", "!0HBAAAAAY"}},
	})
}

// TestNicks is NICK, SAVE, KILL, SIGNON and what follows from them.
func TestNicks(t *testing.T) {
	runRules(t, join(
		allOf("solanum hybrid", rule{name: "another nick", from: "ts6.md 5: NICK", lines: ":0HBAAAAAA NICK new :1234\n", want: []string{"user 0HBAAAAAA nick=new ts=1234"}}),
		allOf("solanum hybrid", rule{name: "another case keeps the timestamp", from: "m_nick.c:change_remote_nick: samenick", lines: ":0HBAAAAAA NICK A :1234\n", want: []string{"user 0HBAAAAAA nick=A ts=1000"}}),
		allOf("unreal6", rule{name: "another case", from: "unreal:nick.c:cmd_nick_remote: lastnick", lines: ":0HB SVSMODE 0HBAAAAAA +r\n:a NICK A 1234\n", want: []string{"user 0HBAAAAAA nick=A ts=1234 server=hub.example.net modes=ir"}}),
		allOf("unreal6", rule{name: "another nick takes +r", from: "unreal:nick.c:cmd_nick_remote: removemoder", lines: ":0HB SVSMODE 0HBAAAAAA +r\n:a NICK new 1234\n", want: []string{"user 0HBAAAAAA nick=new ts=1234 server=hub.example.net modes=i "}}),
		allOf("solanum", rule{name: "SAVE", from: "m_nick.c:ms_save", lines: ":0HB SAVE 0GWAAAAAG 1000\n", want: []string{"user 0GWAAAAAG nick=0GWAAAAAG ts=100"}}),
		allOf("solanum", rule{name: "SAVE with another timestamp", from: "m_nick.c:ms_save", lines: ":0HB SAVE 0GWAAAAAG 1001\n", want: []string{"user 0GWAAAAAG nick=g ts=1000"}, ignored: network.IgnoredOlder}),
		allOf("solanum", rule{name: "SAVE of the saved", from: "m_nick.c:ms_save: IsDigit", lines: ":0HB SAVE 0GWAAAAAG 1000\n:0HB SAVE 0GWAAAAAG 100\n", want: []string{"user 0GWAAAAAG nick=0GWAAAAAG ts=100"}, ignored: network.IgnoredOlder}),
		allOf("solanum", rule{name: "KILL", from: "ts6.md 5", lines: fullTS6 + ":0HB KILL 0LFAAAAAB :hub (no)\n:0LFAAAAAB QUIT :late\n", want: []string{"!0LFAAAAAB"}, ignored: network.IgnoredSource}),
		allOf("hybrid", rule{name: "KILL by nick", from: "ts6.md 8", lines: ":0HB KILL g :hub (Bad Nickname)\n", want: []string{"!0GWAAAAAG"}}),
		allOf("hybrid", rule{name: "SVSKILL waits", from: "hyb:m_svskill.c, ts6.md 8", lines: ":0HB SVSKILL 0LFAAAAAB 1000 :no\n", want: []string{"user 0LFAAAAAB"}}),
		allOf("unreal6", rule{name: "SVSKILL", from: "unreal:svskill.c", lines: ":0HB SVSKILL 0LFAAAAAB :no\n", want: []string{"!0LFAAAAAB"}}),
		allOf("solanum", rule{name: "SIGNON", from: "m_signon.c:ms_signon", lines: ":0HBAAAAAA SIGNON new ni nh 1500 acct\n", want: []string{"user 0HBAAAAAA nick=new ts=1500", "ident=ni host=nh", "account=acct"}}),
		allOf("solanum", rule{name: "SIGNON kills", from: "m_signon.c: collisions kill even with SAVE", lines: ":0HBAAAAAA SIGNON g ni nh 500 0\n", want: []string{"user 0HBAAAAAA nick=g ts=500", "!0GWAAAAAG"}}),
		allOf("solanum hybrid", rule{name: "fake direction", from: "parse.c: target_p->from", lines: ":0GWAAAAAG NICK x :5\n", want: []string{"nick=g ts=1000"}, ignored: network.IgnoredDirection}),
		allOf("solanum", rule{name: "UID in use", from: "ts6.md 0.12", lines: ":0HB EUID z 1 1000 +i ai ah.example 192.0.2.1 0HBAAAAAA * * :Z\n", want: []string{"user 0HBAAAAAA nick=a"}, ignored: network.IgnoredTaken}),
		allOf("solanum", rule{name: "SID in use", from: "m_server.c:ms_sid", lines: ":0HB SID other.example.net 2 0LF :x\n:0HB SID LEAF.example.net 2 0LX :x\n", want: []string{"!other.example.net", "!0LX"}, ignored: network.IgnoredTaken}),
	))
}

const (
	services       = ":0HB SID services.example.net 2 0SV :services\n"
	servicesHybrid = ":0HB SID services.example.net 2 0SV + :services\n"
)

// TestProperties is hosts, accounts, modes, away, operators, certificates.
func TestProperties(t *testing.T) {
	runRules(t, []rule{
		{name: "CHGHOST", from: "ts6.md 5", dialect: "solanum", lines: ":0HB CHGHOST 0LFAAAAAB v.host\n", want: []string{"host=v.host real=bh.example"}},
		{name: "login", from: "ts6.md 7", dialect: "solanum", lines: services + ":0SV ENCAP * SU 0LFAAAAAB :acct\n:0SV ENCAP * SU 0HBAAAAAA :x\n:0SV ENCAP * SU :0HBAAAAAA\n", want: []string{"ip=192.0.2.2 account=acct", "!account=x"}},
		{name: "login by who is no services", from: "m_services.c:me_su", dialect: "solanum", lines: ":0LF ENCAP * SU 0LFAAAAAB :acct\n", want: []string{"!acct"}, ignored: network.IgnoredNoService},
		{name: "end of burst", from: "ts6.md 4: the first PING of a server", dialect: "solanum", lines: ":0LF PING leaf.example.net :0GW\n", want: []string{"server leaf.example.net sid=0LF uplink=hub.example.net synced", "server hub.example.net sid=0HB uplink=gateway.example.net description"}},
		{name: "not for us", from: "m_encap.c:ms_encap", dialect: "solanum", lines: ":0HB ENCAP leaf.* SU 0LFAAAAAB :acct\n", want: []string{"!acct"}, ignored: network.IgnoredNotForUs},
		{name: "oper", from: "ts6.md 5", dialect: "solanum", lines: ":0HBAAAAAA OPER god admin\n:0HBAAAAAA MODE 0HBAAAAAA :+o\n", want: []string{"modes=io", "operator=god privileges=admin"}},
		{name: "deoper", from: "ts6.md 5", dialect: "solanum", lines: ":0HBAAAAAA OPER god admin\n:0HBAAAAAA MODE 0HBAAAAAA :+o\n:0HBAAAAAA MODE 0HBAAAAAA :-o\n", want: []string{"!god"}},
		{name: "modes of another", from: "ts6.md 5: user must be the source", dialect: "solanum", lines: ":0HBAAAAAA MODE 0LFAAAAAB :+w\n", want: []string{"!modes=iw"}, ignored: network.IgnoredKind},
		{name: "away", from: "ts6.md 5", dialect: "hybrid", lines: ":0HBAAAAAA AWAY :gone\n:0LFAAAAAB AWAY :x\n:0LFAAAAAB AWAY\n", want: []string{`away="gone"`, `!away="x"`}},
		{name: "SVSACCOUNT", from: "hyb:m_svsaccount.c: nick TS", dialect: "hybrid", lines: servicesHybrid + ":0SV SVSACCOUNT 0LFAAAAAB 1000 acct\n:0SV SVSACCOUNT 0HBAAAAAA 999 late\n", want: []string{"account=acct", "!late"}, ignored: network.IgnoredOlder},
		{name: "SVSMODE", from: "hyb:m_svsmode.c", dialect: "hybrid", lines: servicesHybrid + ":0SV SVSMODE 0LFAAAAAB 1000 +r\n", want: []string{"modes=ir"}},
		{name: "SVSHOST of who is no services", from: "hyb:m_svshost.c, ts6.md 8", dialect: "hybrid", lines: ":0HB SVSHOST 0LFAAAAAB 1000 v.host\n", want: []string{"!v.host"}, ignored: network.IgnoredNoService},
		{name: "certificate", from: "ts6.md 5", dialect: "hybrid", lines: ":0HBAAAAAA CERTFP cafe\n", want: []string{"certificate=cafe"}},
		{name: "cloak with +x, real without", from: "unrealircd.md 5: UID", dialect: "unreal6", lines: ":0HB UID x 0 1000 i real.host 0HBAAAAAX 0 +ix * cloaked * :x\n:x UMODE2 -x\n:0HB UID y 0 1000 i real.host 0HBAAAAAY 0 +i * cloaked2 * :y\n:y UMODE2 +x\n",
			want: []string{"nick=x ts=1000 server=hub.example.net modes=i ident=i host=real.host", "nick=y ts=1000 server=hub.example.net modes=ix ident=i host=cloaked2"}},
		{name: "vhost with +xt", from: "unreal:chghost.c, sethost.c", dialect: "unreal6", lines: ":0HB UID x 0 1000 i real.host 0HBAAAAAX 0 +ix * cloaked * :x\n:0HB CHGHOST 0HBAAAAAX v.host\n", want: []string{"modes=itx ident=i host=v.host real=real.host cloak=cloaked vhost=v.host"}},
		{name: "-t forgets it", from: "unreal:svsmode.c:do_svsmode", dialect: "unreal6", lines: ":0HB UID x 0 1000 i real.host 0HBAAAAAX 0 +itx v.host cloaked * :x\n:0HB SVSMODE 0HBAAAAAX -t\n", want: []string{"modes=ix ident=i host=cloaked", "!vhost=v.host"}},
		{name: "SVSMODE sets no t and no z", from: "unreal:svsmode.c:do_svsmode", dialect: "unreal6", lines: ":0HB SVSMODE 0HBAAAAAA +tzB\n", want: []string{"user 0HBAAAAAA nick=a ts=1000 server=hub.example.net modes=Bi "}},
		{name: "SVSMODE -t of a mere cloak", from: "unreal:svsmode.c:do_svsmode", dialect: "unreal6", lines: ":0HB UID x 0 1000 i real.host 0HBAAAAAX 0 +itx * cloaked * :x\n:0HB SVSMODE 0HBAAAAAX -t\n", want: []string{"modes=itx ident=i host=cloaked"}},
		{name: "SVSMODE -x leaves t", from: "unreal:svsmode.c:do_svsmode", dialect: "unreal6", lines: ":0HB UID x 0 1000 i real.host 0HBAAAAAX 0 +itx v.host cloaked * :x\n:0HB SVSMODE 0HBAAAAAX -x\n", want: []string{"modes=it ident=i host=real.host"}},
		{name: "SVSMODE -o takes the operators' modes", from: "unreal:svsmode.c, api-usermode.c:remove_oper_modes", dialect: "unreal6", lines: ":a UMODE2 +oqHW\n:0HB SVSMODE 0HBAAAAAA -o\n:0HB SVSMODE 0LFAAAAAB +H\n", want: []string{"user 0HBAAAAAA nick=a ts=1000 server=hub.example.net modes=i ", "user 0LFAAAAAB nick=b ts=1000 server=leaf.example.net modes=i "}},
		{name: "-x is -xt", from: "unreal:mode.c:cmd_umode", dialect: "unreal6", lines: ">:0GW UID x 0 1000 i real.host 0GWAAAAAX 0 +itx v.host * * :x\n>:0GWAAAAAX UMODE2 -x\n", want: []string{"modes=i ident=i host=real.host", "!vhost=v.host"}},
		{name: "the peer cloaks our users itself", from: "unreal:nick.c:cmd_uid", dialect: "unreal6", lines: ">:0GW UID x 0 1000 i real.host 0GWAAAAAX 0 +ix * cloaked * :x\n>:0GW UID y 0 1000 i y.host 0GWAAAAAY 0 +i * cloaked * :y\n>:0GWAAAAAY UMODE2 +x\n>:0GW UID z 0 1000 i z.host 0GWAAAAAZ 0 +ixt v.host cloaked * :z\n",
			want: []string{"modes=ix ident=i real=real.host", "modes=ix ident=i real=y.host", "modes=itx ident=i host=v.host real=z.host", "!cloaked"}},
		{name: "copies of a ban merge", from: "unreal:tkl.c:cmd_tkl_add", dialect: "unreal6", lines: ":hub.example.net TKL + G * h.example a!a@a 5000 3000 :first\n:hub.example.net TKL + G * H.example b!b@b 6000 2000 :second\n:hub.example.net TKL + G * h.example a!a@a 0 4000 :third\n",
			want: []string{`ban gline user=* host="h.example" by="b!b@b" at=2000 expires=0 reason="first"`}},
		{name: "account by SVSMODE and SVSLOGIN", from: "unrealircd.md 9", dialect: "unreal6", lines: ":0HB SVSMODE 0LFAAAAAB +d acct\n:0HB SVSLOGIN * 0HBAAAAAA other\n:0HB SVSLOGIN * 0GWAAAAAG x\n:0HB SVSLOGIN * 0GWAAAAAG 0\n", want: []string{"account=acct", "account=other", "!account=x"}},
		{name: "metadata", from: "unrealircd.md 5: MD", dialect: "unreal6", lines: ":0HB MD client 0HBAAAAAA certfp :cafe\n:0HB MD client 0HBAAAAAA operlogin :god\n:0HB MD client 0HB saslmechlist :PLAIN\n", want: []string{"certificate=cafe operator=god", `saslmechlist="PLAIN"`}},
		{name: "whois lines, old", from: "unreal:swhois.c", dialect: "unreal6", lines: ":0HB SWHOIS 0HBAAAAAA + oper -100 :is a god\n:0LF SWHOIS 0HBAAAAAA :is old\n:0HB SWHOIS 0HBAAAAAA :is gone\n:0HB SWHOIS 0HBAAAAAA :\n", want: []string{"is a god", `whois="leaf.example.net 0 0  is old"`, "!is gone"}},
		{name: "whois lines", from: "unreal:swhois.c", dialect: "unreal6", lines: ":0HB SWHOIS 0HBAAAAAA + oper -100 :is a god\n:0HB SWHOIS 0HBAAAAAA + vhost -1 :x\n:0HB SWHOIS 0HBAAAAAA - vhost -1 :*\n", want: []string{"is a god", "!vhost -1"}},
	})
}

// TestSplitAndRejoin holds that a server takes all behind it with it in one step, and may come back (ts6.md 0.3 and 4,
// unrealircd.md 5).
func TestSplitAndRejoin(t *testing.T) {
	for _, rules := range dialects() {
		n := newNetwork(t, rules)
		codec := codecFor(rules.Dialect)
		applyText(n, codec, setupOf(rules.Dialect))
		at := func(source s2s.Ref, body s2s.Body) []network.Change {
			return n.Apply(1, s2s.Event{Source: source, Body: body})
		}
		at("0LF", s2s.ServerIntroduced{Server: "far.example.net", SID: "0FR", Hops: 3})
		far := s2s.UserIntroduced{UID: "0FRAAAAAF", Nick: "far", TS: 1000, Ident: "i", Host: "h", RealHost: "h", Modes: "+i"}
		at("0FR", far)
		burst := s2s.ChannelBurst{Channel: "#c", TS: 2000000, HasModes: true, Modes: "+nt", Members: []s2s.Member{{User: "0HBAAAAAA", Status: "o"}, {User: "0LFAAAAAB"}, {User: "0FRAAAAAF"}}}
		at("0HB", burst)
		at("0FR", s2s.ChannelBurst{Channel: "#far", TS: 2000000, HasModes: true, Modes: "+nt", Members: []s2s.Member{{User: "0FRAAAAAF", Status: "o"}}})
		before := n.Digest()

		changes := at("", s2s.ServerGone{Server: "0LF", Reason: "gone"})
		split, ok := changes[0].(network.Split)
		if !ok || len(split.Servers) != 2 || split.Servers[0].SID != "0LF" || split.Servers[1].SID != "0FR" || len(split.Users) != 2 || split.Ended || split.Uplink != n.Peer() {
			t.Fatalf("%s: %+v", rules.Dialect, changes)
		}
		if len(changes) != 2 || changes[1].(network.ChannelDestroyed).Channel.Name != "#far" {
			t.Errorf("%s: %+v", rules.Dialect, changes)
		}
		if err := n.CheckInvariants(); err != nil {
			t.Error(err)
		}
		if dump := n.Dump(); strings.Contains(dump, "0FR") || strings.Contains(dump, "0LF") || strings.Contains(dump, "#far") {
			t.Errorf("%s: something is left:\n%s", rules.Dialect, dump)
		}

		at("0HB", s2s.ServerIntroduced{Server: "leaf.example.net", SID: "0LF", Hops: 2, Description: "leaf"})
		at("0LF", s2s.ServerIntroduced{Server: "far.example.net", SID: "0FR", Hops: 3})
		b := s2s.UserIntroduced{UID: "0LFAAAAAB", Nick: "b", TS: 1000, Ident: "bi", Host: "bh.example", RealHost: "bh.example", IP: "192.0.2.2", Modes: "+i", Realname: "B"}
		at("0LF", b)
		at("0FR", far)
		at("0LF", s2s.ChannelBurst{Channel: "#c", TS: 2000000, HasModes: true, Modes: "+nt", Members: []s2s.Member{{User: "0LFAAAAAB"}, {User: "0FRAAAAAF"}}})
		at("0FR", s2s.ChannelBurst{Channel: "#far", TS: 2000000, HasModes: true, Modes: "+nt", Members: []s2s.Member{{User: "0FRAAAAAF", Status: "o"}}})
		if n.Digest() != before {
			t.Errorf("%s: not as before the split:\n%s", rules.Dialect, n.Dump())
		}

		changes = n.Apply(1, s2s.Event{Body: s2s.ServerGone{Server: "0GW", Reason: "by hub"}})
		if split, ok := changes[0].(network.Split); !ok || !split.Ended || len(split.Users) != 3 || n.Peer() != nil {
			t.Errorf("%s: the end of the link: %+v", rules.Dialect, changes)
		}
		if _, users, channels := n.Sizes(); users != 2 || channels != 0 {
			t.Errorf("%s: %d users and %d channels after the end", rules.Dialect, users, channels)
		}
	}
}
