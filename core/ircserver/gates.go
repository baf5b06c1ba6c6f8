package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// Gates are the named conditions of channel actions, asked in one order; each returns why not, or nil.

// joinGates are the conditions of JOIN, in the order in which they are asked.
//
// An invitation by a member overrides a ban, invite-only and the limit, as in UnrealIRCd; it replaces neither the key
// nor an account, and the throttle protects the channel whoever joins.
var joinGates = []func(s *Server, u *session, ch *channel, key string) *failure{
	gateBanned, gateAccount, gateInvite, gateKey, gateLimit, gateThrottle,
}

// joinGate says whether u may join ch with the given key.
func (s *Server) joinGate(u *session, ch *channel, key string) *failure {
	if u.services {
		return nil
	}
	for _, gate := range joinGates {
		if f := gate(s, u, ch, key); f != nil {
			return f
		}
	}
	return nil
}

func gateBanned(s *Server, u *session, ch *channel, _ string) *failure {
	if ch.isBanned(u) && !u.invitedTo(ch) {
		return fail(irc.ERR_BANNEDFROMCHAN, ch.name)
	}
	return nil
}

func gateAccount(_ *Server, u *session, ch *channel, _ string) *failure {
	if ch.modes.has('R') && u.account == "" {
		return fail(irc.ERR_NEEDREGGEDNICK, ch.name)
	}
	return nil
}

func gateInvite(s *Server, u *session, ch *channel, _ string) *failure {
	if ch.modes.has('i') && !u.invitedTo(ch) && !s.onList(u, ch, 'I') {
		return fail(irc.ERR_INVITEONLYCHAN, ch.name)
	}
	return nil
}

func gateKey(_ *Server, _ *session, ch *channel, key string) *failure {
	if ch.key != "" && ch.key != key {
		return fail(irc.ERR_BADCHANNELKEY, ch.name)
	}
	return nil
}

func gateLimit(_ *Server, u *session, ch *channel, _ string) *failure {
	if ch.limit > 0 && len(ch.members) >= ch.limit && !u.invitedTo(ch) {
		return fail(irc.ERR_CHANNELISFULL, ch.name)
	}
	return nil
}

// gateThrottle answers 480, the number that Solanum uses; UnrealIRCd's KNOCK has the same number.
func gateThrottle(s *Server, _ *session, ch *channel, _ string) *failure {
	if ch.throttle.full(s.now) {
		return failText(irc.ERR_CANNOTKNOCK, "Cannot join channel (+j) - throttle exceeded, try again later", ch.name)
	}
	return nil
}

// maxForwards bounds how many forwards (+f) one JOIN follows, so that channels that forward in a circle end.
const maxForwards = 5

// admit says which channel u gets into when it asks for ch: ch itself, or the one that it forwards to, of which u is
// told (470). When there is none, the failure is that of ch. Guests are not forwarded. A forward to a channel that u is in already ends there.
func (s *Server) admit(u *session, ch *channel, key string) (*channel, *failure) {
	refused := s.joinGate(u, ch, key)
	if refused == nil {
		return ch, nil
	}
	if u.isGuest() {
		return nil, refused // it goes where its own network let it
	}
	to := ch
	for range maxForwards {
		to = s.channels[foldChan(to.forward)]
		if to == nil || to == ch {
			break
		}
		if to.byID[u.id] != nil || s.joinGate(u, to, "") == nil {
			s.reply(u, irc.ERR_LINKCHANNEL, ch.name, to.name)
			return to, nil
		}
	}
	return nil, refused
}

// speakGates are the conditions of a message to a channel, in the order in which they are asked. m is nil for those
// who are not members.
var speakGates = []func(sp *speech) *failure{
	gateExternal, gateModerated, gateRegistered, gateMuted, gateColour, gateCTCP, gateNotice,
}

// speech is one message on its way to a channel.
type speech struct {
	by     *session
	m      *member
	ch     *channel
	text   string
	notice bool
}

// speakGate says whether u may send text to ch. It returns the text to deliver, which mode S may have changed.
func (s *Server) speakGate(u *session, ch *channel, text string, notice bool) (string, *failure) {
	if u.services {
		return text, nil
	}
	sp := &speech{by: u, m: ch.byID[u.id], ch: ch, text: text, notice: notice}
	for _, gate := range speakGates {
		if f := gate(sp); f != nil {
			return "", f
		}
	}
	if ch.modes.has('S') {
		if text = stripFormatting(text); text == "" {
			return "", fail(irc.ERR_NOTEXTTOSEND)
		}
	}
	return text, nil
}

// hasVoice reports whether the speaker is a member with any status.
func (sp *speech) hasVoice() bool { return sp.m != nil && sp.m.status != 0 }

// cannotSend is 404 with the mode that is the reason.
func (sp *speech) cannotSend(reason string) *failure {
	return failText(irc.ERR_CANNOTSENDTOCHAN, "Cannot send to channel ("+reason+")", sp.ch.name)
}

func gateExternal(sp *speech) *failure {
	if sp.m == nil && sp.ch.modes.has('n') {
		return sp.cannotSend("+n")
	}
	return nil
}

func gateModerated(sp *speech) *failure {
	if sp.ch.modes.has('m') && !sp.hasVoice() {
		return sp.cannotSend("+m")
	}
	return nil
}

func gateRegistered(sp *speech) *failure {
	if sp.ch.modes.has('M') && sp.by.account == "" && !sp.hasVoice() {
		return fail(irc.ERR_NEEDREGGEDNICK, sp.ch.name)
	}
	return nil
}

func gateMuted(sp *speech) *failure {
	if !sp.hasVoice() && sp.ch.isMuted(sp.by) {
		return sp.cannotSend("+b")
	}
	return nil
}

func gateColour(sp *speech) *failure {
	if sp.ch.modes.has('c') && strings.ContainsAny(sp.text, "\x03\x04") {
		return sp.cannotSend("+c")
	}
	return nil
}

func gateCTCP(sp *speech) *failure {
	if sp.ch.modes.has('C') && strings.HasPrefix(sp.text, "\x01") && !isAction(sp.text) {
		return sp.cannotSend("+C")
	}
	return nil
}

func gateNotice(sp *speech) *failure {
	if sp.notice && sp.ch.modes.has('T') {
		return sp.cannotSend("+T")
	}
	return nil
}

// isAction reports whether text is a CTCP ACTION (/me).
func isAction(text string) bool {
	rest, ok := strings.CutPrefix(text, "\x01ACTION")
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == '\x01')
}

// nickGate says whether u may change its nick, to nick, while in ch: mode N, and bans and quiets for those without voice.
func (s *Server) nickGate(u *session, ch *channel, nick string) *failure {
	m := ch.byID[u.id]
	switch {
	case u.services || m == nil:
		return nil
	case ch.modes.has('N'):
		return failText(irc.ERR_NONICKCHANGE, irc.ERR_NONICKCHANGE.Textf(ch.name), ch.name)
	case m.status == 0 && ch.isMuted(u):
		return fail(irc.ERR_BANNICKCHANGE, nick, ch.name)
	}
	return nil
}
