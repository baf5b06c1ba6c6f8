package network

import (
	"strings"

	"robustirc/core/irc"
)

// savedTS is the nick timestamp of a user whose nick became its UID (include/s_serv.h: SAVE_NICKTS).
const savedTS = 100

// collide settles who of two users has a nick: u, which is new or changes its nick to it, or who has it. The loser is
// saved or killed, and the other server does the same by itself and says so, which changes nothing more. It reports
// whether u may take the nick; a new user that is saved has its nick and timestamp changed and may.
//
//	new timestamp   person      loser
//	equal           any         both
//	older           different   the one who has it
//	older           same        u
//	newer           different   u
//	newer           same        the one who has it
//
// m_nick.c:perform_nick_collides and perform_nickchange_collides, hyb:m_nick.c, unreal:nick.c:cmd_uid and
// cmd_nick_remote.
func (n *Network) collide(u *User, nick string, ts int64) bool {
	holder := n.Nick(nick)
	if holder == nil || holder == u {
		return true
	}
	holderLoses, newLoses := n.losers(holder, u, ts)
	if holderLoses {
		n.lose(holder)
	}
	if !newLoses {
		return true
	}
	if n.users[u.UID] == u {
		n.lose(u)
		return false
	}
	n.ignore(IgnoredCollision)
	if !n.rules.Saves || n.Nick(string(u.UID)) != nil {
		return false
	}
	u.Nick, u.TS = string(u.UID), savedTS
	return true
}

func (n *Network) losers(holder, u *User, ts int64) (holderLoses, newLoses bool) {
	if ts == holder.TS || n.rules.ZeroTSCollides && (ts == 0 || holder.TS == 0) || n.rules.HostModes && ts == 0 {
		return true, true
	}
	newLoses = (ts < holder.TS) == n.same(holder, u)
	return !newLoses, newLoses
}

// same reports whether two users are one person, who reconnected before the older connection was gone.
func (n *Network) same(a, b *User) bool {
	if !n.rules.Casemapping.Equal(a.Ident, b.Ident) {
		return false
	}
	switch n.rules.Same {
	case SameAddress:
		return irc.ASCII.Equal(a.IP, b.IP)
	case SameRealHost:
		return irc.ASCII.Equal(a.RealHost, b.RealHost)
	}
	return n.rules.Casemapping.Equal(a.Host, b.Host)
}

// lose saves or kills a user who lost its nick.
func (n *Network) lose(u *User) {
	if n.rules.Saves {
		n.save(u)
		return
	}
	n.removeUser(UserRemoved{User: u, Kind: RemovedCollision, Reason: "Nick collision"})
}

// save makes a user's UID its nick. Who should already have that for a nick is not the user itself, and is killed.
func (n *Network) save(u *User) {
	nick := strings.Clone(string(u.UID))
	if holder := n.Nick(nick); holder != nil && holder != u {
		n.removeUser(UserRemoved{User: holder, Kind: RemovedCollision, Reason: "Nick collision"})
	}
	n.setNick(u, nick, savedTS, true)
}
