package network

import (
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Apply takes an event of the peer at a time (seconds since 1970) and returns what changed, in order. The slice is
// valid until the next call.
func (n *Network) Apply(now int64, e s2s.Event) []Change { return n.take(now, e, false) }

// Say takes an event that we send, or that servers and users behind us do, as the peer will take it. An empty Source is
// us.
func (n *Network) Say(now int64, e s2s.Event) []Change { return n.take(now, e, true) }

func (n *Network) take(now int64, e s2s.Event, own bool) []Change {
	n.begin(now, own)
	n.stats.Events[e.Body.Name()]++
	if n.setUp(e) || n.notMeant(e) {
		return n.changes
	}
	by, ok := n.source(e.Source)
	if !ok {
		return n.changes
	}
	if !n.server(by, e.Body) && !n.user(by, e) && !n.channel(by, e) && !n.rest(by, e) {
		n.pass(by, nil, e)
	}
	return n.changes
}

// begin forgets the last changes. What one split needed is not kept for ever.
func (n *Network) begin(now int64, own bool) {
	clear(n.changes)
	if cap(n.changes) > maxKeptChanges {
		n.changes = nil
	}
	n.changes, n.now, n.own = n.changes[:0], now, own
}

const maxKeptChanges = 4096

func (n *Network) changed(c Change) { n.changes = append(n.changes, c) }

// pass hands on what is no matter of the model.
func (n *Network) pass(by Source, u *User, e s2s.Event) {
	n.changed(Passed{By: by, User: u, Body: e.Body, Tags: e.Tags})
}

// notMeant reports whether the event is for other servers only (m_encap.c:ms_encap).
func (n *Network) notMeant(e s2s.Event) bool {
	if e.ServerMask == "" || e.ServerMask == "*" || irc.MatchMask(irc.ASCII, e.ServerMask, n.receiver().Name) {
		return false
	}
	n.ignore(IgnoredNotForUs)
	return true
}

// receiver is whose view of the event decides: ours, or for what we say that of the peer.
func (n *Network) receiver() *Server {
	if n.own && n.peer != nil {
		return n.peer
	}
	return n.us
}

// speaker is the server at the other end of the link from the receiver.
func (n *Network) speaker() *Server {
	if n.own {
		return n.us
	}
	return n.peer
}

// source finds who an event is of. It must be behind the link that the event came over, or servers take it for forged
// (parse.c:cancel_clients, unreal:parse.c).
func (n *Network) source(r s2s.Ref) (Source, bool) {
	s, ok := n.resolve(r)
	switch {
	case !ok:
		n.ignore(IgnoredSource)
	case s.Server.Ours != n.own:
		n.ignore(IgnoredDirection)
		return s, false
	}
	return s, ok
}

// resolve finds a user or server by UID, SID, nick or server name, in that order.
func (n *Network) resolve(r s2s.Ref) (Source, bool) {
	if r == "" {
		return Source{Server: n.speaker()}, n.speaker() != nil
	}
	if u := n.userByRef(r); u != nil {
		return Source{User: u, Server: u.Server}, true
	}
	s := n.serverByRef(r)
	return Source{Server: s}, s != nil
}

// userByRef finds a user by UID, or by nick: which is never the shape of a UID, but for a nick that was saved, which is
// its own UID.
func (n *Network) userByRef(r s2s.Ref) *User {
	if len(r) >= 9 && '0' <= r[0] && r[0] <= '9' {
		if u := n.users[s2s.UID(r)]; u != nil {
			return u
		}
	}
	if len(r) == 3 && n.sids[s2s.SID(r)] != nil {
		return nil
	}
	return n.Nick(string(r))
}

func (n *Network) serverByRef(r s2s.Ref) *Server {
	if s := n.sids[s2s.SID(r)]; s != nil {
		return s
	}
	return n.names[irc.ASCII.Fold(string(r))]
}

// target finds a user that an event names, and counts one that is not there.
func (n *Network) target(r s2s.Ref) *User {
	u := n.userByRef(r)
	if u == nil {
		n.ignore(IgnoredUser)
	}
	return u
}

// find finds the channel that an event names, and counts one that is not there.
func (n *Network) find(name string) *Channel {
	c := n.Channel(name)
	if c == nil {
		n.ignore(IgnoredChannel)
	}
	return c
}

// word returns a string of its own that equals s. Users share few of them, so each is kept once, up to a bound.
func (n *Network) word(s string) string {
	if s == "" {
		return ""
	}
	if w, ok := n.words[s]; ok {
		return w
	}
	w := strings.Clone(s)
	if len(n.words) < maxWords {
		n.words[w] = w
	}
	return w
}

// maxWords bounds the shared words: sets of user modes, and setters and masks of lists.
const maxWords = 4096

// server takes what is about servers and the link.
func (n *Network) server(by Source, body s2s.Body) bool {
	switch b := body.(type) {
	case s2s.ServerIntroduced:
		n.serverIntroduced(by, b)
	case s2s.ServerGone:
		n.serverGone(by, b)
	case s2s.ServerInfo:
		n.serverInfo(by, b)
	case s2s.EndOfBurst:
		n.endOfBurst(by)
	case s2s.Ping:
		if n.rules.PingEndsBurst {
			n.endOfBurst(by)
		}
		return false
	case s2s.Unknown:
		n.ignore(IgnoredUnknown)
	default:
		return false
	}
	return true
}

// user takes what is about users.
func (n *Network) user(by Source, e s2s.Event) bool {
	switch b := e.Body.(type) {
	case s2s.UserIntroduced:
		n.userIntroduced(by, b)
	case s2s.NickChanged:
		n.nickChanged(by, b)
	case s2s.UserChanged:
		n.userChanged(by, b)
	case s2s.UserModes:
		n.userModes(by, b)
	case s2s.Away:
		n.away(by, b)
	case s2s.Oper:
		n.oper(by, b)
	case s2s.UserQuit:
		n.userQuit(by, b)
	case s2s.UserKilled:
		n.userKilled(by, e, b)
	case s2s.UserSaved:
		n.userSaved(b)
	case s2s.SWhois:
		n.whois(by, b)
	default:
		return false
	}
	return true
}

// channel takes what is about channels.
func (n *Network) channel(by Source, e s2s.Event) bool {
	switch b := e.Body.(type) {
	case s2s.ChannelBurst:
		n.channelBurst(by, b)
	case s2s.Join:
		n.join(by, b)
	case s2s.PartAll:
		n.partAll(by)
	case s2s.Part:
		n.part(by, b)
	case s2s.Kick:
		n.kick(by, b)
	case s2s.ChannelModes:
		n.channelModes(by, b)
	case s2s.Topic:
		n.topic(by, b)
	case s2s.ListBurst:
		n.listBurst(by, b)
	case s2s.ModeLock:
		n.modeLock(by, b)
	case s2s.Invite:
		n.invite(by, b)
	case s2s.Knock:
		n.knock(by, b)
	default:
		return false
	}
	return true
}

// rest takes messages, bans and metadata, and resolves whom the others name.
func (n *Network) rest(by Source, e s2s.Event) bool {
	switch b := e.Body.(type) {
	case s2s.Message:
		n.message(by, e, b)
	case s2s.NetworkBan:
		n.networkBan(by, b)
	case s2s.Metadata:
		n.metadata(by, b)
	case s2s.Force:
		n.pass(by, n.userByRef(b.User), e)
	case s2s.Numeric:
		n.pass(by, n.userByRef(b.Target), e)
	case s2s.StandardReply:
		n.pass(by, n.userByRef(b.User), e)
	case s2s.SASL:
		n.pass(by, n.userByRef(b.From), e)
	default:
		return false
	}
	return true
}
