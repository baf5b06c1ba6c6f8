package network_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

func dialects() []network.Rules {
	return []network.Rules{network.Solanum(), network.Charybdis(), network.Hybrid(), network.Unreal5(), network.Unreal6()}
}

func newNetwork(t testing.TB, rules network.Rules) *network.Network {
	t.Helper()
	n, err := network.New(rules, network.Us{Server: "gateway.example.net", SID: "0GW", Services: []string{"services.example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	n.SetPeer(s2s.ServerIntroduced{Server: "hub.example.net", SID: "0HB", Hops: 1, Description: "hub"})
	return n
}

// randomNetwork applies random events of both sides.
func randomNetwork(t testing.TB, rules network.Rules, rnd *rand.Rand, events int) *network.Network {
	n := newNetwork(t, rules)
	for i := range events {
		e, own := randomEvent(rnd)
		if own {
			n.Say(1800000000+int64(i), e)
		} else {
			n.Apply(1800000000+int64(i), e)
		}
	}
	return n
}

func pick[T any](rnd *rand.Rand, of ...T) T { return of[rnd.IntN(len(of))] }

// randomEvent makes an event over few names, so that they meet: users of three servers of which one is ours.
func randomEvent(rnd *rand.Rand) (s2s.Event, bool) {
	own := rnd.IntN(4) == 0
	sid := pick(rnd, "0HB", "0LF", "0SV")
	if own {
		sid = pick(rnd, "0GW", "0GX")
	}
	uid := func() s2s.UID { return s2s.UID(fmt.Sprintf("%sAAAAA%c", sid, 'A'+rnd.IntN(8))) }
	anyUID := func() s2s.UID {
		return s2s.UID(fmt.Sprintf("%sAAAAA%c", pick(rnd, "0HB", "0LF", "0SV", "0GW", "0GX"), 'A'+rnd.IntN(8)))
	}
	nick := func() string { return pick(rnd, "a", "B", "b", "C[", "c{", "d", "E", "f", "g", "h", "nick", "Nick") }
	channel := func() string { return pick(rnd, "#a", "#A", "#b{", "#B[", "#c") }
	ts := func() int64 { return pick[int64](rnd, 0, 1000, 1700000000, 1700000001, 1700000002) }
	text := func() string { return pick(rnd, "", "text", "other text", "zz") }
	modes := func() (string, []string) {
		return pick(rnd, "+nt", "+ntk", "+b", "-b", "+o", "-o", "+v-o", "+l", "-l", "-k", "+P", "-P", "+ps", "+s", "+p", "+q", "+f", "+h", "+e-I"),
			[]string{pick(rnd, string(anyUID()), nick(), "5", "12", "*!*@x", "[5j#R5]:15", "key"), pick(rnd, string(anyUID()), nick(), "*!*@X")}
	}
	str := func(s string) *string { return &s }
	u := s2s.Ref(uid())
	s := s2s.Ref(sid)
	at := func(source s2s.Ref, body s2s.Body) s2s.Event { return s2s.Event{Source: source, Body: body} }
	switch rnd.IntN(32) {
	case 0:
		return at(pick[s2s.Ref](rnd, "0HB", "0HB", "0LF", "0GW"), s2s.ServerIntroduced{Server: pick(rnd, "leaf.example.net", "services.example.net", "jupe.example.net", "gx.example.net"), SID: pick[s2s.SID](rnd, "0LF", "0SV", "0GX", ""), Hops: 2, Description: text()}), own
	case 1:
		if rnd.IntN(6) == 0 {
			return at("", s2s.ServerGone{Server: s2s.Ref(pick(rnd, "0LF", "0SV", "0GX", "jupe.example.net", "leaf.example.net")), Reason: text()}), own
		}
		return at(s, s2s.EndOfBurst{}), own
	case 2, 3, 4, 5, 6, 7:
		return at(s, s2s.UserIntroduced{UID: uid(), Nick: nick(), TS: ts(), Hops: 1, Ident: pick(rnd, "i", "j"), Host: pick(rnd, "h", "H", "hh"), RealHost: pick(rnd, "h", "r"), Cloak: pick(rnd, "", "cl"), IP: pick(rnd, "", "1.2.3.4"), Account: pick(rnd, "", "acct"), Modes: pick(rnd, "+", "+i", "+xi", "+ixt", "+ow"), Realname: text()}), own
	case 8:
		return at(u, s2s.NickChanged{Nick: nick(), TS: ts()}), own
	case 9:
		return at(s, s2s.UserSaved{User: anyUID(), TS: ts()}), own
	case 10:
		return at(s, s2s.UserKilled{User: s2s.Ref(anyUID()), Reason: text(), Quiet: rnd.IntN(2) == 0}), own
	case 11:
		return at(u, s2s.UserQuit{Reason: text()}), own
	case 12:
		return at(s, s2s.UserChanged{User: s2s.Ref(anyUID()), Host: str(pick(rnd, "new.host", "h")), Account: str(pick(rnd, "", "acct2"))}), own
	case 13:
		return at(u, s2s.UserChanged{User: u, Nick: str(nick()), NickTS: &[]int64{ts()}[0], Ident: str("k"), Certificate: str(pick(rnd, "", "cafe"))}), own
	case 14:
		return at(u, s2s.UserModes{User: u, Modes: pick(rnd, "+i-o", "+o", "-x", "+x", "+t", "-t", "+Z")}), own
	case 15:
		return at(u, s2s.Away{Text: text()}), own
	case 16:
		return at(u, s2s.Oper{Operator: "op", Privileges: text()}), own
	case 17, 18, 19, 20:
		m, p := modes()
		return at(s, s2s.ChannelBurst{Channel: channel(), TS: ts(), HasModes: rnd.IntN(2) == 0, Modes: m, Params: p,
			Members: []s2s.Member{{User: uid(), Status: pick(rnd, "", "o", "ov", "qo", "v")}, {User: anyUID()}},
			Lists:   []s2s.ListEntry{{Letter: pick(rnd, "b", "e", "I"), Mask: pick(rnd, "*!*@x", "*!*@X", "y!*@*"), SetBy: text(), SetAt: ts()}}}), own
	case 21:
		return at(u, s2s.Join{Channel: channel(), TS: ts(), HasTS: rnd.IntN(4) > 0}), own
	case 22:
		return at(u, s2s.Part{Channels: []string{channel(), channel()}, Reason: text()}), own
	case 23:
		return at(pick(rnd, s, u), s2s.Kick{Channel: channel(), User: s2s.Ref(anyUID()), Reason: text()}), own
	case 24, 25, 26:
		m, p := modes()
		return at(pick(rnd, s, u), s2s.ChannelModes{Channel: channel(), TS: ts(), HasTS: rnd.IntN(3) > 0, Modes: m, Params: p, Service: rnd.IntN(8) == 0}), own
	case 27:
		return at(pick(rnd, s, u), s2s.Topic{Channel: channel(), Text: text(), Setter: text(), SetAt: ts(), TS: ts(), Rule: pick(rnd, s2s.TopicAlways, s2s.TopicOlder, s2s.TopicNewer, s2s.TopicETB)}), own
	case 28:
		return at(s, s2s.ListBurst{Channel: channel(), TS: ts(), Entries: []s2s.ListEntry{{Letter: pick(rnd, "b", "q", "e"), Mask: pick(rnd, "*!*@x", "z!*@*")}}}), own
	case 29:
		return at(s, s2s.ModeLock{Channel: channel(), TS: ts(), LockTS: ts(), Letters: pick(rnd, "", "nt")}), own
	case 30:
		return at(s, s2s.NetworkBan{Kind: pick(rnd, "kline", "gline", "spamfilter"), Remove: rnd.IntN(3) == 0, User: pick(rnd, "*", "u"), Host: pick(rnd, "h", "H"), SetAt: ts(), Duration: pick[int64](rnd, 0, 60), Lifetime: pick[int64](rnd, 0, 100), Reason: text()}), own
	}
	return at(s, pick[s2s.Body](rnd, s2s.Metadata{Kind: "client", Target: string(anyUID()), Key: pick(rnd, "certfp", "operlogin", "cloak", "x"), Value: text()},
		s2s.SWhois{User: s2s.Ref(anyUID()), Remove: rnd.IntN(3) == 0, Tag: pick(rnd, "t", ""), Text: text()},
		s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetUser, Target: string(anyUID()), Text: "hi"}, s2s.PartAll{},
		s2s.Invite{User: s2s.Ref(anyUID()), Channel: channel()}, s2s.Knock{Channel: channel()}, s2s.Force{Action: "nick", User: s2s.Ref(anyUID()), Params: []string{"x"}})), own
}

// FuzzApply holds that no series of events breaks the model, whatever the order, and that it can be told again.
func FuzzApply(f *testing.F) {
	f.Add(uint64(1), uint64(1), uint16(50))
	f.Fuzz(func(t *testing.T, a, b uint64, events uint16) {
		rules := dialects()[a%5]
		n := randomNetwork(t, rules, rand.New(rand.NewPCG(a, b)), int(events%2000))
		if err := n.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
		checkRebuilt(t, n, rebuilt(t, n, asIs), rules.Dialect)
		n.End(1, "end")
		if err := n.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzLines holds the same for lines, read by each codec.
func FuzzLines(f *testing.F) {
	for _, r := range recordings(f) {
		if len(r.lines) > 150 {
			continue
		}
		var text string
		for _, l := range r.lines {
			text += l.Line + "\n"
		}
		f.Add(byte(len(text)), text)
	}
	f.Fuzz(func(t *testing.T, which byte, text string) {
		rules := dialects()[int(which)%5]
		n := newNetwork(t, rules)
		codec := codecFor(rules.Dialect)
		applyText(n, codec, text)
		if err := n.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
	})
}
