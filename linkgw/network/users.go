package network

import (
	"strings"

	"robustirc/s2s"
)

// userIntroduced adds a user, unless it loses its nick.
func (n *Network) userIntroduced(by Source, b s2s.UserIntroduced) {
	switch {
	case by.User != nil:
		n.ignore(IgnoredKind)
		return
	case b.UID == "" || b.Nick == "":
		n.ignore(IgnoredName)
		return
	case n.users[b.UID] != nil:
		n.ignore(IgnoredTaken) // solanum does not look (reference ts6.md 0.12); two users of one id cannot be told apart
		return
	}
	u := n.newUser(by.Server, b)
	if n.own && n.rules.HostModes {
		u.Cloak = "" // the peer makes its own, whatever we say (unreal:nick.c:cmd_uid)
		u.Host = u.seenHost()
	}
	if !n.collide(u, u.Nick, u.TS) {
		return
	}
	n.nicks[n.nickKey(u.Nick)] = u
	n.users[u.UID] = u
	u.at = len(u.Server.users)
	u.Server.users = append(u.Server.users, u)
	n.changed(UserAdded{u})
}

// newUser makes a user whose strings are one piece of memory.
func (n *Network) newUser(s *Server, b s2s.UserIntroduced) *User {
	u := &User{TS: b.TS, Server: s, Hops: b.Hops, Modes: n.word(sortedLetters(b.Modes))}
	all := []string{string(b.UID), b.Nick, b.Ident, b.Host, b.RealHost, b.Cloak, b.VHost, b.IP, b.Account, b.Realname}
	if b.RealHost == b.Host {
		all[4] = ""
	}
	if b.IP == b.Host {
		all[7] = ""
	}
	packed := strings.Join(all, "")
	cut := func(part string) (s string) {
		s, packed = packed[:len(part)], packed[len(part):]
		return s
	}
	u.UID, u.Nick, u.Ident, u.Host, u.RealHost = s2s.UID(cut(all[0])), cut(all[1]), cut(all[2]), cut(all[3]), cut(all[4])
	u.Cloak, u.VHost, u.IP, u.Account, u.Realname = cut(all[5]), cut(all[6]), cut(all[7]), cut(all[8]), cut(all[9])
	if b.RealHost == b.Host {
		u.RealHost = u.Host
	}
	if b.IP == b.Host {
		u.IP = u.Host
	}
	return u
}

// nickKey is the key of a nick that is kept: it shares the nick's memory where that is folded already.
func (n *Network) nickKey(nick string) string { return n.rules.Casemapping.Fold(nick) }

// sortedLetters returns the letters of a set of user modes in the order of bytes, each once, without sign.
func sortedLetters(modes string) string {
	var set [4]uint64
	for i := range len(modes) {
		if c := modes[i]; c != '+' && c != '-' {
			set[c>>6] |= 1 << (c & 63)
		}
	}
	var buf [64]byte
	out := buf[:0]
	for c := range 256 {
		if set[c>>6]&(1<<(c&63)) != 0 {
			out = append(out, byte(c))
		}
	}
	return string(out)
}

// needUser returns the user that an event is of, or nil for a server's.
func (n *Network) needUser(by Source) *User {
	if by.User == nil {
		n.ignore(IgnoredKind)
	}
	return by.User
}

func (n *Network) nickChanged(by Source, b s2s.NickChanged) {
	u := n.needUser(by)
	if u == nil {
		return
	}
	if b.Nick == "" {
		n.ignore(IgnoredName)
		return
	}
	n.changeNick(u, b.Nick, b.TS)
}

// changeNick gives a user a nick and its timestamp, unless the user loses it.
func (n *Network) changeNick(u *User, nick string, ts int64) {
	sameNick := n.rules.Casemapping.Equal(u.Nick, nick)
	if !sameNick && !n.collide(u, nick, ts) {
		return
	}
	if ts == 0 {
		ts = n.now // m_nick.c:change_remote_nick, unreal:nick.c:cmd_nick_remote
	}
	if sameNick && n.rules.CaseChangeKeepsTS {
		ts = u.TS
	}
	if !sameNick && n.rules.NickDropsMode != 0 {
		n.applyUserModes(Source{Server: u.Server, User: u}, u, "-"+string([]byte{n.rules.NickDropsMode}))
	}
	n.setNick(u, nick, ts, false)
}

// setNick files a user under a nick that is free.
func (n *Network) setNick(u *User, nick string, ts int64, saved bool) {
	if u.Nick == nick && u.TS == ts {
		return
	}
	old := NickChanged{User: u, Old: u.Nick, OldTS: u.TS, Saved: saved}
	if n.Nick(u.Nick) == u {
		delete(n.nicks, n.nickKey(u.Nick))
	}
	u.Nick, u.TS = strings.Clone(nick), ts
	n.nicks[n.nickKey(u.Nick)] = u
	n.changed(old)
}

func (n *Network) userQuit(by Source, b s2s.UserQuit) {
	if u := n.needUser(by); u != nil {
		n.removeUser(UserRemoved{User: u, Kind: RemovedQuit, By: by, Reason: strings.Clone(b.Reason)})
	}
}

// userKilled removes a user; no quit follows. hybrid's SVSKILL is for the user's own server, whose QUIT follows.
func (n *Network) userKilled(by Source, e s2s.Event, b s2s.UserKilled) {
	u := n.target(b.User)
	switch {
	case u == nil:
	case b.IfTS != 0 && b.IfTS != u.TS:
		n.ignore(IgnoredOlder)
	case b.Quiet && n.rules.SvskillWaits:
		n.pass(by, u, e)
	default:
		n.removeUser(UserRemoved{User: u, Kind: RemovedKill, By: by, Path: strings.Clone(b.Path),
			Reason: strings.Clone(b.Reason), Quiet: b.Quiet})
	}
}

// userSaved renames the loser of a collision to its UID (m_nick.c:ms_save).
func (n *Network) userSaved(b s2s.UserSaved) {
	u := n.users[b.User]
	switch {
	case u == nil:
		n.ignore(IgnoredUser)
	case u.TS != b.TS || u.Nick[0] >= '0' && u.Nick[0] <= '9':
		n.ignore(IgnoredOlder)
	default:
		n.save(u)
	}
}

// removeUser removes a user and what it leaves empty.
func (n *Network) removeUser(r UserRemoved) {
	u := r.User
	r.Channels = make([]*Channel, len(u.channels))
	for i, m := range u.channels {
		r.Channels[i] = m.Channel
	}
	last := len(u.Server.users) - 1
	u.Server.users[u.at] = u.Server.users[last]
	u.Server.users[u.at].at = u.at
	u.Server.users[last] = nil
	u.Server.users = u.Server.users[:last]
	n.changed(r)
	n.dropUser(u)
}

// dropUser takes a user out of everything but its server's users.
func (n *Network) dropUser(u *User) {
	delete(n.users, u.UID)
	if n.Nick(u.Nick) == u {
		delete(n.nicks, n.nickKey(u.Nick))
	}
	for len(u.channels) > 0 {
		n.leave(u.channels[len(u.channels)-1])
	}
	u.channels = nil
}
