package network

import (
	"cmp"
	"slices"
	"strings"

	"robustirc/s2s"
)

// Burst returns the events by which the peer tells all that is on its side, in the order in which servers do: servers,
// bans, users, channels, ends of bursts. Applied to a network that knows only us and the peer, they give the same state
// but for what is ours, and bans that servers of the dialect do not tell (Rules.BurstBans). A channel that has members on both sides comes in both
// bursts.
func (n *Network) Burst() []s2s.Event {
	if n.peer == nil {
		return nil
	}
	return n.burst(n.peer)
}

// OwnBurst returns the events by which we tell all that is on our side. They are for Say, and for the link's codec.
func (n *Network) OwnBurst() []s2s.Event { return n.burst(n.us) }

// burster gathers the events of one side.
type burster struct {
	n      *Network
	root   *Server
	events []s2s.Event
}

func (n *Network) burst(root *Server) []s2s.Event {
	b := &burster{n: n, root: root}
	servers := b.servers()
	if root == n.peer {
		b.bans()
	}
	for _, u := range n.sortedUsers() {
		if u.Server.Ours == root.Ours {
			b.user(u)
		}
	}
	for _, c := range n.sortedChannels() {
		b.channel(c)
	}
	for _, s := range servers {
		if s.Synced && s != n.us {
			b.endOfBurst(s)
		}
	}
	return b.events
}

// endOfBurst says that a server has told all, with EOB or EOS, or as solanum does (Rules.PingEndsBurst).
func (b *burster) endOfBurst(s *Server) {
	switch {
	case !b.n.rules.PingEndsBurst:
		b.say(s.ref(), s2s.EndOfBurst{})
	case s == b.n.peer:
		b.say("", s2s.Ping{Origin: string(s.ref())})
	case s.Ours && b.n.peer != nil:
		b.say(s.ref(), s2s.Ping{Origin: s.Name, Target: string(b.n.peer.SID)})
	default:
		b.say(s.ref(), s2s.Ping{Origin: s.Name, Target: string(b.n.us.SID)})
	}
}

func (n *Network) sortedChannels() []*Channel {
	channels := make([]*Channel, 0, len(n.channels))
	for _, c := range n.channels { // order does not matter: they are sorted
		channels = append(channels, c)
	}
	slices.SortFunc(channels, func(a, b *Channel) int { return cmp.Compare(a.Name, b.Name) })
	return channels
}

func (b *burster) say(source s2s.Ref, body s2s.Body) {
	b.events = append(b.events, s2s.Event{Source: source, Body: body})
}

// ref is how events name a server.
func (s *Server) ref() s2s.Ref {
	if s.SID != "" {
		return s2s.Ref(s.SID)
	}
	return s2s.Ref(s.Name)
}

// servers introduces those behind the root, uplinks first, and tells what is known of each.
func (b *burster) servers() []*Server {
	all := []*Server{b.root}
	for i := 0; i < len(all); i++ {
		s := all[i]
		if i > 0 {
			b.say(s.Uplink.ref(), s2s.ServerIntroduced{Server: s.Name, SID: s.SID, Hops: s.Hops, Description: s.Description,
				Flags: s.Flags, Hidden: s.Hidden})
		}
		b.facts(s)
		for _, child := range slices.SortedFunc(slices.Values(s.children), func(x, y *Server) int { return cmp.Compare(x.Name, y.Name) }) {
			if child.Ours == b.root.Ours {
				all = append(all, child)
			}
		}
	}
	return all
}

// facts are told as metadata, or as what UnrealIRCd's SINFO has of a server (unreal:sinfo.c).
func (b *burster) facts(s *Server) {
	info := s2s.ServerInfo{Kind: "SINFO", Facts: []s2s.Fact{{Key: "BOOTED"}, {Key: "PROTOCOL"}, {Key: "USERMODES"}, {Key: "CHANMODES"}, {Key: "NICKCHARS"}, {Key: "SOFTWARE"}}}
	known := false
	for _, f := range s.Facts {
		i := slices.IndexFunc(info.Facts, func(g s2s.Fact) bool { return g.Key == f.Key })
		switch {
		case keptMetadata[f.Key]:
			b.say(b.root.ref(), s2s.Metadata{Kind: "client", Target: string(s.SID), Key: f.Key, Value: f.Value})
		case i >= 0:
			info.Facts[i].Value, known = f.Value, true
		}
	}
	if known && s != b.n.us {
		b.say(s.ref(), info)
	}
}

func (b *burster) bans() {
	for _, key := range b.n.banKeys() {
		ban := b.n.bans[key]
		if b.n.rules.BurstBans == BurstNoBans || b.n.rules.BurstBans == BurstLiving && ban.Forget == 0 {
			continue
		}
		e := s2s.NetworkBan{Kind: ban.Kind, User: ban.User, Host: ban.Host, SetBy: ban.SetBy, SetAt: ban.SetAt, Expires: ban.Expires,
			Remove: ban.Removed, Reason: ban.Reason, OperReason: ban.OperReason, Extra: ban.Extra}
		if ban.Forget != 0 {
			e.Lifetime = ban.Forget - ban.SetAt
		}
		if !b.n.rules.MergesBans && ban.Expires != 0 {
			e.Expires, e.Duration = 0, ban.Expires-ban.SetAt
		}
		b.say(b.root.ref(), e)
	}
}

// user introduces a user and tells what the introduction has no place for.
func (b *burster) user(u *User) {
	self := s2s.Ref(u.UID)
	b.say(u.Server.ref(), s2s.UserIntroduced{UID: u.UID, Nick: u.Nick, TS: u.TS, Hops: u.Hops, Ident: u.Ident, Host: u.Host,
		RealHost: u.RealHost, Cloak: u.Cloak, VHost: u.VHost, IP: u.IP, Account: u.Account, Modes: "+" + u.Modes, Realname: u.Realname})
	r := u.rareOr()
	if b.n.rules.HostModes {
		b.metadata(u, "certfp", r.certificate)
		b.metadata(u, "operlogin", r.operator)
		b.metadata(u, "operclass", r.privileges)
	} else {
		if r.certificate != "" {
			b.say(self, s2s.UserChanged{User: self, Certificate: &r.certificate})
		}
		if r.operator != "" || r.privileges != "" {
			b.say(self, s2s.Oper{Operator: r.operator, Privileges: r.privileges})
		}
	}
	for _, f := range r.facts {
		b.metadata(u, f.Key, f.Value)
	}
	if r.away != "" {
		b.say(self, s2s.Away{Text: r.away})
	}
	for _, line := range r.lines {
		line.User, line.IfTS = self, 0
		if b.n.rules.Dialect == "hybrid" {
			line.IfTS = u.TS
		}
		b.say(b.root.ref(), line)
	}
}

func (b *burster) metadata(u *User, key, value string) {
	if value != "" {
		b.say(b.root.ref(), s2s.Metadata{Kind: "client", Target: string(u.UID), Key: key, Value: value})
	}
}

// channel tells a channel with the members of this side. What is not of members is told by the side of the peer, if it
// has any of them, or there are none.
func (b *burster) channel(c *Channel) {
	var members []s2s.Member
	theirs := len(c.members) == 0
	for _, m := range c.sortedMembers() {
		theirs = theirs || !m.User.Server.Ours
		if m.User.Server.Ours == b.root.Ours {
			members = append(members, s2s.Member{User: m.User.UID, Status: m.Status.String()})
		}
	}
	first := theirs == !b.root.Ours
	if len(members) == 0 && !(first && len(c.members) == 0) {
		return
	}
	flags, params := c.modeWords()
	e := s2s.ChannelBurst{Channel: c.Name, TS: c.TS, HasModes: true, Modes: flags, Params: params, Members: members}
	if b.n.rules.ListsInSJOIN && first {
		e.Lists = slices.Clone(c.lists)
	}
	b.say(b.root.ref(), e)
	if first {
		b.channelRest(c)
	}
}

// modeWords returns "+ntlk" and its parameters; simple modes come first, which m_join.c:ms_sjoin needs.
func (c *Channel) modeWords() (modes string, params []string) {
	words := strings.Split(c.ModeString(), " ")
	return words[0], words[1:]
}

// channelRest tells lists, topic and lock.
func (b *burster) channelRest(c *Channel) {
	if !b.n.rules.ListsInSJOIN {
		lists := slices.Clone(c.lists)
		slices.SortStableFunc(lists, func(x, y s2s.ListEntry) int { return cmp.Compare(x.Letter, y.Letter) })
		for len(lists) > 0 {
			i := slices.IndexFunc(lists, func(e s2s.ListEntry) bool { return e.Letter != lists[0].Letter })
			if i < 0 {
				i = len(lists)
			}
			b.say(b.root.ref(), s2s.ListBurst{Channel: c.Name, TS: c.TS, Entries: lists[:i]})
			lists = lists[i:]
		}
	}
	if t := c.Topic; t.SetAt != 0 || t.Text != "" {
		b.say(b.root.ref(), b.topic(c, t))
	}
	if c.Lock != (Lock{}) {
		b.say(b.root.ref(), s2s.ModeLock{Channel: c.Name, TS: c.TS, LockTS: c.Lock.TS, Letters: c.Lock.Letters})
	}
}

func (b *burster) topic(c *Channel, t Topic) s2s.Topic {
	e := s2s.Topic{Channel: c.Name, Text: t.Text, Setter: t.Setter, SetAt: t.SetAt}
	switch b.n.rules.TopicBurst {
	case BurstTB:
		e.Rule = s2s.TopicOlder
	case BurstTBurst:
		e.Rule, e.TS = s2s.TopicETB, c.TS
	case BurstTopic:
		e.Rule = s2s.TopicNewer
	}
	return e
}
