package network_test

import (
	"strings"
	"testing"

	"robustirc/linkgw/network"
)

// A rule is one case of the tables: lines of both sides on a small network, and what must be in the dump afterwards.
// In lines, 0HB is the peer, 0LF a server behind it, 0GW we; the lines that begin with '>' are ours.
type rule struct {
	name string
	// from is the reference section or source function that the rule comes from.
	from    string
	dialect string
	lines   string
	// want are lines, or beginnings of words of lines, that the dump holds; those with '!' before them it does not.
	want []string
	// ignored is a reason that must have been counted, if any.
	ignored network.Reason
}

// setups introduce users: a, b (0HB and 0LF) and us (g, h).
var setups = map[string]string{
	"solanum": `:0HB SID leaf.example.net 2 0LF :leaf
:0HB EUID a 1 1000 +i ai ah.example 192.0.2.1 0HBAAAAAA * * :A
:0LF EUID b 2 1000 +i bi bh.example 192.0.2.2 0LFAAAAAB * * :B
>:0GW EUID g 1 1000 +i gi gh.example 192.0.2.3 0GWAAAAAG * * :G
>:0GW EUID h 1 1000 +i hi hh.example 192.0.2.4 0GWAAAAAH * * :H
`,
	"hybrid": `:0HB SID leaf.example.net 2 0LF + :leaf
:0HB UID a 1 1000 +i ai ah.example ah.example 192.0.2.1 0HBAAAAAA * :A
:0LF UID b 2 1000 +i bi bh.example bh.example 192.0.2.2 0LFAAAAAB * :B
>:0GW UID g 1 1000 +i gi gh.example gh.example 192.0.2.3 0GWAAAAAG * :G
>:0GW UID h 1 1000 +i hi hh.example hh.example 192.0.2.4 0GWAAAAAH * :H
`,
	"unreal6": `:0HB SID leaf.example.net 2 0LF :leaf
:0HB UID a 0 1000 ai ah.example 0HBAAAAAA 0 +i * * wAACAQ== :A
:0LF UID b 1 1000 bi bh.example 0LFAAAAAB 0 +i * * wAACAg== :B
>:0GW UID g 1 1000 gi gh.example 0GWAAAAAG 0 +i * * wAACAw== :G
>:0GW UID h 1 1000 hi hh.example 0GWAAAAAH 0 +i * * wAACBA== :H
`,
}

func setupOf(dialect string) string {
	switch dialect {
	case "charybdis":
		dialect = "solanum"
	case "unreal5":
		dialect = "unreal6"
	}
	return setups[dialect]
}

func (r rule) run(t *testing.T) {
	rules, err := network.RulesOf(r.dialect)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(t, rules)
	codec := codecFor(r.dialect)
	applyText(n, codec, setupOf(r.dialect))
	if got := len(n.Stats().Ignored); got != 0 {
		t.Fatalf("the setup is not understood: %v", n.Stats().Ignored)
	}
	for line := range strings.Lines(r.lines) {
		if _, err := codec.Decode(strings.TrimPrefix(strings.TrimSpace(line), ">")); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	applyText(n, codec, r.lines)
	if err := n.CheckInvariants(); err != nil {
		t.Error(err)
	}
	dump := n.Dump()
	for _, want := range r.want {
		without, not := strings.CutPrefix(want, "!")
		if strings.Contains(dump, without) == not {
			t.Errorf("want %q:\n%s%s", want, dump, ignored(n))
		}
	}
	if r.ignored != "" && n.Stats().Ignored[r.ignored] == 0 {
		t.Errorf("nothing ignored as %s: %v", r.ignored, n.Stats().Ignored)
	}
}

func runRules(t *testing.T, table []rule) {
	for _, r := range table {
		t.Run(r.dialect+"/"+r.name, r.run)
	}
}

// allOf makes the same case for several dialects.
func allOf(dialects string, r rule) (all []rule) {
	for _, d := range strings.Fields(dialects) {
		r.dialect = d
		all = append(all, r)
	}
	return all
}

func join(tables ...[]rule) (all []rule) {
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

// fullTS6 is a channel with everything on it, whose timestamp is 2000000.
const fullTS6 = `:0HB SJOIN 2000000 #c +ntlk 10 kkk :@0HBAAAAAA +0LFAAAAAB
:0HB BMASK 2000000 #c b :*!*@ban
:0HB BMASK 2000000 #c e :*!*@ex
:0HBAAAAAA TOPIC #c :the topic
:0HB MLOCK 2000000 #c :nt
`

const fullHybrid = `:0HB SJOIN 2000000 #c +ntlk 10 kkk :@0HBAAAAAA +0LFAAAAAB
:0HB BMASK 2000000 #c b :*!*@ban
:0HB BMASK 2000000 #c e :*!*@ex
:0HBAAAAAA TOPIC #c :the topic
:0HB MLOCK 2000000 #c 1500 :nt
`

const fullUnreal = `:0HB SJOIN 2000000 #c +ntlk 10 kkk :@0HBAAAAAA +0LFAAAAAB <1500000,x>&*!*@ban <1500000,x>"*!*@ex
:0HB TOPIC #c setter 1600000 :the topic
:0HB MLOCK 2000000 #c :nt
`

// TestSJOINTimestamps is the table of ts6.md section 4 ("Channel TS") and unrealircd.md section 7.
func TestSJOINTimestamps(t *testing.T) {
	kept := []string{"channel #c ts=2000000 modes=+ntkl kkk 10 lock=nt", "list b *!*@ban", "list e *!*@ex", "member 0HBAAAAAA status=o", "member 0LFAAAAAB status=v", "topic=\"the topic\""}
	lost := []string{"channel #C ts=1900000 modes=+mst", "!list b", "!list e", "!status=v", "member 0HBAAAAAA nick", "member 0GWAAAAAG status=o", "!lock=nt"}
	runRules(t, join(
		allOf("solanum charybdis", rule{name: "none before", from: "m_join.c:ms_sjoin: isnew", lines: fullTS6, want: kept}),
		allOf("hybrid", rule{name: "none before", from: "hyb:m_sjoin.c: isnew", lines: fullHybrid, want: kept}),
		allOf("unreal5 unreal6", rule{name: "none before", from: "unreal:sjoin.c: oldts == -1", lines: fullUnreal, want: kept}),
		allOf("solanum charybdis", rule{name: "older", from: "m_join.c:ms_sjoin: newts < oldts; the topic stays", lines: fullTS6 + ">:0GW SJOIN 1900000 #C +mst :@0GWAAAAAG\n",
			want: append([]string{"topic=\"the topic\""}, lost...)}),
		allOf("hybrid", rule{name: "older", from: "hyb:m_sjoin.c: keep_our_modes == false; the topic goes", lines: fullHybrid + ">:0GW SJOIN 1900000 #C +mst :@0GWAAAAAG\n",
			want: append([]string{"!topic=\"the topic\""}, lost...)}),
		allOf("unreal5 unreal6", rule{name: "older", from: "unreal:sjoin.c: removeours; name and topic stay", lines: fullUnreal + ">:0GW SJOIN 1900000 #C +mst :@0GWAAAAAG\n",
			want: append([]string{"topic=\"the topic\"", "channel #c ts=1900000 modes=+mst"}, lost[1:]...)}),
		allOf("solanum charybdis", rule{name: "equal", from: "m_join.c:ms_sjoin: union; key greater, limit greater",
			lines: fullTS6 + ">:0GW SJOIN 2000000 #C +mlk 5 zzz :@0GWAAAAAG\n", want: []string{"channel #c ts=2000000 modes=+mntkl zzz 10", "status=v", "member 0GWAAAAAG status=o", "list b *!*@ban", "lock=nt"}}),
		allOf("hybrid", rule{name: "equal", from: "hyb:m_sjoin.c: union; key greater, limit greater",
			lines: fullHybrid + ">:0GW SJOIN 2000000 #C +mlk 5 zzz :@0GWAAAAAG\n", want: []string{"channel #c ts=2000000 modes=+mntkl zzz 10", "status=v", "member 0GWAAAAAG status=o", "list b *!*@ban"}}),
		allOf("unreal5 unreal6", rule{name: "equal", from: "unreal:sjoin.c: merge",
			lines: fullUnreal + ">:0GW SJOIN 2000000 #C +mlk 5 zzz :@0GWAAAAAG &*!*@ours &*!*@BAN\n",
			want:  []string{"channel #c ts=2000000 modes=+mntkl zzz 10", "status=v", "member 0GWAAAAAG status=o", "list b *!*@ban by=x at=1500000", "list b *!*@ours by=gateway", "!*!*@BAN"}}),
		allOf("solanum charybdis", rule{name: "newer", from: "m_join.c:ms_sjoin: keep_new_modes = false", lines: fullTS6 + ">:0GW SJOIN 2100000 #c +mi :@0GWAAAAAG\n",
			want: append([]string{"member 0GWAAAAAG nick=g"}, kept...), ignored: network.IgnoredOlder}),
		allOf("hybrid", rule{name: "newer", from: "hyb:m_sjoin.c: keep_new_modes = false", lines: fullHybrid + ">:0GW SJOIN 2100000 #c +mi :@0GWAAAAAG\n",
			want: append([]string{"member 0GWAAAAAG nick=g"}, kept...), ignored: network.IgnoredOlder}),
		allOf("unreal5 unreal6", rule{name: "newer", from: "unreal:sjoin.c: removetheirs", lines: fullUnreal + ">:0GW SJOIN 2100000 #c +mi :@0GWAAAAAG &*!*@ours\n",
			want: append([]string{"member 0GWAAAAAG nick=g", "!*!*@ours"}, kept...), ignored: network.IgnoredOlder}),
		allOf("solanum charybdis", rule{name: "0 comes", from: "m_join.c:ms_sjoin: making a channel TS0", lines: fullTS6 + ">:0GW SJOIN 0 #c +m :@0GWAAAAAG\n",
			want: []string{"channel #c ts=0 modes=+mntkl kkk 10", "status=v", "member 0GWAAAAAG status=o", "list b *!*@ban"}}),
		allOf("solanum", rule{name: "0 is there", from: "m_join.c:ms_sjoin: oldts == 0", lines: ":0HB SJOIN 0 #c +nt :@0HBAAAAAA\n>:0GW SJOIN 1900000 #c +m :@0GWAAAAAG\n",
			want: []string{"channel #c ts=0 modes=+mnt", "member 0HBAAAAAA status=o", "member 0GWAAAAAG status=o"}}),
		allOf("hybrid", rule{name: "0 comes", from: "hyb:m_sjoin.c: 0 is older than all", lines: fullHybrid + ">:0GW SJOIN 0 #c +m :@0GWAAAAAG\n",
			want: []string{"channel #c ts=0 modes=+m", "!status=v", "!list b", "member 0GWAAAAAG status=o"}}),
		allOf("unreal6", rule{name: "up to 1000000 comes", from: "unreal:sjoin.c: IsInvalidChannelTS", lines: fullUnreal + ">:0GW SJOIN 1000000 #c +m :@0GWAAAAAG\n",
			want: []string{"channel #c ts=2000000 modes=+mntkl kkk 10", "status=v", "member 0GWAAAAAG status=o"}}),
		allOf("unreal6", rule{name: "up to 1000000 creates", from: "unreal:channel.c:make_channel: now", lines: ":0HB SJOIN 5 #c +m :@0HBAAAAAA\n",
			want: []string{"channel #c ts=1800000000 modes=+m"}}),
	))
}

// TestSJOINMembers is about who joins with which status.
func TestSJOINMembers(t *testing.T) {
	runRules(t, join(
		allOf("solanum hybrid unreal6", rule{name: "fake direction", from: "m_join.c:ms_sjoin: target_p->from != client_p; ts6.md 4, unrealircd.md 7",
			lines: ":0HB SJOIN 2000000 #c +nt :@0GWAAAAAG @0HBAAAAAA\n", want: []string{"!member 0GWAAAAAG", "member 0HBAAAAAA status=o"}, ignored: network.IgnoredDirection}),
		allOf("solanum hybrid unreal6", rule{name: "all rejected", from: "ts6.md 4: destroyed again; unreal:sjoin.c: !channel->users",
			lines: ":0HB SJOIN 2000000 #c +nt :@0GWAAAAAG @0HBZZZZZZ\n", want: []string{"!channel #c"}, ignored: network.IgnoredUser}),
		allOf("solanum unreal6", rule{name: "permanent stays empty", from: "m_join.c:ms_sjoin: MODE_PERMANENT; unreal:chanmodes/permanent.c",
			lines: ":0HB SJOIN 2000000 #c +ntP :\n", want: []string{"channel #c ts=2000000 modes=+Pnt"}}),
		allOf("hybrid", rule{name: "no member, no channel", from: "hyb:m_sjoin.c: channel_free", lines: ":0HB SJOIN 2000000 #c +nt :\n", want: []string{"!channel #c"}}),
		allOf("solanum hybrid unreal6", rule{name: "a member again gets no status", from: "m_join.c:ms_sjoin, hyb:m_sjoin.c, unreal:sjoin.c: only behind IsMember",
			lines: ":0HB SJOIN 2000000 #c +nt :0HBAAAAAA\n:0HB SJOIN 2000000 #c +nt :@0HBAAAAAA\n", want: []string{"member 0HBAAAAAA nick=a"}}),
		allOf("unreal6", rule{name: "all statuses", from: "unrealircd.md 0.4", lines: ":0HB SJOIN 2000000 #c +nt :*~@%+0HBAAAAAA *0LFAAAAAB\n",
			want: []string{"member 0HBAAAAAA status=qaohv", "member 0LFAAAAAB status=q "}}),
		allOf("hybrid", rule{name: "halfop", from: "ts6.md 8", lines: ":0HB SJOIN 2000000 #c +nt :%0HBAAAAAA @%+0LFAAAAAB\n",
			want: []string{"member 0HBAAAAAA status=h ", "member 0LFAAAAAB status=ohv"}}),
		allOf("solanum", rule{name: "no modes is not no merge", from: "ts6.md 4: a modes field of 0", lines: fullTS6 + ">:0GW SJOIN 2000000 #c 0 :@0GWAAAAAG\n",
			want: []string{"channel #c ts=2000000 modes=+ntkl kkk 10", "member 0GWAAAAAG status=o"}}),
		allOf("solanum", rule{name: "the hub loses letters of ours", from: "ts6.md 4: mode string bug", lines: ">:0GW SJOIN 2000000 #c +lnst 9 :@0GWAAAAAG\n>:0GW SJOIN 2000000 #d +nstl 9 :@0GWAAAAAG\n",
			want: []string{"channel #c ts=2000000 modes=+stl 9", "channel #d ts=2000000 modes=+nstl 9"}}),
	))
}

// TestMergedParameters is about modes with a parameter at equal timestamps.
func TestMergedParameters(t *testing.T) {
	merged := func(dialect, from, a, b, want string) rule {
		return rule{name: a + " and " + b, from: from, dialect: dialect,
			lines: ":0HB SJOIN 2000000 #c " + a + " :@0HBAAAAAA\n>:0GW SJOIN 2000000 #c " + b + " :@0GWAAAAAG\n", want: []string{"modes=" + want + "\n"}}
	}
	runRules(t, []rule{
		merged("solanum", "strcmp(mode.key, oldmode->key)", "+k b", "+k a", "+k b"),
		merged("solanum", "strcmp(mode.key, oldmode->key)", "+k B", "+k a", "+k a"),
		merged("solanum", "oldmode->limit > mode.limit", "+l 9", "+l 10", "+l 10"),
		merged("solanum", "oldmode->join_num > mode.join_num", "+j 5:10", "+j 10:2", "+j 10:2"),
		merged("solanum", "oldmode->join_time > mode.join_time", "+j 5:10", "+j 5:9", "+j 5:10"),
		merged("solanum", "irccmp(mode.forward, oldmode->forward)", "+f #b", "+f #A", "+f #b"),
		merged("charybdis", "as solanum", "+jk 5:10 x", "+l 3", "+jkl 5:10 x 3"),
		merged("hybrid", "hyb:m_sjoin.c", "+kl z 3", "+kl a 30", "+kl z 30"),
		merged("unreal6", "unreal:chanmodes/key.c:cmode_key_sjoin_check", "+k b", "+k a", "+k b"),
		merged("unreal6", "unreal:chanmodes/limit.c:cmode_limit_sjoin_check", "+l 9", "+l 10", "+l 10"),
		merged("unreal6", "unreal:chanmodes/link.c:cmodeL_sjoin_check", "+L #b", "+L #a", "+L #b"),
		merged("unreal6", "unreal:chanmodes/floodprot.c:cmodef_profile_sjoin_check", "+F strict", "+F normal", "+F strict"),
		merged("unreal6", "unreal:chanmodes/history.c:history_chanmode_sjoin_check", "+H 20:1h", "+H 10:2h", "+H 20:2h"),
		merged("unreal6", "unreal:chanmodes/floodprot.c:cmodef_sjoin_check", "+f [5j#R5,10m#M2]:15", "+f [7j,3t]:10", "+f [7j#i5,10m#M2,3t]:15"),
		merged("unreal6", "unreal:sjoin.c: +s stays when +p comes", "+s", "+p", "+s"),
		merged("unreal6", "unreal:sjoin.c: +p becomes +s", "+p", "+s", "+s"),
		merged("unreal5", "as 6", "+kL b #a", "+l 3", "+Lkl #a b 3"),
	})
}
