package fakenet

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

var start = time.Unix(1795485953, 0)

var protocols = []Protocol{TS6, Hybrid, Unreal}

func small(p Protocol, seed uint64) Config {
	return Config{Protocol: p, Users: 300, Channels: 60, Servers: 5, Seed: seed, Rate: 1000, Start: start, Truth: true}
}

func mustNew(t testing.TB, c Config) *Network {
	t.Helper()
	n, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// testCodec is a codec for a leaf with everything.
func testCodec(p Protocol) s2s.Codec {
	switch p {
	case Unreal:
		return unreal.NewCodec(unreal.Features{Tags: true, BigLines: true, NamedBans: true, Setters: true, SWhois: true, Locks: true})
	case Hybrid:
		return ts6.NewCodec(ts6.Hybrid, ts6.Offer(ts6.Hybrid)...)
	}
	return ts6.NewCodec(ts6.Solanum, ts6.Offer(ts6.Solanum)...)
}

// attach links an observer with a user in the first channels.
func attach(t testing.TB, n *Network, seats int) s2s.SID {
	t.Helper()
	if _, err := n.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
		t.Fatal(err)
	}
	n.Hear(start, "00G", s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "observer", TS: start.Unix(), Hops: 1, Ident: "o", Host: "gw.example.net", Modes: "+i", Realname: "o"}})
	for _, c := range n.order[:min(seats, len(n.order))] {
		n.Hear(start, "00G", s2s.Event{Source: "00G", Body: s2s.ChannelBurst{Channel: c.name, TS: c.ts, Members: []s2s.Member{{User: "00GAAAAAA"}}}})
	}
	if v := n.Violations(); len(v) > 0 {
		t.Fatalf("the observer is taken for a violation: %+v", v)
	}
	return "00G"
}

// TestEverythingIsSayable holds that burst and traffic of every protocol and scenario can be said and are understood.
func TestEverythingIsSayable(t *testing.T) {
	for _, p := range protocols {
		for _, scenario := range Scenarios() {
			c := small(p, 7)
			c.Scenario = scenario
			n, codec := mustNew(t, c), testCodec(p)
			events := n.Burst("00G")
			attach(t, n, 30)
			events = append(events, n.AfterBurst("00G")...)
			n.Begin(start)
			for _, h := range n.Step(start.Add(5 * time.Second)) {
				if slices.Contains(h.Links, "00G") {
					events = append(events, h.Event)
				}
			}
			for _, e := range events {
				understood(t, codec, e)
			}
			n.check(t)
		}
	}
}

// understood holds that the event comes back from its lines.
func understood(t *testing.T, codec s2s.Codec, e s2s.Event) {
	t.Helper()
	e, ok := Sayable(codec, e)
	if !ok {
		return
	}
	lines, err := codec.Encode(e)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	for _, line := range lines {
		back, err := codec.Decode(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, unknown := back.Body.(s2s.Unknown); unknown || len(line) > 1024 {
			t.Fatalf("%q is not understood", line)
		}
	}
	if len(lines) == 1 {
		back, _ := codec.Decode(lines[0])
		if again, err := codec.Encode(back); err != nil || !slices.Equal(again, lines) {
			t.Errorf("%q becomes %q (%v)", lines, again, err)
		}
	}
}

// check holds what must be true of the state.
func (n *Network) check(t testing.TB) {
	t.Helper()
	seats := 0
	for i, c := range n.order {
		if c.inOrder != i || n.channel(c.name) != c || len(c.members) == 0 {
			t.Fatalf("%s stands wrong", c.name)
		}
		leaves := map[*server]int{}
		for j, m := range c.members {
			if m.inChannel != j || m.channel != c || m.user.seats[m.inUser] != m || n.byUID[m.user.uid] != m.user {
				t.Fatalf("%s in %s sits wrong", m.user.nick, c.name)
			}
			if m.user.inPeople >= 0 {
				seats++
			}
			if m.user.server.link != nil {
				leaves[m.user.server.link]++
			}
		}
		for _, l := range n.links {
			if leaves[l] != c.leafSeat[l] {
				t.Fatalf("%s has %d members of a leaf, not %d", c.name, leaves[l], c.leafSeat[l])
			}
		}
	}
	if seats != n.membership {
		t.Fatalf("%d memberships, counted %d", seats, n.membership)
	}
	if len(n.byNick) != len(n.byUID) {
		t.Fatalf("%d nicks of %d users", len(n.byNick), len(n.byUID))
	}
	for uid, u := range n.byUID {
		if u.uid != uid || n.nick(u.nick) != u || u.server.users[u.inSide] != u || u.inPeople >= 0 && n.people[u.inPeople] != u {
			t.Fatalf("%s stands wrong", uid)
		}
	}
}

// stream is everything that happens in some time, as text.
func stream(t *testing.T, c Config, steps int) (uint64, int) {
	n := mustNew(t, c)
	h := fnv.New64a()
	put := func(e s2s.Event) { fmt.Fprintf(h, "%s %s %+v\n", e.Source, e.Tags, e.Body) }
	for _, e := range n.Burst("00G") {
		put(e)
	}
	attach(t, n, 10)
	n.Begin(start)
	count := 0
	for i := 1; i <= steps; i++ {
		for _, x := range n.Step(start.Add(2 * time.Second * time.Duration(i) / time.Duration(steps))) {
			if m, ok := x.Event.Body.(s2s.UserChanged); ok {
				x.Event.Body = s2s.UserChanged{User: m.User} // its pointers print as addresses
			}
			put(x.Event)
			fmt.Fprintln(h, x.Number, x.At.UnixNano(), x.Links, x.Lost, slices.Collect(x.Seen()))
			count++
		}
	}
	return h.Sum64(), count
}

// TestSameSeed holds that the stream follows from the configuration alone, however often it is asked for.
func TestSameSeed(t *testing.T) {
	for _, p := range protocols {
		first, count := stream(t, small(p, 1), 1)
		if count < 1600 {
			t.Errorf("%s: %d happenings in 2 s at 1000/s", p, count)
		}
		for _, steps := range []int{1, 10, 1000} {
			if again, _ := stream(t, small(p, 1), steps); again != first {
				t.Errorf("%s: asked %d times, the stream is another", p, steps)
			}
		}
		if other, _ := stream(t, small(p, 2), 1); other == first {
			t.Errorf("%s: another seed gives the same stream", p)
		}
	}
}

// follower keeps who is where by what happens alone, and not by looking into the network.
type follower struct {
	protocol Protocol
	members  map[string]map[s2s.UID]bool
}

func (f *follower) seat(channel string, uid s2s.UID, in bool) {
	if f.members[channel] == nil {
		f.members[channel] = map[s2s.UID]bool{}
	}
	if in {
		f.members[channel][uid] = true
		return
	}
	delete(f.members[channel], uid)
}

func (f *follower) gone(uid s2s.UID) {
	for _, m := range f.members {
		delete(m, uid)
	}
}

func (f *follower) follow(h Happening) {
	switch b := h.Event.Body.(type) {
	case s2s.ChannelBurst:
		for _, m := range b.Members {
			f.seat(b.Channel, m.User, true)
		}
	case s2s.Join:
		f.seat(b.Channel, h.Actor, true)
	case s2s.Part:
		f.seat(b.Channels[0], h.Actor, false)
	case s2s.Kick:
		f.seat(b.Channel, s2s.UID(b.User), false)
	case s2s.UserQuit:
		f.gone(h.Actor)
	case s2s.UserKilled:
		f.gone(s2s.UID(b.User))
	case s2s.ServerGone:
		for _, uid := range h.Lost {
			f.gone(uid)
		}
	}
}

// TestTruth holds that a message is seen by the members of its channel without its sender, and by nobody else; that the
// text of a channel goes to links only as the protocol has it; and that what users say to each other goes to none.
func TestTruth(t *testing.T) {
	for _, p := range protocols {
		for _, scenario := range []string{"mixed", "splits", "storm", "hostile"} {
			for _, broadcast := range []string{BroadcastAuto, BroadcastAlways} {
				c := small(p, 3)
				c.Scenario, c.Broadcast = scenario, broadcast
				testTruth(t, c)
			}
		}
	}
}

func testTruth(t *testing.T, c Config) {
	n := mustNew(t, c)
	f := &follower{c.Protocol, map[string]map[s2s.UID]bool{}}
	attach(t, n, 20)
	for _, e := range n.Burst("00X") {
		f.follow(Happening{Event: e})
	}
	n.Begin(start)
	messages := 0
	for _, h := range n.Step(start.Add(8 * time.Second)) {
		if b, ok := h.Event.Body.(s2s.Message); ok {
			messages++
			f.message(t, n, h, b)
		}
		f.change(t, h)
		f.follow(h)
	}
	if messages == 0 && c.Scenario != "storm" {
		t.Errorf("%s %s: no message", c.Protocol, c.Scenario)
	}
	n.check(t)
}

// sharers are those who share a channel with one of some users, who are not among them.
func (f *follower) sharers(users ...s2s.UID) []s2s.UID {
	all := map[s2s.UID]bool{}
	for _, members := range f.members {
		if slices.ContainsFunc(users, func(u s2s.UID) bool { return members[u] }) {
			for uid := range members {
				all[uid] = true
			}
		}
	}
	for _, u := range users {
		delete(all, u)
	}
	return slices.Sorted(maps.Keys(all))
}

// change holds who must see a user come to another nick or go, and a part of the network go.
func (f *follower) change(t *testing.T, h Happening) {
	t.Helper()
	var want []s2s.UID
	switch b := h.Event.Body.(type) {
	case s2s.UserQuit:
		want = f.sharers(h.Actor)
		if strings.HasPrefix(b.Reason, "Killed") {
			want = append(want, h.Actor)
		}
	case s2s.NickChanged:
		if h.Actor.Server() == "00G" {
			return // its link tells it itself
		}
		want = append(f.sharers(h.Actor), h.Actor)
	case s2s.UserSaved:
		want = append(f.sharers(b.User), b.User)
	case s2s.UserKilled:
		want = append(f.sharers(s2s.UID(b.User)), s2s.UID(b.User))
	case s2s.ServerGone:
		want = f.sharers(h.Lost...)
	case s2s.Kick:
		want = slices.Collect(maps.Keys(f.members[b.Channel]))
	case s2s.Part:
		want = slices.Collect(maps.Keys(f.members[b.Channels[0]]))
	default:
		return
	}
	seen := slices.Sorted(h.Seen())
	slices.Sort(want)
	if !slices.Equal(seen, want) {
		t.Fatalf("%+v is seen by\n%v, not\n%v", h.Event.Body, seen, want)
	}
}

func (f *follower) message(t *testing.T, n *Network, h Happening, b s2s.Message) {
	t.Helper()
	seen := slices.Collect(h.Seen())
	switch b.TargetKind {
	case s2s.TargetUser:
		if !slices.Equal(seen, []s2s.UID{s2s.UID(b.Target)}) || len(h.Links) > 0 && s2s.UID(b.Target).Server() != "00G" {
			t.Fatalf("what %s says to %s is seen by %v and told to %v", h.Actor, b.Target, seen, h.Links)
		}
		return
	case s2s.TargetChannel:
		if want := len(f.members[b.Target]) - 1; len(seen) != want {
			t.Fatalf("%d of %d members see a message of %s", len(seen), want, b.Target)
		}
	}
	members := f.members[b.Target]
	if !members[h.Actor] && h.Actor != "" {
		t.Fatalf("%s talks in %s and is no member", h.Actor, b.Target)
	}
	observed := false
	for _, uid := range seen {
		if uid == h.Actor || !members[uid] {
			t.Fatalf("%s sees a message of %s", uid, b.Target)
		}
		observed = observed || uid.Server() == "00G"
	}
	told := len(h.Links) > 0
	all := f.protocol == Unreal && b.TargetKind == s2s.TargetChannel
	if observed && !told || told && !observed && !all || all && n.cfg.Broadcast == BroadcastAlways && !told {
		t.Fatalf("a message of %s is told to %v; an observer is there: %v", b.Target, h.Links, observed)
	}
}

// TestViolations holds that everything an observer must not say is noted, and changes nothing.
func TestViolations(t *testing.T) {
	for _, p := range protocols {
		n := mustNew(t, small(p, 5))
		attach(t, n, 5)
		c, victim := n.order[0], n.people[0]
		account := "x"
		for _, body := range []s2s.Body{
			s2s.ChannelModes{Channel: c.name, TS: c.ts, HasTS: true, Modes: "+m"},
			s2s.Kick{Channel: c.name, User: s2s.Ref(victim.uid), Reason: "x"},
			s2s.UserKilled{User: s2s.Ref(victim.uid), Reason: "x"},
			s2s.Topic{Channel: c.name, Text: "mine", Rule: s2s.TopicAlways},
			s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetChannel, Target: c.name, Text: "x"},
			s2s.Invite{User: s2s.Ref(victim.uid), Channel: c.name},
			s2s.Force{Action: "nick", User: s2s.Ref(victim.uid), Params: []string{"x"}},
			s2s.NetworkBan{Kind: "kline", Host: "*"},
			s2s.UserChanged{User: s2s.Ref(victim.uid), Account: &account},
			s2s.NickChanged{Nick: victim.nick, TS: 1},
			s2s.Unknown{Line: "X"},
		} {
			before, flags, nick := len(n.Violations()), c.flags, victim.nick
			n.Hear(start, "00G", s2s.Event{Source: "00GAAAAAA", Body: body})
			if len(n.Violations()) != before+1 {
				t.Errorf("%s: %s is no violation", p, body.Name())
			}
			if c.flags != flags || victim.nick != nick || n.byUID[victim.uid] == nil {
				t.Errorf("%s: %s changed something", p, body.Name())
			}
			if body.Name() == "nick_changed" && !p.saves() {
				n.Hear(start, "00G", s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "again", TS: start.Unix(), Hops: 1, Ident: "o", Host: "h.example", Modes: "+i", Realname: "o"}})
			}
		}
		for _, b := range []s2s.ChannelBurst{
			{Channel: c.name, TS: c.ts, Members: []s2s.Member{{User: "00GAAAAAA", Status: "o"}}},
			{Channel: c.name, TS: c.ts, HasModes: true, Modes: "+m", Members: []s2s.Member{{User: "00GAAAAAA"}}},
			{Channel: c.name, TS: c.ts, Members: []s2s.Member{{User: victim.uid}}},
			{Channel: c.name, TS: c.ts - 1, Members: []s2s.Member{{User: "00GAAAAAA"}}},
		} {
			before := len(n.Violations())
			n.Hear(start, "00G", s2s.Event{Source: "00G", Body: b})
			if len(n.Violations()) != before+1 {
				t.Errorf("%s: %+v is no violation", p, b)
			}
		}
		n.check(t)
	}
}

func (p Protocol) saves() bool { return traitsOf[p].save }

// TestAnswers holds that the leaf's user gets answers, from the server that is asked.
func TestAnswers(t *testing.T) {
	for _, p := range protocols {
		n := mustNew(t, small(p, 5))
		attach(t, n, 5)
		other := n.servers[1]
		for command, last := range map[string]int{"VERSION": 5, "LUSERS": 266, "STATS": 219, "TIME": 391, "ADMIN": 259, "MOTD": 422, "INFO": 374, "USERS": 266, "LINKS": 365, "TRACE": 262} {
			got := n.Hear(start, "00G", s2s.Event{Source: "00GAAAAAA", Body: s2s.Query{Command: command, Params: slices.Repeat([]string{string(other.sid)}, 2)}})
			if len(got) == 0 {
				t.Errorf("%s: no answer to %s", p, command)
				continue
			}
			for _, h := range got {
				understood(t, testCodec(p), h.Event)
			}
			h := got[len(got)-1]
			if b := h.Event.Body.(s2s.Numeric); b.Code != last || h.Event.Source != s2s.Ref(other.sid) || !slices.Equal(h.Links, []s2s.SID{"00G"}) {
				t.Errorf("%s: %s is answered with %+v", p, command, h)
			}
		}
		u := n.people[3]
		got := n.Hear(start, "00G", s2s.Event{Source: "00GAAAAAA", Body: s2s.Query{Command: "WHOIS", Params: []string{string(u.uid), u.nick}}})
		if len(got) < 4 || got[0].Event.Body.(s2s.Numeric).Code != 311 || got[0].Event.Body.(s2s.Numeric).Params[0] != u.nick {
			t.Errorf("%s: WHOIS gives %+v", p, got)
		}
	}
}

// TestSplitComesBack holds that who was lost comes back, and that the two sides agree on the channels again.
func TestSplitComesBack(t *testing.T) {
	for _, p := range protocols {
		c := small(p, 9)
		c.Rate = 1
		n := mustNew(t, c)
		users, servers := len(n.byUID), len(n.servers)
		n.now = start
		var s *server
		for _, x := range n.servers[1:] {
			if x != n.services && len(x.users) > 0 {
				s = x
				break
			}
		}
		n.split(s, start.Add(10*time.Second))
		if lost := n.take(); len(lost) != 1 || len(lost[0].Lost) == 0 || len(n.byUID) != users-len(lost[0].Lost) {
			t.Fatalf("%s: %d happenings", p, len(lost))
		}
		n.check(t)
		n.now = start.Add(11 * time.Second)
		n.rejoin()
		back := n.take()
		if len(n.servers) != servers || len(n.byUID) < users*9/10 || n.lost != 0 {
			t.Errorf("%s: %d servers and %d users are back", p, len(n.servers), len(n.byUID))
		}
		if !slices.ContainsFunc(back, func(h Happening) bool { return h.Event.Body.Name() == "channel_burst" }) {
			t.Errorf("%s: no channel is back", p)
		}
		n.check(t)
	}
}

// TestConfig holds that what cannot be is refused with words that help.
func TestConfig(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		"there is no protocol": func(c *Config) { c.Protocol = "p10" },
		"server id":            func(c *Config) { c.SID = "A00" },
		"needs a dot":          func(c *Config) { c.Server = "hub" },
		"users must":           func(c *Config) { c.Users = 0 },
		"channels must":        func(c *Config) { c.Channels = MaxChannels + 1 },
		"servers must":         func(c *Config) { c.Servers = MaxServers + 1 },
		"rate must":            func(c *Config) { c.Rate = -1 },
		"broadcast is":         func(c *Config) { c.Broadcast = "x" },
		"there are chatty":     func(c *Config) { c.Scenario = "x" },
		"time to start":        func(c *Config) { c.Start = time.Time{} },
	} {
		c := small(TS6, 1)
		spoil(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestLateLines holds that what a leaf says of a user before it hears that we killed it is no violation, and what it says
// of one it took away itself is.
func TestLateLines(t *testing.T) {
	for _, p := range protocols {
		n := mustNew(t, small(p, 5))
		attach(t, n, 5)
		late := s2s.Event{Source: "00GAAAAAA", Body: s2s.Part{Channels: []string{n.order[0].name}}}
		n.kill(n.opers[0], n.byUID["00GAAAAAA"], "over")
		if list := n.Hear(start, "00G", late); len(n.Violations()) > 0 || slices.ContainsFunc(list, func(h Happening) bool { return h.Event.Body.Name() == "part" }) {
			t.Errorf("%s: %v, %+v", p, list, n.Violations())
		}
		late.Source = "00GZZZZZZ"
		list := n.Hear(start, "00G", late)
		if len(n.Violations()) != 1 || len(list) != 1 || list[0].Event.Body.Name() != "user_killed" {
			t.Errorf("%s: %v, %+v", p, list, n.Violations())
		}
	}
}

// TestUnrealMakesCloaks holds that the simulated UnrealIRCd shows a leaf's user with +x by a cloak of its own, whatever
// the leaf says (nick.c:cmd_uid).
func TestUnrealMakesCloaks(t *testing.T) {
	n := mustNew(t, small(Unreal, 1))
	if _, err := n.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
		t.Fatal(err)
	}
	n.Hear(start, "00G", s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "hidden", TS: start.Unix(), Hops: 1, Ident: "o", Host: "mine.example", RealHost: "gw.example.net", Cloak: "mine.example", Modes: "+ix", Realname: "o"}})
	if u := n.byUID["00GAAAAAA"]; u == nil || u.host == "mine.example" || u.host == "gw.example.net" || u.host != u.cloak {
		t.Errorf("%+v", u)
	}
}
