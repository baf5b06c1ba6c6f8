package network_test

import (
	"testing"

	"robustirc/linkgw/network"
)

// TestJOINTimestamps is the JOIN column of the table of ts6.md section 4.
func TestJOINTimestamps(t *testing.T) {
	runRules(t, join(
		allOf("solanum charybdis", rule{name: "none before", from: "m_join.c:ms_join: isnew", lines: ":0HBAAAAAA JOIN 2000000 #c +\n",
			want: []string{"channel #c ts=2000000 modes=+\n", "member 0HBAAAAAA nick=a"}}),
		allOf("hybrid", rule{name: "none before", from: "hyb:m_join.c: RESYNC instead", lines: ":0HBAAAAAA JOIN 2000000 #c +\n", want: []string{"!channel #c"}}),
		allOf("solanum", rule{name: "older", from: "m_join.c:ms_join: modes, statuses and lock go, lists and topic stay (DOC differs)", lines: fullTS6 + ">:0GWAAAAAG JOIN 1900000 #C +\n",
			want: []string{"channel #C ts=1900000 modes=+ topic_by", "!status", "list b *!*@ban", "list e *!*@ex", "topic=\"the topic\"", "!lock="}}),
		allOf("hybrid", rule{name: "older", from: "hyb:m_join.c: the topic goes too", lines: fullHybrid + ">:0GWAAAAAG JOIN 1900000 #C +\n",
			want: []string{"channel #C ts=1900000 modes=+", "!status", "list b *!*@ban", "!topic="}}),
		allOf("solanum", rule{name: "equal", from: "m_join.c:ms_join", lines: fullTS6 + ">:0GWAAAAAG JOIN 2000000 #c +\n", want: []string{"modes=+ntkl kkk 10", "member 0GWAAAAAG nick=g"}}),
		allOf("solanum", rule{name: "newer", from: "m_join.c:ms_join", lines: fullTS6 + ">:0GWAAAAAG JOIN 2000001 #c +\n", want: []string{"ts=2000000 modes=+ntkl kkk 10", "status=v", "member 0GWAAAAAG nick=g"}}),
		allOf("solanum", rule{name: "0", from: "m_join.c:ms_join: making a channel TS0", lines: fullTS6 + ">:0GWAAAAAG JOIN 0 #c +\n", want: []string{"channel #c ts=0 modes=+ntkl kkk 10", "status=v"}}),
		allOf("hybrid", rule{name: "0", from: "hyb:m_join.c: older", lines: fullHybrid + ">:0GWAAAAAG JOIN 0 #c +\n", want: []string{"channel #c ts=0 modes=+", "!status"}}),
		allOf("solanum hybrid unreal6", rule{name: "part of all", from: "ts6.md 5: JOIN 0", lines: "" +
			":0HB SJOIN 2000000 #c +nt :@0HBAAAAAA 0LFAAAAAB\n:0HB SJOIN 2000000 #d +nt :@0HBAAAAAA\n:0HBAAAAAA JOIN 0\n", want: []string{"channel #c", "!0HBAAAAAA nick=a\n", "!channel #d"}}),
		allOf("unreal6", rule{name: "without a timestamp", from: "unrealircd.md 5: JOIN", lines: fullUnreal + ">:0GWAAAAAG JOIN #c\n>:0GWAAAAAG JOIN #new\n",
			want: []string{"ts=2000000 modes=+ntkl kkk 10", "member 0GWAAAAAG nick=g", "channel #new ts=1800000000"}}),
	))
}

// TestModeTimestamps is "the simple TS rule" of ts6.md section 4, and the MODE rows of unrealircd.md section 5.
func TestModeTimestamps(t *testing.T) {
	runRules(t, join(
		allOf("solanum charybdis", rule{name: "newer", from: "m_mode.c:ms_tmode", lines: fullTS6 + ":0HB TMODE 2000001 #c +m\n", want: []string{"modes=+ntkl"}, ignored: network.IgnoredOlder}),
		allOf("solanum charybdis", rule{name: "older", from: "m_mode.c:ms_tmode", lines: fullTS6 + ":0HB TMODE 1000000 #c +m-k *\n", want: []string{"ts=2000000 modes=+mntl 10"}}),
		allOf("solanum", rule{name: "equal, of a user without status", from: "ts6.md 4: servers trust each other", lines: fullTS6 + ":0LFAAAAAB TMODE 2000000 #c +o-o+b 0LFAAAAAB 0HBAAAAAA *!*@new\n",
			want: []string{"member 0LFAAAAAB status=ov", "member 0HBAAAAAA nick", "list b *!*@new by=b!bi@bh.example at=1800000000"}}),
		allOf("hybrid", rule{name: "newer", from: "hyb:m_tmode.c", lines: fullHybrid + ":0HB TMODE 2000001 #c +m\n", want: []string{"modes=+ntkl"}, ignored: network.IgnoredOlder}),
		allOf("hybrid", rule{name: "equal", from: "hyb:m_tmode.c", lines: fullHybrid + ":0HB TMODE 2000000 #c +mh-l 0HBAAAAAA\n", want: []string{"modes=+mntk kkk", "member 0HBAAAAAA status=oh"}}),
		allOf("unreal5 unreal6", rule{name: "newer", from: "unreal:mode.c:cmd_mode", lines: fullUnreal + ":0HB MODE #c +m 2000001\n", want: []string{"modes=+ntkl"}, ignored: network.IgnoredOlder}),
		allOf("unreal6", rule{name: "newer, of services", from: "unreal:mode.c:cmd_mode: IsULine", lines: fullUnreal + ":0HB SID services.example.net 2 0SV :s\n:0SV MODE #c +m 2000001\n", want: []string{"ts=2000000 modes=+mntkl"}}),
		allOf("unreal5 unreal6", rule{name: "older lowers without clearing", from: "unreal:mode.c:do_mode, unrealircd.md 5", lines: fullUnreal + ":0HB MODE #c +m 1900000\n", want: []string{"ts=1900000 modes=+mntkl kkk 10", "status=v"}}),
		allOf("unreal6", rule{name: "0 is none", from: "unrealircd.md 5", lines: fullUnreal + ":0HB MODE #c +m 0\n", want: []string{"ts=2000000 modes=+mntkl"}}),
		allOf("unreal6", rule{name: "of a user, by nick", from: "unrealircd.md 0.3", lines: fullUnreal + ":a MODE #c +ov-b b h *!*@BAN\n", want: []string{"member 0LFAAAAAB status=ov", "!list b"}, ignored: network.IgnoredNotMember}),
		allOf("unreal6", rule{name: "+p takes +s away", from: "unreal:chanmodes/secret.c:secret_modechar_add", lines: fullUnreal + ":a MODE #c +s\n:a MODE #c +p\n", want: []string{"modes=+nptkl"}}),
		allOf("unreal6", rule{name: "services take a status from all", from: "unreal:svsmode.c:channel_svsmode", lines: fullUnreal + ":0HB SVSMODE #c -vb\n", want: []string{"!status=v", "status=o", "!list b", "list e"}}),
		allOf("hybrid", rule{name: "+S comes with +z", from: "hyb:channel_mode.c:chm_simple, seen on 8.2.43", lines: fullHybrid + ":0HB TMODE 2000000 #c +Sz\n", want: []string{"modes=+Sntzkl"}}),
		allOf("solanum charybdis hybrid", rule{name: "of a module that is not known", from: "chmode.c: modules add modes without parameter", lines: fullHybrid + ":0HB TMODE 2000000 #c +WY\n", want: []string{"modes=+WYntkl"}}),
		allOf("solanum", rule{name: "the last permanent", from: "channel.c:destroy_channel", lines: ":0HB SJOIN 2000000 #c +ntP :\n:0HB TMODE 2000000 #c -P\n", want: []string{"!channel #c"}}),
		allOf("solanum", rule{name: "nothing twice", from: "m_mode.c: duplicate entries are ignored", lines: fullTS6 + ":0HB TMODE 2000000 #c +b *!*@BAN\n", want: []string{"list b *!*@ban", "!*!*@BAN"}}),
		allOf("solanum", rule{name: "unknown channel", from: "m_mode.c:ms_tmode", lines: ":0HB TMODE 2000000 #none +m\n", want: []string{"!#none"}, ignored: network.IgnoredChannel}),
	))
}

// TestListTimestamps is BMASK and EBMASK (ts6.md section 4).
func TestListTimestamps(t *testing.T) {
	runRules(t, join(
		allOf("solanum charybdis", rule{name: "newer", from: "m_mode.c:do_bmask", lines: fullTS6 + ":0HB BMASK 2000001 #c b :*!*@late\n", want: []string{"!*!*@late"}, ignored: network.IgnoredOlder}),
		allOf("hybrid", rule{name: "newer", from: "hyb:m_bmask.c", lines: fullHybrid + ":0HB BMASK 2000001 #c b :*!*@late\n", want: []string{"!*!*@late"}, ignored: network.IgnoredOlder}),
		allOf("solanum charybdis", rule{name: "equal and older", from: "m_mode.c:do_bmask", lines: fullTS6 + ":0HB BMASK 2000000 #c q :*!*@x\n:0HB BMASK 1000000 #c I :*!*@y\n",
			want: []string{"list q *!*@x by=hub.example.net at=1800000000", "list I *!*@y"}}),
		allOf("solanum", rule{name: "with setter", from: "m_mode.c:ms_ebmask", lines: fullTS6 + ":0HB EBMASK 2000000 #c b :*!*@x 1234 who!u@h *!*@y 1235 hub\n",
			want: []string{"list b *!*@x by=who!u@h at=1234", "list b *!*@y by=hub at=1235"}}),
		allOf("hybrid", rule{name: "no quiets", from: "ts6.md 8", lines: fullHybrid + ":0HB TMODE 2000000 #c +q 0HBAAAAAA\n", want: []string{"!list q"}}),
	))
}

// TestTopics is the rules of TB, ETB, TBURST and TOPIC (ts6.md 0.6, 4 and 5; unrealircd.md 5).
func TestTopics(t *testing.T) {
	runRules(t, []rule{
		{name: "setters by nick", from: "set::ban-setter, set::topic-setter of version 5", dialect: "unreal5", lines: ">:0GW SJOIN 2000000 #c + :@0GWAAAAAG\n>:0GWAAAAAG TOPIC #c somebody 2500000 :t\n>:g MODE #c +b x!*@*\n", want: []string{`topic_by=g topic_at=2500000 topic="t"`, "list b x!*@* by=g at"}},
		{name: "a user of ours is the setter whom it names as itself", from: "unreal:topic.c:cmd_topic", dialect: "unreal6", lines: ">:0GW SJOIN 2000000 #c + :@0GWAAAAAG\n>:0GWAAAAAG TOPIC #c somebody 2500000 :t\n", want: []string{`topic_by=g!gi@gh.example topic_at=2500000 topic="t"`}},
	})
	const chanTS6 = ":0HB SJOIN 2000000 #c +nt :@0HBAAAAAA\n"
	tb := func(name, lines, want string) rule {
		return rule{name: name, from: "m_tb.c:ms_tb", dialect: "solanum", lines: chanTS6 + lines, want: []string{want}}
	}
	etb := func(name, lines, want string) rule {
		return rule{name: name, from: "m_tb.c:ms_etb", dialect: "charybdis", lines: chanTS6 + lines, want: []string{want}}
	}
	tburst := func(name, lines, want string) rule {
		return rule{name: name, from: "hyb:m_tburst.c:ms_tburst", dialect: "hybrid", lines: chanTS6 + lines, want: []string{want}}
	}
	topic := func(name, lines, want string) rule {
		return rule{name: name, from: "unreal:topic.c:cmd_topic", dialect: "unreal6", lines: chanTS6 + lines, want: []string{want}}
	}
	runRules(t, []rule{
		tb("TB none before", ":0HB TB #c 1500 w!u@h :one\n", `topic_by=w!u@h topic_at=1500 topic="one"`),
		tb("TB older wins", ":0HB TB #c 1500 w :one\n:0HB TB #c 1400 v :two\n", `topic_by=v topic_at=1400 topic="two"`),
		tb("TB newer loses", ":0HB TB #c 1500 w :one\n:0HB TB #c 1600 v :two\n", `topic_by=w topic_at=1500 topic="one"`),
		tb("TB older of one text", ":0HB TB #c 1500 w :one\n:0HB TB #c 1400 v :one\n", `topic_by=w topic_at=1500 topic="one"`),
		tb("TB empty", ":0HB TB #c 1500 w :one\n:0HB TB #c 1400 v :\n", `topic_at=1500 topic="one"`),
		tb("TB without setter", ":0HB TB #c 1500 :one\n", `topic_by=hub.example.net topic_at=1500`),
		tb("TOPIC of a user", ":0HB TB #c 1500 w :one\n:0HBAAAAAA TOPIC #c :two\n", `topic_by=a!ai@ah.example topic_at=1800000000 topic="two"`),
		tb("TOPIC of a server", ":0HB TB #c 1500 w :one\n:0HB TOPIC #c v 1600 :two\n", `topic_by=v topic_at=1600 topic="two"`),
		tb("TOPIC is cleared", ":0HB TB #c 1500 w :one\n:0HBAAAAAA TOPIC #c :\n", "channel #c ts=2000000 modes=+nt\n"),
		etb("ETB none before", ":0HB ETB 2000009 #c 1500 w :one\n", `topic_by=w topic_at=1500 topic="one"`),
		etb("ETB newer wins", ":0HB ETB 2000000 #c 1500 w :one\n:0HB ETB 2000000 #c 1600 v :two\n", `topic_by=v topic_at=1600 topic="two"`),
		etb("ETB older loses", ":0HB ETB 2000000 #c 1500 w :one\n:0HB ETB 2000000 #c 1400 v :two\n", `topic="one"`),
		etb("ETB of an older channel", ":0HB ETB 2000000 #c 1500 w :one\n:0HB ETB 1000000 #c 1400 v :two\n", `topic_at=1400 topic="two"`),
		etb("ETB of a newer channel", ":0HB ETB 2000000 #c 1500 w :one\n:0HB ETB 2000001 #c 1600 v :two\n", `topic="one"`),
		etb("ETB 0 forces and clears", ":0HB ETB 2000000 #c 1500 w :one\n:0HB ETB 0 #c 1400 v :\n", "channel #c ts=2000000 modes=+nt\n"),
		tburst("TBURST newer wins", ":0HB TBURST 2000000 #c 1500 w :one\n:0HB TBURST 2000000 #c 1600 v :two\n", `topic_at=1600 topic="two"`),
		tburst("TBURST older loses", ":0HB TBURST 2000000 #c 1500 w :one\n:0HB TBURST 2000000 #c 1400 v :two\n", `topic="one"`),
		tburst("TBURST of an older channel", ":0HB TBURST 2000000 #c 1500 w :one\n:0HB TBURST 1000000 #c 1400 v :two\n", `topic="two"`),
		tburst("TBURST of a newer channel", ":0HB TBURST 2000001 #c 1500 w :one\n", "channel #c ts=2000000 modes=+nt\n"),
		tburst("TBURST of services", ":0HB SID services.example.net 2 0SV + :s\n:0HB TBURST 2000000 #c 1500 w :one\n:0SV TBURST 2000001 #c 1400 v :two\n", `topic="two"`),
		tburst("TBURST empty", ":0HB TBURST 2000000 #c 1500 w :one\n:0HB TBURST 2000000 #c 1600 v :\n", "topic_by=v topic_at=1600\n"),
		topic("of a server, newer", ":0HB TOPIC #c w 1500 :one\n:0HB TOPIC #c v 1600 :two\n", `topic_by=v topic_at=1600 topic="two"`),
		topic("of a server, older", ":0HB TOPIC #c w 1500 :one\n:0HB TOPIC #c v 1400 :two\n", `topic="one"`),
		topic("of a server, equal", ":0HB TOPIC #c w 1500 :one\n:0HB TOPIC #c v 1500 :two\n", `topic="one"`),
		topic("of services, older", ":0HB SID services.example.net 2 0SV :s\n:0HB TOPIC #c w 1500 :one\n:0SV TOPIC #c v 1400 :two\n", `topic="two"`),
		topic("of a user, older", ":0HB TOPIC #c w 1500 :one\n:a TOPIC #c a 1400 :two\n", `topic_by=a topic_at=1400 topic="two"`),
		topic("of a user, short", ":a TOPIC #c :two\n", `topic_by=a!ai@ah.example topic_at=1800000000 topic="two"`),
	})
}

// TestModeLock is MLOCK (ts6.md 3 to 5, unrealircd.md 5).
func TestModeLock(t *testing.T) {
	runRules(t, []rule{
		{name: "newer", from: "m_mode.c:ms_mlock", dialect: "solanum", lines: fullTS6 + ":0HB MLOCK 2000001 #c :i\n", want: []string{"lock=nt "}, ignored: network.IgnoredOlder},
		{name: "equal", from: "m_mode.c:ms_mlock", dialect: "solanum", lines: fullTS6 + ":0HB MLOCK 2000000 #c :i\n", want: []string{"lock=i "}},
		{name: "off", from: "m_mode.c:ms_mlock", dialect: "charybdis", lines: fullTS6 + ":0HB MLOCK 2000000 #c :\n", want: []string{"!lock"}},
		{name: "with its own time", from: "hyb:m_mlock.c:ms_mlock", dialect: "hybrid", lines: fullHybrid + ":0HB MLOCK 2000000 #c 1700 :i\n", want: []string{"lock=i lock_ts=1700"}},
		{name: "newer", from: "unreal:mode.c:cmd_mlock", dialect: "unreal6", lines: fullUnreal + ":0HB MLOCK 2000001 #c :i\n", want: []string{"lock=nt "}, ignored: network.IgnoredOlder},
		{name: "refuses nothing of servers", from: "ts6.md 4: only local changes", dialect: "solanum", lines: fullTS6 + ":0HB TMODE 2000000 #c -t\n", want: []string{"modes=+nkl"}},
	})
}
