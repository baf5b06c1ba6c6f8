package fakenet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// questions are the queries that are answered, each with the place of the server that is asked and how.
var questions = map[string]struct {
	hunt int
	give func(a *answering, b s2s.Query)
}{
	"VERSION": {0, (*answering).version}, "TIME": {0, (*answering).time}, "ADMIN": {0, (*answering).admin},
	"MOTD": {0, (*answering).motd}, "INFO": {0, (*answering).info}, "USERS": {0, (*answering).users}, "STATS": {1, (*answering).stats},
	"LUSERS": {1, (*answering).lusers}, "LINKS": {0, (*answering).links}, "TRACE": {0, (*answering).trace},
	"WHOIS": {0, (*answering).whois}, "WHOWAS": {2, (*answering).whowas},
}

// answering replies to a user of a leaf as one of our servers.
type answering struct {
	n      *Network
	asker  *user
	server *server
}

// answer replies to a question of a leaf's user. What is asked of a server that is not ours is passed on to nobody.
func (n *Network) answer(asker *user, b s2s.Query) {
	q, ok := questions[strings.ToUpper(b.Command)]
	if !ok || asker == nil {
		return
	}
	a := answering{n: n, asker: asker, server: n.hub}
	if q.hunt < len(b.Params) {
		if s := n.server(b.Params[q.hunt]); s != nil {
			a.server = s
		} else if u := n.user(s2s.Ref(b.Params[q.hunt])); u != nil {
			a.server = u.server
		}
	}
	if a.server.link == nil {
		q.give(&a, b)
	}
}

func (a *answering) say(code irc.Numeric, params ...string) {
	link := a.asker.server.link
	a.n.tell(nil, s2s.Ref(a.server.sid), s2s.Numeric{Code: int(code), Target: s2s.Ref(a.asker.uid), Params: params}, []s2s.SID{link.sid}, a.n.one(a.asker), "")
}

func (a *answering) version(s2s.Query) {
	a.say(351, "fakenet-1.0.", a.server.name, string(a.n.cfg.Protocol)+" "+string(a.server.sid))
	a.say(irc.RPL_ISUPPORT, append(strings.Fields(a.n.isupport()), "are supported by this server")...)
}

// isupport tells the modes, which a leaf in TS6 learns no other way.
func (n *Network) isupport() string {
	switch n.cfg.Protocol {
	case Unreal:
		return "CHANMODES=" + unrealChanModes + " PREFIX=" + unrealPrefix + " CASEMAPPING=ascii"
	case Hybrid:
		return "CHANMODES=beI,k,l,CKLMNOQRSTVZcimnprstz PREFIX=(ohv)@%+ CASEMAPPING=ascii"
	}
	return "CHANMODES=eIbq,k,flj,ACFLMOPQRSTcgimnprstz PREFIX=(ov)@+ CASEMAPPING=rfc1459"
}

func (a *answering) time(s2s.Query) {
	a.say(391, a.server.name, a.n.now.UTC().Format("Monday January 2 2006 -- 15:04:05 -07:00"))
}

func (a *answering) admin(s2s.Query) {
	a.say(256, a.server.name, "Administrative info")
	a.say(257, "Nobody")
	a.say(258, a.n.cfg.Network)
	a.say(259, "admin@"+a.server.name)
}

func (a *answering) motd(s2s.Query) { a.say(422, "MOTD File is missing") }

func (a *answering) info(s2s.Query) {
	a.say(371, "A simulated network of RobustIRC's fakenet")
	a.say(374, "End of /INFO list.")
}

func (a *answering) stats(b s2s.Query) {
	letter := "*"
	if len(b.Params) > 0 {
		letter = b.Params[0]
	}
	if letter == "u" {
		up := a.n.now.Sub(a.n.cfg.Start) + 24*time.Hour
		a.say(242, fmt.Sprintf("Server Up %d days, %d:%02d:%02d", int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60, int(up.Seconds())%60))
	}
	a.say(219, letter, "End of /STATS report")
}

func (a *answering) users(s2s.Query) {
	local, all := strconv.Itoa(len(a.server.users)), strconv.Itoa(len(a.n.byUID))
	a.say(265, local, local, "Current local users "+local+", max "+local)
	a.say(266, all, all, "Current global users "+all+", max "+all)
}

func (a *answering) lusers(b s2s.Query) {
	a.say(251, fmt.Sprintf("There are %d users and 0 invisible on %d servers", len(a.n.byUID), len(a.n.servers)))
	a.say(252, strconv.Itoa(len(a.n.opers)), "IRC Operators online")
	a.say(254, strconv.Itoa(len(a.n.order)), "channels formed")
	a.say(255, fmt.Sprintf("I have %d clients and %d servers", len(a.server.users), 1+len(a.server.behind)))
	a.users(b)
}

func (a *answering) links(s2s.Query) {
	for _, s := range a.n.servers {
		up := s
		if s.uplink != nil {
			up = s.uplink
		}
		a.say(364, s.name, up.name, strconv.Itoa(s.hops-1)+" "+s.descr)
	}
	a.say(365, "*", "End of /LINKS list.")
}

func (a *answering) trace(b s2s.Query) { a.say(262, a.server.name, "End of TRACE") }

// whois answers of a user by nick or id.
func (a *answering) whois(b s2s.Query) {
	nick := b.Params[len(b.Params)-1]
	u := a.n.user(s2s.Ref(nick))
	if u == nil {
		a.say(401, nick, "No such nick/channel")
		a.say(318, nick, "End of /WHOIS list.")
		return
	}
	a.say(311, u.nick, u.ident, u.host, "*", u.realname)
	if list := a.visibleChannels(u); list != "" {
		a.say(319, u.nick, list)
	}
	a.say(312, u.nick, u.server.name, u.server.descr)
	if u.away != "" {
		a.say(301, u.nick, u.away)
	}
	if u.oper {
		a.say(313, u.nick, "is an IRC Operator")
	}
	if u.account != "" {
		a.say(330, u.nick, u.account, "is logged in as")
	}
	a.say(317, u.nick, "1", strconv.FormatInt(u.ts, 10), "seconds idle, signon time")
	a.say(318, u.nick, "End of /WHOIS list.")
}

// visibleChannels are those that are not secret, or shared, up to the length of a line.
func (a *answering) visibleChannels(u *user) string {
	const room = 350
	var b strings.Builder
	for _, m := range u.seats {
		c := m.channel
		if (c.has('s') || c.has('p')) && a.asker.seat(c) == nil || b.Len()+len(c.name) > room {
			continue
		}
		if a.n.isOp(m) {
			b.WriteByte('@')
		}
		b.WriteString(c.name + " ")
	}
	return strings.TrimSpace(b.String())
}

func (a *answering) whowas(b s2s.Query) {
	nick := b.Params[0]
	a.say(406, nick, "There was no such nickname")
	a.say(369, nick, "End of WHOWAS")
}
