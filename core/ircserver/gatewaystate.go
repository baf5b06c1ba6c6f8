package ircserver

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
)

// burstGateway tells a gateway what the network has of it: limits, users in the order of their ids, the channels they are
// on in the order of their names, and its bans. With a token it is an answer to STATE.
func (s *Server) burstGateway(g *gateway, token string) {
	if token != "" {
		s.tell(g, false, "STATE", token)
	}
	s.tellLimits(g)
	channels := map[chanKey]*channel{}
	for _, u := range g.guests() {
		s.tellState(u)
		for _, ch := range u.channels {
			channels[foldChan(ch.name)] = ch
		}
	}
	for _, key := range slices.Sorted(maps.Keys(channels)) {
		s.tellChannel(g, channels[key])
	}
	for _, b := range s.bans {
		if b.gateway == g.name {
			s.tell(g, true, "BAN", b.kind, b.mask, b.setter, seconds(b.time), seconds(b.expiry), b.reason)
		}
	}
	s.tell(g, false, "READY", strconv.FormatUint(g.last&^SequentialID, 10))
}

// tellLimits sends GATEWAY: limits and modes.
func (s *Server) tellLimits(g *gateway) {
	s.tell(g, false, gatewayCommand, append([]string{g.name}, limitWords(&s.cfg)...)...)
}

// limitWords are what a gateway needs to know of a configuration.
func limitWords(c *Config) []string {
	l, offer := &c.Limits, &modeOffers[c.modeSwitches()]
	words := []string{
		"NICKLEN=" + itoa(l.NickLen), "USERLEN=" + itoa(l.UserLen), "HOSTLEN=" + itoa(l.HostLen), "REALLEN=" + itoa(l.RealLen),
		"CHANNELLEN=" + itoa(l.ChannelLen), "TOPICLEN=" + itoa(l.TopicLen), "KICKLEN=" + itoa(l.KickLen), "AWAYLEN=" + itoa(l.AwayLen),
		"KEYLEN=" + itoa(l.KeyLen), "LISTENTRIES=" + itoa(max(gatewayListEntries, l.ListEntries)),
		"CHANMODES=" + offer.spec.ChanModes(), "PREFIX=" + offer.spec.PrefixToken(),
		"USERMODES=" + userModeSpec.Letters(irc.ModeFlag), "FOUNDER=o", "LINELEN=" + itoa(gatewayLine),
	}
	return words
}

// tellState sends USER with all that there is, and AWAY.
func (s *Server) tellState(u *session) {
	modes := u.modes
	modes.clear('o') // the class says so
	s.tell(u.gateway, true, "USER", u.uid, u.nick, u.user, u.host, hostOf(cmp.Or(u.remote, "*")), seconds(u.signedOn), cmp.Or(u.account, "*"),
		cmp.Or(u.operClass, "*"), "+"+modes.String(), hexID(u.id), u.realname)
	if u.away != "" {
		s.tell(u.gateway, true, "AWAY", u.uid, u.away)
	}
}

// tellChannel sends everything about a channel; of its members the gateway's own.
func (s *Server) tellChannel(g *gateway, ch *channel) {
	s.tell(g, false, "CHANNEL", append([]string{ch.name, seconds(ch.created)}, s.modeWords(ch, true)...)...)
	s.tellMembers(g, ch)
	for _, letter := range s.modeOffer().spec.Letters(irc.ModeList) {
		for _, e := range ch.lists[byte(letter)] {
			s.tell(g, false, "ENTRY", ch.name, "+"+string(letter), e.mask, e.setter, seconds(e.time))
		}
	}
	if ch.topic != "" {
		s.tell(g, true, "TOPIC", ch.name, ch.topicSetter, seconds(ch.topicTime), ch.topic)
	}
}

// tellMembers sends MEMBERS, in as many lines as they need.
func (s *Server) tellMembers(g *gateway, ch *channel) {
	head := len(encode(s.name(), "MEMBERS", []string{ch.name, ""}, false))
	words := func(yield func(string) bool) {
		for _, m := range ch.members {
			if m.gateway == g && !yield(m.status.letters()+","+m.uid) {
				return
			}
		}
	}
	for line := range irc.SplitWords(head, words, gatewayLine) {
		s.file(only(s.sessions[g.link]), strings.TrimSuffix(encode(s.name(), "MEMBERS", []string{ch.name, ""}, false), ":")+line)
	}
}

// letters are the mode letters of a member's statuses, highest first.
func (st status) letters() string {
	var b []byte
	for i := range modeTable {
		if row := &modeTable[i]; row.kind == irc.ModePrefix && st&row.status != 0 {
			b = append(b, row.letter)
		}
	}
	return string(b)
}
