//go:build realpeers

package ts6

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"robustirc/s2s"
)

// said is an event of ours, and what a link elsewhere is told by it.
type said struct {
	only   Dialect // "" is both
	source s2s.Ref
	body   s2s.Body
	told   s2s.Body // nil: the same
}

func ptr(s string) *string { return &s }

// testRelay says every kind of event that servers pass on, and holds that a second link is told the same: the server
// understood us, and we it.
func testRelay(t *testing.T, s realServer) {
	gateway := dialLink(t, s, gatewayID(), Options{Dialect: s.dialect})
	gateway.await(t, "the link stands", func() bool { return gateway.link.Established() })
	id := gatewayID()
	id.Server, id.SID = "second.example.net", "00H"
	second := dialLink(t, s, id, Options{Dialect: s.dialect})
	second.await(t, "the link stands", func() bool { return second.link.Established() })
	second.send(second.link.EndBurst()...)
	gateway.send(gateway.link.EndBurst()...)
	second.await(t, "the burst ends", func() bool { return second.burstEnded && second.ponged })
	gateway.await(t, "the burst ends", func() bool { return gateway.burstEnded && gateway.ponged })

	ts := time.Now().Unix() - 600
	second.say(t, "00H", s2s.UserIntroduced{UID: "00HAAAAAC", Nick: "carl", TS: ts, Hops: 1, Ident: "id", Host: "h.example", RealHost: "h.example", Modes: "+i", Realname: "C"})
	gateway.await(t, "there is somebody to talk to", func() bool { return gateway.saw("user_introduced", "carl") })
	for _, c := range relayed(ts) {
		if c.only != "" && c.only != s.dialect {
			continue
		}
		want := c.body
		if c.told != nil {
			want = c.told
		}
		from := len(second.events)
		gateway.ponged = false
		gateway.sayTo(t, c.source, maskOf(c.body), c.body)
		gateway.send("PING :00G")
		gateway.await(t, "the server has read "+c.body.Name(), func() bool { return gateway.ponged })
		// A PING of the second link comes back behind what the server sent before.
		second.ponged = false
		second.send("PING :00H")
		second.await(t, "the second link is told of "+c.body.Name(), func() bool { return second.ponged })
		if !told(second.events[from:], c.source, want) {
			t.Errorf("want    %s\ntold of %s", list([]s2s.Event{{Source: c.source, Body: want}}), list(second.events[from:]))
		}
	}
	if len(gateway.odd)+len(second.odd) > 0 {
		t.Errorf("not understood: %q %q", gateway.odd, second.odd)
	}
	second.close()
	gateway.close()
}

// maskOf is the servers that must hear what only the user's own server can do.
func maskOf(b s2s.Body) string {
	switch b.(type) {
	case s2s.Force, s2s.SASL:
		return "second.example.net"
	}
	return ""
}

func told(events []s2s.Event, source s2s.Ref, want s2s.Body) bool {
	for _, e := range events {
		if (e.Source == source || e.Source == "") && reflect.DeepEqual(e.Body, want) { // solanum's SQUIT has no source
			return true
		}
	}
	return false
}

func list(events []s2s.Event) (text string) {
	for _, e := range events {
		data, _ := json.Marshal(e)
		text += "\n\t" + string(data)
	}
	return text
}

// relayed is a conversation of two users behind us. Hops grow by one on the way.
func relayed(ts int64) []said {
	user := func(uid s2s.UID, nick string, hops int) s2s.UserIntroduced {
		return s2s.UserIntroduced{UID: uid, Nick: nick, TS: ts, Hops: hops, Ident: "id", Host: "h.example", RealHost: "real.example", IP: "192.0.2.1", Account: "acct", Modes: "+i", Realname: "R"}
	}
	const a, b, c = "00GAAAAAA", "00GAAAAAB", "00HAAAAAC"
	signon := func(ts int64) s2s.UserChanged {
		return s2s.UserChanged{User: a, Nick: ptr("anna3"), NickTS: &ts, Ident: ptr("id2"), Host: ptr("h2.example"), Account: ptr("acct3")}
	}
	channel := s2s.ChannelBurst{Channel: "#r", TS: ts, HasModes: true, Modes: "+nt", Members: []s2s.Member{{User: a, Status: "o"}}}
	entry := s2s.ListEntry{Letter: "b", Mask: "x!*@*", SetBy: "n!u@h", SetAt: ts}
	undated := s2s.ListEntry{Letter: "b", Mask: "x!*@*"}
	server := s2s.ServerIntroduced{Server: "behind.example.net", SID: "00X", Hops: 2, Description: "Behind"}
	further := server
	further.Hops = 3
	return []said{
		{"", "00G", user(a, "anna", 1), user(a, "anna", 2)},
		{"", "00G", user(b, "bert", 1), user(b, "bert", 2)},
		{"", "00G", channel, nil},
		{"", b, s2s.Join{Channel: "#r", TS: ts, HasTS: true}, nil},
		{"", a, s2s.NickChanged{Nick: "anna2", TS: ts + 1}, nil},
		{"", a, s2s.Away{Text: "out"}, nil},
		{"", a, s2s.Away{}, nil},
		{"", a, s2s.UserModes{User: a, Modes: "+w"}, nil},
		{Solanum, a, s2s.Oper{Operator: "god", Privileges: "default"}, nil},
		{Solanum, "00G", s2s.UserChanged{User: a, Host: ptr("v.example")}, nil},
		{Solanum, a, s2s.UserChanged{User: a, Certificate: ptr("abc")}, nil},
		{Hybrid, a, s2s.UserChanged{User: a, Certificate: ptr("abc")}, nil},
		{Hybrid, "00G", s2s.Metadata{Kind: "client", Target: a, Key: "cipher", Value: "c"}, nil},
		{"", a, s2s.ChannelModes{Channel: "#r", TS: ts, HasTS: true, Modes: "+vk", Params: []string{b, "key"}}, nil},
		{"", a, s2s.ChannelModes{Channel: "#r", TS: ts, HasTS: true, Modes: "-k", Params: []string{"*"}}, nil},
		{"", "00G", s2s.ChannelModes{Channel: "#r", TS: ts, HasTS: true, Modes: "+m"}, nil},
		{Solanum, "00G", s2s.ListBurst{Channel: "#r", TS: ts, Entries: []s2s.ListEntry{entry}}, nil},
		{Hybrid, "00G", s2s.ListBurst{Channel: "#r", TS: ts, Entries: []s2s.ListEntry{undated}}, nil},
		{"", a, s2s.Topic{Channel: "#r", Text: "t: é", Rule: s2s.TopicAlways}, nil},
		{Solanum, "00G", s2s.Topic{Channel: "#r", Text: ":forced", Setter: "n!u@h", SetAt: ts, Rule: s2s.TopicETB}, nil},
		{Hybrid, "00G", s2s.Topic{Channel: "#r", Text: ":newer", Setter: "n!u@h", SetAt: ts + 86400, TS: ts, Rule: s2s.TopicETB}, nil},
		{Solanum, "00G", s2s.ModeLock{Channel: "#r", TS: ts, Letters: "nt"}, nil},
		{"", a, s2s.OperMessage{Kind: "WALLOPS", Text: "w"}, nil},
		{Solanum, a, s2s.OperMessage{Kind: "OPERWALL", Text: "w"}, nil},
		{Solanum, "00G", s2s.OperMessage{Kind: "SNOTE", Audience: "s", Text: "w"}, nil},
		{Hybrid, "00G", s2s.OperMessage{Kind: "GLOBOPS", Text: "w"}, nil},
		{Solanum, "00G", s2s.ServerInfo{Kind: "GCAP", Facts: []s2s.Fact{{Key: "QS"}}}, nil},
		{Solanum, "00G", s2s.NetworkBan{Kind: "kline", User: "*", Host: "192.0.2.77", SetBy: "n!u@h{god}", SetAt: ts, Duration: 3600, Lifetime: 3600, Reason: "r", OperReason: "o"}, nil},
		{Solanum, "00G", s2s.NetworkBan{Kind: "kline", User: "*", Host: "192.0.2.77", SetBy: "n!u@h{god}", SetAt: ts + 1, Remove: true, Lifetime: 3600, Reason: "r"}, nil},
		{"", a, s2s.Kick{Channel: "#r", User: b, Reason: "out"}, nil},
		{"", b, s2s.Join{Channel: "#r", TS: ts, HasTS: true}, nil},
		{"", b, s2s.Part{Channels: []string{"#r"}, Reason: "bye"}, nil},
		{"", a, s2s.ChannelModes{Channel: "#r", TS: ts, HasTS: true, Modes: "+i"}, nil},
		{"", b, s2s.Knock{Channel: "#r"}, nil},
		{"", a, s2s.Invite{User: c, Channel: "#r", TS: ts}, nil},
		{"", a, s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetUser, Target: c, Text: "hi"}, nil},
		{"", "00G", s2s.Message{Kind: s2s.Notice, TargetKind: s2s.TargetUser, Target: c, Text: "hi"}, nil},
		{"", "00G", s2s.Numeric{Code: 401, Target: c, Params: []string{"x", "No such nick/channel"}}, nil},
		{"", a, s2s.Query{Command: "VERSION", Params: []string{"00H"}}, nil},
		{"", a, s2s.Query{Command: "WHOIS", Params: []string{c, "carl"}}, nil},
		// What services do.
		{Solanum, "00G", s2s.UserChanged{User: c, Account: ptr("acct2")}, nil},
		{Solanum, "00G", s2s.UserChanged{User: c, Account: ptr("")}, nil},
		{Solanum, "00G", s2s.Force{Action: "nick", User: c, Params: []string{"carl2"}, TS: ts, IfTS: ts}, nil},
		{Solanum, "00G", s2s.Force{Action: "login", User: c, Params: []string{"*", "*", "*", "acct"}}, nil},
		{Solanum, "00G", s2s.SASL{From: a, To: c, Step: "D", Params: []string{"S"}}, nil},
		{Solanum, "00G", s2s.NickHold{Nick: "held", Seconds: 30}, nil},
		// solanum passes the nick's old time on (m_signon.c:send_signon writes it before it changes).
		{Solanum, a, signon(ts + 2), signon(ts + 1)},
		{Hybrid, "00G", s2s.UserChanged{User: c, Account: ptr("acct2"), IfTS: ts}, nil},
		{Hybrid, "00G", s2s.UserChanged{User: c, Account: ptr(""), IfTS: ts}, nil},
		{Hybrid, "00G", s2s.UserChanged{User: c, Host: ptr("v.example"), IfTS: ts}, nil},
		{Hybrid, "00G", s2s.UserModes{User: c, Modes: "+r", IfTS: ts}, nil},
		{Hybrid, "00G", s2s.Force{Action: "nick", User: c, Params: []string{"carl2"}, TS: ts, IfTS: ts}, nil},
		{Hybrid, "00G", s2s.Force{Action: "join", User: c, Params: []string{"#x"}}, nil},
		{Hybrid, "00G", s2s.Force{Action: "part", User: c, Params: []string{"#x", "out"}}, nil},
		{Hybrid, "00G", s2s.UserKilled{User: c, Reason: "why", Quiet: true, IfTS: ts}, nil},
		{Hybrid, "00G", s2s.SWhois{User: c, Text: "is tagged", Numeric: 320, Modes: "+o", IfTS: ts}, nil},
		{Hybrid, "00G", s2s.SWhois{User: c, Remove: true, IfTS: ts}, nil},
		{Hybrid, "00G", s2s.ModeLock{Channel: "#r", TS: ts, LockTS: ts, Letters: "nt"}, nil},
		{"", "00G", server, further},
		{Hybrid, "00X", s2s.EndOfBurst{}, nil},
		{"", "00G", s2s.ServerGone{Server: "00X", Reason: "gone"}, nil},
		{"", a, s2s.UserKilled{User: b, Path: "gateway.example.net!x", Reason: "why"}, nil},
		{"", a, s2s.UserQuit{Reason: "bye"}, nil},
	}
}
