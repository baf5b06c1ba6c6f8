package ircserver

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
)

// A gateway is a session (the link) that brings the users of another network, each a session of its own without a secret
// (a guest): docs/gateway.md. It exists since MachineVersion 2.
//
// What a guest did is a client command of its session, and goes through the same dispatch as everybody's; then a second
// look (ensure.go) makes it so where a rule of this network has refused. What the gateway makes so by itself is an effect
// (gatewaytable.go).

// gatewayCommand turns a session into a gateway's link.
const gatewayCommand = "GATEWAY"

// Bounds of what gateways bring beyond the limits of clients. Lines to and from a link are longer, too.
const (
	// gatewayLine is the longest line of a link, in bytes and both ways, without its ending.
	gatewayLine = 4096
	// gatewayListEntries is how many entries of one list of a channel a gateway may make.
	gatewayListEntries = 4096
	// gatewayChannels is how many channels a gateway may put one of its users into.
	gatewayChannels = 4096
	// gatewayUID is the length of the names of its users.
	gatewayUID = 12
	// gatewayRefusals is how many unknown uids it is told of once only; see gateway.refused.
	gatewayRefusals = 256
)

// gateway is one gateway that is there. The link and all of its users point to it.
type gateway struct {
	name string // as the configuration has it
	link SessionID
	// inLink says that the lines of its users are delivered in the link's stream (style firehose), and not each in its own.
	inLink bool
	// last is the id of the last line that happened, also before another link took over.
	last uint64
	// refused are uids that are nobody and that the gateway was told of, the oldest first. Lines may be under way for a
	// user that this network has removed; the gateway hears of the first only.
	refused []string

	users map[string]*session // by uid; derived
}

// isGateway reports whether u is the link of a gateway.
func (u *session) isGateway() bool { return u.gateway != nil && u.gateway.link == u.id }

// isGuest reports whether u is a gateway's user.
func (u *session) isGuest() bool { return u.gateway != nil && u.gateway.link != u.id }

// firehose is the link in whose stream u's lines are, or zero when u has a stream of its own.
func (u *session) firehose() SessionID {
	if !u.isGuest() || !u.gateway.inLink {
		return 0
	}
	return u.gateway.link
}

// guests are the gateway's users, in the order of their ids.
func (g *gateway) guests() []*session {
	list := slices.Collect(maps.Values(g.users)) // order does not matter: sorted below
	slices.SortFunc(list, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	return list
}

func (s *Server) gatewayNamed(name string) *gateway {
	for _, g := range s.gateways { // order does not matter: names are there once
		if g.name == name {
			return g
		}
	}
	return nil
}

// gatewayStyles are the styles of delivery: whether all lines are in the link's stream.
var gatewayStyles = map[string]bool{"firehose": true, "sessions": false}

// cmdGateway turns a session whose PASS proved it into a gateway's link. A link that is there already gives way, and its
// users pass to the new one, which is told what there is.
func (s *Server) cmdGateway(u *session, c *call) *failure {
	name := strings.Clone(c.Param(0))
	inLink, known := gatewayStyles[c.Param(1)]
	switch {
	case u.registered:
		return fail(irc.ERR_ALREADYREGISTERED)
	case !slices.Contains(strings.Fields(u.granted), grantGateway+name):
		s.sendText(only(u), "", "ERROR", "Invalid password, or it is not that of this gateway")
		return nil
	case !slices.ContainsFunc(s.cfg.Gateways, func(g Gateway) bool { return g.Name == name }):
		s.sendText(only(u), "", "ERROR", "The network's configuration names no such gateway")
		return nil
	case !known:
		s.sendText(only(u), "", "ERROR", "The style is firehose or sessions")
		return nil
	}
	if u.nick != "" {
		delete(s.nicks, foldNick(u.nick))
		u.setIdentity("", u.user, u.host)
	}
	u.granted, u.pass, u.cookie, u.capNegotiating, u.modes = "", "", "", false, 0
	g := s.gatewayNamed(name)
	if g == nil {
		g = &gateway{name: name, users: map[string]*session{}}
	}
	s.takeLink(g, u, inLink)
	s.burstGateway(g, "")
	s.snotice(nil, "Gateway "+g.name+" is up")
	return nil
}

// takeLink makes u the link of g, in place of the one before it.
func (s *Server) takeLink(g *gateway, u *session, inLink bool) {
	old, was := s.sessions[g.link], g.inLink
	if old != nil {
		s.tally(old, -1)
		delete(s.gateways, old.id)
		old.gateway = nil
	}
	u.setCaps(u.caps | s.linkCaps())
	u.gateway, g.link, g.inLink = g, u.id, inLink
	g.refused = nil
	s.gateways[u.id] = g
	s.tally(u, +1)
	s.dueAt(u)
	for _, v := range g.guests() {
		v.audienceChanged()
		switch {
		case was && !inLink:
			s.opened = append(s.opened, v.id)
		case !was && inLink:
			s.closed = append(s.closed, v.id)
		}
	}
	if old != nil {
		s.quit(old, "Another link of this gateway has come")
	}
}

// retireGateways ends the links of gateways that the configuration names no longer, and tells the others when what they
// were told of limits and modes has changed.
func (s *Server) retireGateways(old *Config) {
	changed := !slices.Equal(limitWords(old), limitWords(&s.cfg))
	for _, id := range slices.Sorted(maps.Keys(s.gateways)) {
		g := s.gateways[id]
		switch {
		case !slices.ContainsFunc(s.cfg.Gateways, func(c Gateway) bool { return c.Name == g.name }):
			s.quit(s.sessions[id], "The network's configuration names this gateway no longer")
		case changed:
			s.tellLimits(g)
		}
	}
}

// tell sends g's link a line in the network's name; with text, the last parameter is written as trailing.
func (s *Server) tell(g *gateway, text bool, command string, params ...string) {
	s.file(only(s.sessions[g.link]), irc.Truncate(encode(s.name(), command, params, text), gatewayLine))
}

// refuse tells g what could not be done.
func (s *Server) refuse(g *gateway, command, parameter, reason string) {
	s.tell(g, true, "REFUSED", printable(command), printable(parameter), reason)
}

// tellGone tells a gateway that this network has removed one of its users, unless it said so itself.
func (s *Server) tellGone(u *session, reason string) {
	if u.isGuest() && s.acting != u.gateway {
		s.tell(u.gateway, true, "GONE", u.uid, reason)
	}
}

// guest returns the user with this uid, or nil, of which g is told once.
func (s *Server) guest(g *gateway, command, uid string) *session {
	u := g.users[uid]
	if u == nil && !slices.Contains(g.refused, uid) {
		if len(g.refused) == gatewayRefusals {
			g.refused = slices.Delete(g.refused, 0, 1)
		}
		g.refused = append(g.refused, strings.Clone(irc.Truncate(uid, gatewayUID)))
		s.refuse(g, command, uid, "No such user")
	}
	return u
}

// dispatchGateway is dispatch for a line of a gateway's link.
func (s *Server) dispatchGateway(link *session, c *call) {
	g := link.gateway
	if c.in.ClientMsgID != 0 {
		g.last = c.in.ClientMsgID
	}
	name := irc.UpperCommand(c.Command)
	if len(c.in.Text) > gatewayLine {
		s.refuse(g, name, c.Param(0), "A line has at most "+itoa(gatewayLine)+" bytes")
		return
	}
	if c.Source != "" {
		s.dispatchGuest(g, name, c)
		return
	}
	row := gatewayCommands[name]
	switch {
	case row == nil:
		s.refuse(g, name, c.Param(0), "Unknown command")
	case c.NumParams() < row.minParams:
		s.refuse(g, name, c.Param(0), "Not enough parameters")
	default:
		if why := row.run(s, &effect{call: c, g: g, name: name}); why != "" {
			s.refuse(g, name, c.Param(0), why)
		}
	}
}

// dispatchGuest lets a gateway's user do something, and then looks whether it is so.
func (s *Server) dispatchGuest(g *gateway, name string, c *call) {
	u := s.guest(g, name, c.Source)
	if u == nil {
		return
	}
	row, ok := guestCommands[name]
	if !ok {
		s.refuse(g, name, u.uid, "Not a command of a gateway's users")
		return
	}
	c.nameUsers(g, row.users)
	u.lastActive = s.now
	s.dispatch(u, c)
	if row.ensure != nil && s.sessions[u.id] == u {
		row.ensure(s, &look{call: c, u: u, g: g, name: name})
	}
}

// nameUsers puts nicks in place of uids in the parameters first to last of the line. Only uids that no nick can be are
// looked up: those that begin with a digit, as the protocols have them.
func (c *call) nameUsers(g *gateway, at paramRange) {
	for i := at.first; i <= at.last && i < c.NumParams(); i++ {
		p := c.Param(i)
		if !strings.ContainsAny(p, "0123456789") {
			continue
		}
		words := strings.Split(p, ",")
		for j, w := range words {
			if u := g.users[w]; u != nil && w[0] <= '9' {
				words[j] = u.nick
			}
		}
		c.Params()[i] = strings.Join(words, ",")
	}
}

// hexID is how gateways are told of a session's id.
func hexID(id SessionID) string { return "0x" + strconv.FormatUint(uint64(id), 16) }
