package fakenet

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"robustirc/s2s"
)

// Hear takes what a leaf says. What comes of it, for the leaf and for others, is returned.
func (n *Network) Hear(now time.Time, sid s2s.SID, e s2s.Event) []Happening {
	link := n.link(sid)
	if link == nil {
		return nil
	}
	n.at(now)
	n.stats.Heard++
	h := hearing{n: n, link: link, name: e.Body.Name()}
	if h.from(e.Source) {
		h.hear(e)
	}
	return n.take()
}

// hearing is one event of a leaf.
type hearing struct {
	n      *Network
	link   *server
	name   string
	server *server // who says it: a server,
	user   *user   // or a user
}

func (h *hearing) violation(reason string) { h.n.violation(h.link, h.name, reason) }

// from finds out who speaks, who must be behind the link ("fake direction").
func (h *hearing) from(ref s2s.Ref) bool {
	if ref == "" {
		h.server = h.link
		return true
	}
	if s := h.n.server(string(ref)); s != nil {
		h.server = s
		if s.link != h.link {
			h.violation("the source is a server that is not behind the link")
		}
		return s.link == h.link
	}
	u := h.n.user(ref)
	switch {
	case u == nil && h.n.killed[s2s.UID(ref)]:
		return false // it was on its way when we killed the user
	case u == nil:
		h.violation("the source is not known")
		h.unknownSource(ref)
		return false
	case u.server.link != h.link:
		h.violation("the source is a user who is not behind the link")
		return false
	}
	h.user = u
	return true
}

// unknownSource answers as servers do: a user who is not known is killed, a server put out (parse.c:remove_unknown).
func (h *hearing) unknownSource(ref s2s.Ref) {
	switch {
	case s2s.ValidUID(string(ref)):
		h.answer(s2s.UserKilled{User: ref, Path: h.n.killPath(), Reason: "Unknown Client"})
	case s2s.ValidSID(string(ref)):
		h.answer(s2s.ServerGone{Server: ref, Reason: "(Unknown prefix (" + string(ref) + "))"})
	}
}

// answer is for the leaf alone.
func (h *hearing) answer(body s2s.Body) {
	h.n.tell(nil, s2s.Ref(h.n.hub.sid), body, []s2s.SID{h.link.sid}, nil, "")
}

// relay passes what the leaf may say on to others.
func (h *hearing) relay(source s2s.Ref, body s2s.Body, audience []s2s.UID) {
	h.n.tell(h.user, source, body, h.n.others(h.link), audience, "")
}

// hear acts on what an observer may say, and notes the rest.
func (h *hearing) hear(e s2s.Event) {
	switch b := e.Body.(type) {
	case s2s.ServerIntroduced:
		h.serverIntroduced(e.Source, b)
	case s2s.ServerGone:
		h.serverGone(b)
	case s2s.UserIntroduced:
		h.userIntroduced(e.Source, b)
	case s2s.NickChanged, s2s.UserQuit, s2s.Away, s2s.Join, s2s.Part, s2s.PartAll:
		h.userDoes(e)
	case s2s.ChannelBurst:
		h.channelBurst(b)
	case s2s.Query:
		h.n.answer(h.user, b)
	case s2s.Numeric:
		h.n.stats.Answers++
	case s2s.Ping:
		h.ping(b)
	case s2s.UserChanged, s2s.UserModes, s2s.Metadata:
		h.ownProperty(e)
	case s2s.EndOfBurst, s2s.Pong, s2s.ServerInfo, s2s.Handshake, s2s.Housekeeping, s2s.Closing:
	default:
		h.violation("an observer never says this")
	}
}

// ownProperty is harmless where it is about a user of the leaf.
func (h *hearing) ownProperty(e s2s.Event) {
	var about s2s.Ref
	switch b := e.Body.(type) {
	case s2s.UserChanged:
		about = b.User
	case s2s.UserModes:
		about = b.User
	case s2s.Metadata:
		about = s2s.Ref(b.Target)
		if s := h.n.server(b.Target); s != nil && s.link == h.link {
			return
		}
	}
	if u := h.n.user(about); u == nil || u.server.link != h.link {
		h.violation("it is about somebody who is not behind the link")
	}
}

// ping answers for the servers behind the hub; the link itself answers for the hub.
func (h *hearing) ping(b s2s.Ping) {
	s := h.n.server(b.Target)
	if b.Target == "" || s == nil || s == h.n.hub || s.link != nil {
		return
	}
	origin := b.Origin
	if h.server != nil {
		origin = string(h.server.sid)
	}
	h.n.tell(nil, s2s.Ref(s.sid), s2s.Pong{Origin: s.name, Target: origin}, []s2s.SID{h.link.sid}, nil, "")
}

func (h *hearing) serverIntroduced(source s2s.Ref, b s2s.ServerIntroduced) {
	if source == "" || h.server == nil {
		return // its own SERVER
	}
	if b.SID == "" || h.n.Free(b.Server, b.SID) != nil {
		h.violation("the name or id of a server behind the leaf is in use")
		return
	}
	s := &server{sid: b.SID, name: strings.Clone(b.Server), descr: strings.Clone(b.Description), uplink: h.server, hops: h.server.hops + 1, link: h.link}
	h.server.behind = append(h.server.behind, s)
	h.n.servers = append(h.n.servers, s)
	h.relay(source, b, nil)
}

func (h *hearing) serverGone(b s2s.ServerGone) {
	s := h.n.server(string(b.Server))
	switch {
	case s == nil || s == h.n.hub || s == h.link:
	case s.link != h.link:
		h.violation("a server that is not behind the link is put out")
	default:
		h.n.dropServers(s, strings.Clone(b.Reason), h.n.others(h.link))
	}
}

// userIntroduced checks the id as servers do (m_nick.c:clean_uid), and whose nick it is.
func (h *hearing) userIntroduced(source s2s.Ref, b s2s.UserIntroduced) {
	s := h.server
	if s == nil || b.UID.Server() != s.sid || h.n.byUID[b.UID] != nil {
		h.violation("the user id is not of the server that introduces it, or in use")
		h.answer(s2s.UserKilled{User: s2s.Ref(b.UID), Path: h.n.killPath(), Reason: "Bad UID"})
		return
	}
	u := &user{uid: s2s.UID(strings.Clone(string(b.UID))), nick: strings.Clone(b.Nick), ts: b.TS, ident: strings.Clone(b.Ident), host: strings.Clone(b.Host),
		realHost: strings.Clone(b.RealHost), cloak: strings.Clone(b.Cloak), vhost: strings.Clone(b.VHost), ip: strings.Clone(b.IP),
		account: strings.Clone(b.Account), modes: strings.Clone(b.Modes), realname: strings.Clone(b.Realname), server: s}
	if h.n.cfg.Protocol == Unreal { // it makes the cloak itself, whatever the leaf says (nick.c:cmd_uid)
		u.cloak = fmt.Sprintf("Clk-%08X.leaf.example", crc32.ChecksumIEEE([]byte(u.realHost)))
		h.n.show(u)
	}
	if !h.mayHave(u) {
		return
	}
	h.n.addUser(u)
	h.user = u
	h.relay(s2s.Ref(s.sid), h.n.introduction(u), nil)
}

// mayHave settles who has a nick. A leaf's user that wins takes somebody's nick away, which an observer must not do.
func (h *hearing) mayHave(u *user) bool {
	holder := h.n.nick(u.nick)
	if holder == nil || holder == u {
		return true
	}
	given := u.ts
	if u.ts <= holder.ts {
		h.violation("its user takes the nick of another")
	}
	if !h.n.settleNick(holder, u) {
		h.n.remember(u.uid)
		h.answer(s2s.UserKilled{User: s2s.Ref(u.uid), Path: h.n.killPath(), Reason: "Nick collision"})
		return false
	}
	if u.nick == string(u.uid) { // only the leaf is told: others learn the user under this nick (m_nick.c)
		h.answer(s2s.UserSaved{User: u.uid, TS: given})
	}
	return true
}

// userDoes is what a user of the leaf says of itself.
func (h *hearing) userDoes(e s2s.Event) {
	u := h.user
	if u == nil {
		h.violation("only a user can say this")
		return
	}
	switch b := e.Body.(type) {
	case s2s.NickChanged:
		h.rename(b)
	case s2s.UserQuit:
		h.relay(s2s.Ref(u.uid), s2s.UserQuit{Reason: strings.Clone(b.Reason)}, h.n.neighbours(u))
		h.n.removeUser(u)
	case s2s.Away:
		u.away = strings.Clone(b.Text)
		h.relay(h.n.userSource(u), s2s.Away{Text: u.away}, h.n.neighbours(u))
	case s2s.Join:
		h.join(b)
	case s2s.Part:
		for _, name := range b.Channels {
			h.part(name, strings.Clone(b.Reason))
		}
	case s2s.PartAll:
		for _, m := range slices.Clone(u.seats) {
			h.part(m.channel.name, "")
		}
	}
}

func (h *hearing) rename(b s2s.NickChanged) {
	u := h.user
	audience := h.n.neighbours(u)
	if holder := h.n.nick(b.Nick); holder != nil && holder != u {
		h.violation("its user takes a nick that is in use")
		h.n.lose(u)
		return
	}
	h.n.rename(u, strings.Clone(b.Nick), b.TS)
	h.relay(s2s.Ref(u.uid), s2s.NickChanged{Nick: u.nick, TS: u.ts}, audience)
}

func (h *hearing) part(name, reason string) {
	c := h.n.channel(name)
	if c == nil {
		return
	}
	m := h.user.seat(c)
	if m == nil {
		return
	}
	h.relay(s2s.Ref(h.user.uid), s2s.Part{Channels: []string{c.name}, Reason: reason}, h.n.audience(c))
	h.n.leave(m)
}

// join is JOIN with the channel's timestamp; an older one takes modes and statuses away (m_join.c:ms_join).
func (h *hearing) join(b s2s.Join) {
	ts := b.TS
	if !b.HasTS {
		ts = h.n.unix()
	}
	h.seat(b.Channel, ts, []*user{h.user})
}

// channelBurst is SJOIN. An observer brings neither modes nor statuses nor lists, and never an older timestamp.
func (h *hearing) channelBurst(b s2s.ChannelBurst) {
	if h.server == nil {
		h.violation("only a server can say this")
		return
	}
	if b.HasModes && strings.Trim(b.Modes, "+0") != "" || len(b.Lists) > 0 {
		h.violation("it brings modes or lists")
	}
	var users []*user
	for _, m := range b.Members {
		u := h.n.byUID[m.User]
		switch {
		case u == nil: // killed meanwhile
			continue
		case u.server.link != h.link:
			h.violation("it joins a user who is not behind the link")
			continue
		case m.Status != "":
			h.violation("it joins a user with a status")
		}
		users = append(users, u)
	}
	h.seat(b.Channel, b.TS, users)
}

// seat joins users of the leaf, without status whatever was asked.
func (h *hearing) seat(name string, ts int64, users []*user) {
	n := h.n
	c := n.channel(name)
	if c == nil {
		if len(users) == 0 {
			return
		}
		c = n.addChannel(strings.Clone(name), ts, -1)
	}
	if ts < c.ts {
		h.violation("an older timestamp takes modes and statuses away")
		n.overrule(c, channelState{ts: ts}, false)
	}
	var members []*member
	audience := n.audience(c)
	for _, u := range users {
		if u.seat(c) == nil {
			members = append(members, n.join(u, c, ""))
		}
	}
	if len(members) == 0 {
		return
	}
	body := n.channelBurst(c, members)
	body.HasModes, body.Modes, body.Params = false, "", nil
	n.tell(members[0].user, s2s.Ref(h.link.sid), body, n.others(h.link), audience, "")
}
