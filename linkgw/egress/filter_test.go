package egress

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

func usOf(p Protocol) Us {
	return Us{Protocol: p, Server: "gw.example.net", SID: "9GW", Observer: "9GWAAAAAA"}
}

// TestFilterBlocks holds lines that would be felt by others, each of which some fault could make.
func TestFilterBlocks(t *testing.T) {
	for _, p := range []Protocol{TS6, Unreal} {
		f := NewFilter(usOf(p))
		f.linked = true
		for _, line := range []string{
			"", " ", ":", ": PING x", ":9GW", "PING :9GW\r\n:9GW KILL x :y", "@time=x :9GW PONG gw.example.net :00A",
			":9GW KILL 00AAAAAAA :x", ":9GWAAAAAA KILL 00AAAAAAA :x", "KILL 00AAAAAAA :x",
			":9GW MODE #c +o x", ":9GW TMODE 1 #c +o 9GWAAAAAA", ":9GW TOPIC #c x 1 :y", ":9GWAAAAAA TOPIC #c :y", ":9GW KICK #c x :y",
			":9GWAAAAAA PRIVMSG #c :hi", ":9GWAAAAAA NOTICE #c :hi", ":9GW NOTICE $$* :hi", ":9GW WALLOPS :x", ":9GW ENCAP * KLINE x",
			":9GW SVSNICK x y 1", ":9GW TKL + G * x y 0 0 :z", ":9GW SQUIT leaf.example.net :x", ":9GW SQUIT 00B :x", "SQUIT 00B :x",
			":00A PONG hub.example.net :9GW", ":00AAAAAAA QUIT :x", ":alice QUIT :x", ":9GW QUIT :x", ":9GWAAAAAB QUIT :x",
			":9GW SID evil.example.net 2 9EV :x", ":9GW SERVER evil.example.net 2 :x", "SERVER gw.example.net 1 :x", "PASS :x",
			":9GW SJOIN 1 #c + :@9GWAAAAAA", ":9GW SJOIN 1 #c +nt :9GWAAAAAA", ":9GW SJOIN 0 #c + :9GWAAAAAA", ":9GW SJOIN 1 #c :@9GWAAAAAA",
			":9GW SJOIN 1 #c :9GWAAAAAA 00AAAAAAA", ":9GW SJOIN 1 #c + :00AAAAAAA", ":9GW SJOIN 1 &c + :9GWAAAAAA", ":9GWAAAAAA JOIN 0", ":9GWAAAAAA PART 0",
			":9GWAAAAAA MODE 9GWAAAAAA +o", ":9GWAAAAAA OPER x y", ":9GW SAVE 00AAAAAAA 1", ":9GW BMASK 1 #c b :*!*@*", ":9GW 001 #c :x", ":9GW 351 #c :x", ":9GW 351 * :x",
			":9GW EUID o 1 1 +o u h 0 9GWAAAAAA * * :x", ":9GW EUID o 1 1 +i u h 0 9GWAAAAAB * * :x", ":9GW EUID o 1 1 +i u h 0 9GWAAAAAA * admin :x",
			":9GW UID o 1 1 u h 9GWAAAAAA 0 +io * * * :x", ":9GW UID o 1 1 u h 00AAAAAAA 0 +i * * * :x", strings.Repeat("x", 511),
			":9GW PING 00A :00A", ":9GW SVINFO 6 6 0 :1", "PROTOCTL SID=9GW", "CAPAB :X", ":9GW SINFO 1 2 3 4 5 6", ":9GWAAAAAA NICK x 0",
			":9GWAAAAAA AWAY :x", ":9GWAAAAAA INVITE 00AAAAAAA #c 1", ":9GWAAAAAA JOIN 1 #c +", ":9GW KNOCK #c",
		} {
			if _, reason := f.Check(line); reason == "" {
				t.Errorf("%s: %q may be sent", p, line)
			}
		}
	}
}

// TestGuardSays holds that all that can be said passes the filter, in each protocol and dialect.
func TestGuardSays(t *testing.T) {
	says := []Say{
		Probe{Peer: "hub.example.net"}, Answer{To: "00AAAAAAA", Code: 351, Params: []string{"RobustIRC", "gw.example.net", "a link"}},
		Introduce{UID: "9GWAAAAAA", Nick: "watch", Ident: "watch", Host: "gw.example.net", Realname: "It reads", TS: 1790000000},
		Enter{UID: "9GWAAAAAA", Channel: "#c", TS: 1780000000}, Leave{UID: "9GWAAAAAA", Channel: "#c", Reason: "alone"},
		Rename{UID: "9GWAAAAAA", Nick: "Guest1", TS: 1790000001}, Withdraw{UID: "9GWAAAAAA", Reason: "done"},
		Goodbye{Peer: "00A", Reason: "done"}, Goodbye{Reason: "never stood"},
	}
	for name, c := range map[string]struct {
		us    Us
		codec s2s.Codec
	}{
		"solanum": {usOf(TS6), ts6.NewCodec(ts6.Solanum, "EUID", "SAVE", "TB")},
		"hybrid":  {usOf(TS6), ts6.NewCodec(ts6.Hybrid, "EOB", "RHOST")},
		"unreal":  {usOf(Unreal), new(unreal.Codec)},
	} {
		var out bytes.Buffer
		var tapped []string
		g := NewGuard(c.us, func() s2s.Codec { return c.codec }, &out, func(line string) { tapped = append(tapped, line) })
		g.Peer("hub.example.net", "00A")
		g.Linked()
		for _, s := range says {
			if err := g.Say(s); err != nil {
				t.Errorf("%s: %#v: %v", name, s, err)
			}
		}
		if out.String() != strings.Join(tapped, "\r\n")+"\r\n" || len(tapped) != len(says) {
			t.Errorf("%s: sent %q, tapped %q", name, out.String(), tapped)
		}
	}
}

// TestBlockedIsNotSent holds that a fault in what a link makes is dropped, counted and told.
func TestBlockedIsNotSent(t *testing.T) {
	var out bytes.Buffer
	g := NewGuard(usOf(TS6), func() s2s.Codec { return ts6.NewCodec(ts6.Solanum) }, &out, nil)
	err := g.Say(Duty{Lines: []string{":9GW PONG gw.example.net :00A", ":9GW KILL 00AAAAAAA :secret words", ":9GW PONG gw.example.net :00B"}})
	var blocked *BlockedError
	if !errors.As(err, &blocked) || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	if out.String() != ":9GW PONG gw.example.net :00A\r\n:9GW PONG gw.example.net :00B\r\n" {
		t.Errorf("%q", out.String())
	}
	if s := g.Stats(); s.Blocked["other"] != 1 || s.Sent["PONG"] != 2 {
		t.Errorf("%+v", s)
	}
	if err := g.Say(Enter{UID: "9GWAAAAAA", Channel: "#c", TS: 0}); !errors.As(err, &blocked) {
		t.Errorf("a timestamp of 0 was sent: %v", err)
	}
}

// FuzzFilter holds that what passes is one line that names nobody but us and our observer as its source.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{":9GW PONG gw.example.net :00A", ":9GW SJOIN 1 #c + :9GWAAAAAA", ":9GWAAAAAA PART #c :x", "PING :9GW"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, p := range []Protocol{TS6, Unreal} {
			if _, reason := NewFilter(usOf(p)).Check(line); reason != "" {
				continue
			}
			if len(line) > 510 || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q", line)
			}
			if strings.HasPrefix(line, ":") && !strings.HasPrefix(line, ":9GW ") && !strings.HasPrefix(line, ":9GWAAAAAA ") && !strings.HasPrefix(line, ":gw.example.net ") {
				t.Errorf("%q", line)
			}
		}
	})
}
