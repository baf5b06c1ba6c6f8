package ircserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"robustirc/core/irc"
)

// gatewayServer is a network with one client, alice, who is alone in #a, and a gateway.
type gatewayServer struct {
	*Server
	t    testing.TB
	link SessionID
	id   uint64
}

func newGatewayServer(t testing.TB, style string) *gatewayServer {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Gateways = []Gateway{{Name: "canary"}, {Name: "other"}}
	s := &gatewayServer{Server: New(cfg), t: t}
	s.Apply(&Input{Kind: KindCreate, Time: 2e18, Remote: "192.0.2.1"})
	for _, line := range []string{"NICK alice", "USER a 0 * :Alice", "JOIN #a"} {
		s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: 1, Text: line})
	}
	s.open(style)
	return s
}

// open makes another link of the gateway.
func (s *gatewayServer) open(style string) {
	s.t.Helper()
	s.Apply(&Input{Kind: KindCreate, Time: 2e18, Remote: "192.0.2.2"})
	s.link, s.id = SessionID(s.inputs), 0
	s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: s.link, Text: "PASS :*", Granted: "gateway:canary"})
	s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: s.link, Text: "GATEWAY canary " + style})
	if s.gateways[s.link] == nil {
		s.t.Fatal("the session did not become a gateway's link")
	}
}

// do posts a line of the gateway.
func (s *gatewayServer) do(format string, args ...any) []Output {
	s.t.Helper()
	s.id++
	return s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: s.link, ClientMsgID: SequentialID | s.id, Text: fmt.Sprintf(format, args...)})
}

// bring brings a user and returns its session.
func (s *gatewayServer) bring(uid, nick string) SessionID {
	s.t.Helper()
	s.do("USER %s %s id host.example 192.0.2.7 1700000000 * * + :A user", uid, nick)
	u := s.gateways[s.link].users[uid]
	if u == nil {
		s.t.Fatalf("%s was not brought", uid)
	}
	return u.id
}

// TestOutputsNameTheirCause: what comes of a gateway's line names its id, and nothing else does.
func TestOutputsNameTheirCause(t *testing.T) {
	s := newGatewayServer(t, "firehose")
	s.bring("0AA", "bob")
	for _, line := range []string{"MEMBERS #a 1 o,0AA", ":0AA PRIVMSG #a :x", "STATE x", "NICK nobody x", ":0AA JOIN #b"} {
		outs := s.do("%s", line)
		if len(outs) == 0 {
			t.Errorf("nothing comes of %s", line)
		}
		for _, o := range outs {
			if o.Cause != SequentialID|s.id {
				t.Errorf("%s: %q has the cause %x", line, o.Line, o.Cause)
			}
		}
	}
	for _, o := range s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: 1, ClientMsgID: 77, Text: "PRIVMSG #a :x"}) {
		if o.Cause != 0 {
			t.Errorf("%q has a cause", o.Line)
		}
	}
}

// TestStreamsOfGateways: in style sessions every user opens a stream; a link of the other style that takes over closes or
// opens those of all.
func TestStreamsOfGateways(t *testing.T) {
	s := newGatewayServer(t, "sessions")
	want := func(what string, opened, closed []SessionID) {
		t.Helper()
		o, c := s.Streams()
		if !slices.Equal(o, opened) || !slices.Equal(c, closed) {
			t.Errorf("%s: opened %v, closed %v, want %v, %v", what, o, c, opened, closed)
		}
	}
	bob := s.bring("0AA", "bob")
	want("a user in style sessions", []SessionID{bob}, nil)
	s.do("MEMBERS #a 1 ,0AA")
	want("another line", nil, nil)
	if info, _ := s.Session(bob); info.Firehose || info.Gateway != "canary" || info.Owner != s.link {
		t.Errorf("the user is %+v", info)
	}
	s.open("firehose")
	want("a link of style firehose", nil, []SessionID{bob})
	if info, _ := s.Session(bob); !info.Firehose || info.Owner != s.link {
		t.Errorf("after the takeover the user is %+v", info)
	}
	carol := s.bring("0AB", "carol")
	want("a user in style firehose", nil, nil)
	outs := s.Apply(&Input{Kind: KindLine, Time: 2e18, Session: 1, Text: "PRIVMSG #a :x"})
	if g := slices.Collect(outs[0].To.Gateways); len(g) != 1 || g[0].Link != s.link || !slices.Equal(g[0].Users, []SessionID{bob}) {
		t.Errorf("a message is filed under %+v", g)
	}
	s.open("sessions")
	want("a link of style sessions", []SessionID{bob, carol}, nil)
}

// TestGatewayBounds: what a gateway brings is bounded where it may go beyond the limits of clients.
func TestGatewayBounds(t *testing.T) {
	s := newGatewayServer(t, "firehose")
	bob := s.bring("0AA", "bob")
	for i := range gatewayChannels + 5 {
		s.do("MEMBERS #%d 1 ,0AA", i)
	}
	if n := len(s.sessions[bob].channels); n != gatewayChannels {
		t.Errorf("the user is on %d channels", n)
	}
	if outs := s.do(":0AA JOIN #more"); !strings.Contains(outs[len(outs)-1].Line, "REFUSED JOIN #more :A user is on at most") {
		t.Errorf("JOIN beyond the bound: %+v", outs)
	}
	for i := range gatewayListEntries + 5 {
		s.do("ENTRY #a +b *!*@h%d.example someone 1", i)
	}
	if n := len(s.channels["#a"].lists['b']); n != gatewayListEntries {
		t.Errorf("the list has %d entries", n)
	}
	if outs := s.do("MODE #a * +b x!*@*"); len(outs) != 1 || !strings.Contains(outs[0].Line, "REFUSED MODE #a :x!*@* Channel list is full") {
		t.Errorf("an entry beyond the bound: %+v", outs)
	}
	for i := range gatewayRefusals + 5 {
		s.do(":X%d AWAY", i)
	}
	if n := len(s.gateways[s.link].refused); n != gatewayRefusals {
		t.Errorf("%d uids are remembered that are nobody", n)
	}
	if outs := s.do("REALNAME 0AA :%s", strings.Repeat("x", gatewayLine)); len(outs) != 1 || !strings.Contains(outs[0].Line, "REFUSED REALNAME 0AA :A line has at most") {
		t.Errorf("a line that is too long: %+v", outs)
	}
	for _, o := range s.do("STATE x") {
		if len(o.Line) > gatewayLine {
			t.Errorf("a line of %d bytes", len(o.Line))
		}
	}
	checkInvariants(t, s.Server)
}

// TestManyMembersFitTheirLines: MEMBERS of a large channel comes in lines that are as long as they may be, and whole.
func TestManyMembersFitTheirLines(t *testing.T) {
	s := newGatewayServer(t, "firehose")
	for i := range 1000 {
		uid := fmt.Sprintf("0AAAAA%03d", i)
		s.bring(uid, fmt.Sprintf("u%d", i))
		s.do("MEMBERS #big 1 ov,%s", uid)
	}
	lines, members := 0, map[string]bool{}
	for _, o := range s.do("STATE x") {
		if len(o.Line) > gatewayLine {
			t.Errorf("a line of %d bytes", len(o.Line))
		}
		var m irc.Message
		if m.Parse(o.Line) == nil && m.Command == "MEMBERS" {
			lines++
			for _, word := range strings.Fields(strings.Join(m.Params()[1:], " ")) {
				members[word] = true
			}
		}
	}
	if len(members) != 1000 || !members["ov,0AAAAA999"] || lines > 4 {
		t.Errorf("%d members in %d lines", len(members), lines)
	}
}

// TestThousandsLeaveAtOnce: a link that ends with many users in one channel costs what those who stay see of it.
func TestThousandsLeaveAtOnce(t *testing.T) {
	s := newGatewayServer(t, "firehose")
	const users = 5000
	var uids []string
	for i := range users {
		uid := fmt.Sprintf("0A%04d", i)
		s.bring(uid, fmt.Sprintf("u%d", i))
		uids = append(uids, ","+uid)
	}
	joins := 0
	for group := range slices.Chunk(uids, 300) {
		for _, o := range s.do("MEMBERS #a 1 %s", strings.Join(group, " ")) {
			joins += btoi(o.To.has(1))
		}
	}
	if joins != users {
		t.Errorf("alice saw %d join", joins)
	}
	outs := s.Apply(&Input{Kind: KindDelete, Time: 2e18, Session: s.link, Text: "split"})
	quits, recipients := 0, 0
	for _, o := range outs {
		quits += btoi(strings.HasSuffix(o.Line, " QUIT :split"))
		recipients += o.To.Len()
	}
	if quits != users || recipients != 2*users+1 || len(s.sessions) != 1 {
		t.Errorf("%d quits to %d recipients, %d sessions are left", quits, recipients, len(s.sessions))
	}
	checkInvariants(t, s.Server)
}

// FuzzGateway lets a gateway post two lines it likes: the machine neither fails nor contradicts itself, says nothing that
// is no line, and is the same when it is saved and loaded.
func FuzzGateway(f *testing.F) {
	for _, row := range gatewayTable {
		f.Add(row.name+" 0AA #a * x 1 1 * * + :y", row.name+" #a 1 0AA irc.example 5 x")
	}
	for name := range guestCommands {
		f.Add(":0AA "+name+" #a,#b 0AB,alice :x", ":0AA "+name+" bob +io-v 0AB :x")
	}
	f.Add("GONE 0AA 0AB a b c d e f g h i j k l m :a b", "MEMBERS #b 1 o,0AA v,0AB qaohv, , ,,")
	f.Add("CHANNEL #a 1 * +ntklfjps x 5 #b 1:1", "MODE #a * +oooovb-k 0AA 0AB alice bob x *!*@* y")
	f.Fuzz(func(t *testing.T, a, b string) {
		s := newGatewayServer(t, "firehose")
		s.bring("0AA", "bob")
		s.bring("0AB", "carol")
		s.do("MEMBERS #a 1 ,0AA o,0AB")
		for _, line := range []string{a, b, a} {
			outs := s.do("%s", line)
			checkInvariants(t, s.Server)
			checkModeInvariants(t, s.Server)
			checkGatewayLines(t, s, outs)
		}
		reload(t, s.Server)
	})
}

// checkGatewayLines wants lines that can be parsed, those of clients no longer than such may be.
func checkGatewayLines(t *testing.T, s *gatewayServer, outs []Output) {
	t.Helper()
	for _, o := range outs {
		most := irc.MaxLine - 2
		if len(o.To.list) == 1 && o.To.list[0].Session == s.link {
			most = gatewayLine
		}
		var m irc.Message
		if err := m.Parse(o.Line); err != nil || len(o.Line) > most {
			t.Errorf("%q of %d bytes: %v", o.Line, len(o.Line), err)
		}
	}
}

// TestGatewaysOfTheConfiguration: names are words, there once, and not too many.
func TestGatewaysOfTheConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		valid  bool
	}{
		"one":            {func(c *Config) { c.Gateways = []Gateway{{Name: "canary.example_1-2"}} }, true},
		"without a name": {func(c *Config) { c.Gateways = []Gateway{{}} }, false},
		"two words":      {func(c *Config) { c.Gateways = []Gateway{{Name: "a b"}} }, false},
		"long":           {func(c *Config) { c.Gateways = []Gateway{{Name: strings.Repeat("a", 33)}} }, false},
		"twice":          {func(c *Config) { c.Gateways = []Gateway{{Name: "a"}, {Name: "a"}} }, false},
		"an operator":    {func(c *Config) { c.Operators = []Operator{{Name: "gateway:canary"}} }, false},
		"many": {func(c *Config) {
			for i := range maxGateways + 1 {
				c.Gateways = append(c.Gateways, Gateway{Name: fmt.Sprint(i)})
			}
		}, false},
	} {
		cfg := DefaultConfig()
		c.change(&cfg)
		if err := cfg.Validate(); (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkGatewayBurst brings 20,000 users on 5,000 channels, of which some are large, as a gateway does that links to a
// network: in all some 60,000 memberships.
func BenchmarkGatewayBurst(b *testing.B) {
	const users, channels = 20000, 5000
	for b.Loop() {
		s := newGatewayServer(b, "firehose")
		on := make([][]string, channels)
		for i := range users {
			uid := fmt.Sprintf("0AA%06d", i)
			s.bring(uid, fmt.Sprintf("user%d", i))
			for k := range 3 {
				at := (i*7919 + k*104729) % channels
				if k == 0 {
					at = at * at / channels / 20 // the first 250 hold a third of all
				}
				on[at] = append(on[at], ","+uid)
			}
		}
		for i, list := range on {
			for group := range slices.Chunk(list, 200) {
				s.do("MEMBERS #c%d 1600000000 %s", i, strings.Join(group, " "))
			}
			s.do("CHANNEL #c%d 1600000000 * +nt", i)
		}
	}
}

// BenchmarkGatewayMessage is a message of a gateway's user to a channel with 500 of them and one client.
func BenchmarkGatewayMessage(b *testing.B) {
	s := newGatewayServer(b, "firehose")
	for i := range 500 {
		uid := fmt.Sprintf("0AA%06d", i)
		s.bring(uid, fmt.Sprintf("user%d", i))
		s.do("MEMBERS #a 1600000000 ,%s", uid)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.do(":0AA000007 PRIVMSG #a :hello, everybody")
	}
}
