package fakenet

import (
	"slices"
	"strconv"

	"robustirc/s2s"
)

// Burst is all that a server that links is told of the network, in the order of the protocol; what it cannot be told
// with its capabilities is for Sayable to leave out.
func (n *Network) Burst(to s2s.SID) []s2s.Event {
	b := burst{n: n, list: make([]s2s.Event, 0, len(n.byUID)+2*len(n.order)+64)}
	for _, s := range n.servers[1:] {
		if s.sid != to && (s.link == nil || s.link.sid != to) {
			b.server(s)
		}
	}
	if n.cfg.Protocol == TS6 {
		b.bans()
	}
	for _, s := range n.servers {
		for _, u := range s.users {
			b.user(u)
		}
	}
	for _, c := range n.order {
		b.channel(c)
	}
	if n.cfg.Protocol == Unreal {
		b.bans()
	}
	return b.list
}

// AfterBurst is what the other servers of the network say when the burst is over: solanum's ask the new one for a sign
// (m_server.c:ms_sid), hybrid's say EOB.
func (n *Network) AfterBurst(to s2s.SID) []s2s.Event {
	var list []s2s.Event
	for _, s := range n.servers[1:] {
		if s.link != nil || s == n.services {
			continue
		}
		switch n.cfg.Protocol {
		case TS6:
			list = append(list, event(s, s2s.Ping{Origin: s.name, Target: string(to)}))
		case Hybrid:
			list = append(list, event(s, s2s.EndOfBurst{}))
		}
	}
	return list
}

func event(s *server, b s2s.Body) s2s.Event { return s2s.Event{Source: s2s.Ref(s.sid), Body: b} }

// burst collects events.
type burst struct {
	n    *Network
	list []s2s.Event
}

func (b *burst) add(source s2s.Ref, body s2s.Body) {
	b.list = append(b.list, s2s.Event{Source: source, Body: body})
}

// server introduces a server. UnrealIRCd says its EOS before its users, as it is in sync already.
func (b *burst) server(s *server) {
	b.add(s2s.Ref(s.uplink.sid), s2s.ServerIntroduced{Server: s.name, SID: s.sid, Hops: s.hops, Description: s.descr})
	switch b.n.cfg.Protocol {
	case TS6:
		b.add(s2s.Ref(s.sid), gcap)
	case Unreal:
		b.add(s2s.Ref(s.sid), s2s.EndOfBurst{})
		b.add(s2s.Ref(s.sid), b.n.sinfo())
	}
}

var gcap = s2s.ServerInfo{Kind: "GCAP", Facts: facts("BAN", "CHW", "EBMASK", "ENCAP", "EOPMOD", "EUID", "EX", "IE", "KNOCK", "MLOCK", "QS", "RSFNC", "SAVE", "SERVICES", "TB")}

func facts(keys ...string) []s2s.Fact {
	list := make([]s2s.Fact, len(keys))
	for i, k := range keys {
		list[i].Key = k
	}
	return list
}

// The modes that the simulated UnrealIRCd announces, as recorded from 6.1.8.1.
const (
	unrealChanModes = "beI,fkL,lFH,cdimnprstzCDGKMNOPQRSTVZ"
	unrealUserModes = "diopqrstwxzBDGHIRSTWZ"
	unrealPrefix    = "(qaohv)~&@%+"
)

func (n *Network) sinfo() s2s.ServerInfo {
	return s2s.ServerInfo{Kind: "SINFO", Facts: []s2s.Fact{
		{Key: "BOOTED", Value: strconv.FormatInt(n.cfg.Start.Unix()-86400, 10)}, {Key: "PROTOCOL", Value: "6100"},
		{Key: "USERMODES", Value: unrealUserModes}, {Key: "CHANMODES", Value: unrealChanModes}, {Key: "NICKCHARS"},
		{Key: "SOFTWARE", Value: "UnrealIRCd-6.1.8.1-fakenet"}}}
}

// introduction is how a user is told of.
func (n *Network) introduction(u *user) s2s.UserIntroduced {
	b := s2s.UserIntroduced{UID: u.uid, Nick: u.nick, TS: u.ts, Hops: u.server.hops, Ident: u.ident, Host: u.host, RealHost: u.realHost,
		Cloak: u.cloak, VHost: u.vhost, IP: u.ip, Account: u.account, Modes: u.modes, Realname: u.realname}
	if n.cfg.Protocol == Unreal && !u.service {
		b.Hops = u.server.hops - 1
	}
	return b
}

// user introduces a user, and tells what the introduction does not.
func (b *burst) user(u *user) {
	source := s2s.Ref(u.server.sid)
	b.add(source, b.n.introduction(u))
	if b.n.cfg.Protocol == Unreal && !u.service {
		b.add(source, s2s.Metadata{Kind: "client", Target: string(u.uid), Key: "creationtime", Value: strconv.FormatInt(u.ts, 10)})
	}
	if u.away != "" {
		b.add(b.n.userSource(u), s2s.Away{Text: u.away})
	}
	if !u.oper {
		return
	}
	switch b.n.cfg.Protocol {
	case TS6:
		b.add(s2s.Ref(u.uid), s2s.Oper{Operator: "god", Privileges: "admin"})
	case Unreal:
		line := operWhois
		line.User = s2s.Ref(u.nick)
		b.add(source, line)
	}
}

// userSource is how UnrealIRCd calls a user in what it tells of the user alone: by nick.
func (n *Network) userSource(u *user) s2s.Ref {
	if n.cfg.Protocol == Unreal && !u.service {
		return s2s.Ref(u.nick)
	}
	return s2s.Ref(u.uid)
}

// channel tells members, modes, lists and topic.
func (b *burst) channel(c *channel) {
	source := s2s.Ref(b.n.hub.sid)
	body := b.n.channelBurst(c, c.members)
	if b.n.cfg.Protocol == Unreal {
		body.Lists = slices.Clone(c.lists)
	}
	b.add(source, body)
	if b.n.cfg.Protocol != Unreal {
		b.lists(c)
	}
	if c.topic != "" {
		source, body := b.n.topicBurst(c)
		b.add(source, body)
	}
	if c.lock != "" || b.n.cfg.Protocol == TS6 {
		b.add(source, s2s.ModeLock{Channel: c.name, TS: c.ts, LockTS: c.ts, Letters: c.lock})
	}
}

func (n *Network) channelBurst(c *channel, members []*member) s2s.ChannelBurst {
	modes, params := c.modes()
	body := s2s.ChannelBurst{Channel: c.name, TS: c.ts, HasModes: true, Modes: modes, Params: params, Members: make([]s2s.Member, len(members))}
	for i, m := range members {
		body.Members[i] = s2s.Member{User: m.user.uid, Status: m.status}
	}
	return body
}

// lists tells each list of a channel on its own.
func (b *burst) lists(c *channel) {
	for _, letter := range []string{"b", "e", "I", "q"} {
		var entries []s2s.ListEntry
		for _, e := range c.lists {
			if e.Letter == letter {
				entries = append(entries, e)
			}
		}
		if entries != nil {
			b.add(s2s.Ref(b.n.hub.sid), s2s.ListBurst{Channel: c.name, TS: c.ts, Entries: entries})
		}
	}
}

// topicBurst is a topic in a burst: TB, TBURST, or UnrealIRCd's TOPIC without a source.
func (n *Network) topicBurst(c *channel) (s2s.Ref, s2s.Topic) {
	b := s2s.Topic{Channel: c.name, Text: c.topic, Setter: c.topicBy, SetAt: c.topicAt, TS: c.ts, Rule: s2s.TopicOlder}
	switch n.cfg.Protocol {
	case Unreal:
		b.Rule = s2s.TopicNewer
		return "", b
	case Hybrid:
		b.Rule = s2s.TopicETB
	}
	return s2s.Ref(n.hub.sid), b
}

func (b *burst) bans() {
	for _, ban := range b.n.bans {
		b.add(s2s.Ref(b.n.hub.sid), ban)
	}
}
