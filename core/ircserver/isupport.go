package ircserver

import (
	"time"

	"robustirc/core/irc"
)

// version is what 002, 004 and VERSION call this software.
const version = "robustirc-1"

// isupport sends 004 and 005: what the tables and the configuration offer.
func (s *Server) isupport(u *session) {
	s.send(only(u), s.name(), irc.RPL_MYINFO.Code(), u.target(), s.name(), version,
		s.userModeLetters(), s.channelModeLetters(), s.channelParamLetters())
	s.features(u)
}

// features sends 005.
func (s *Server) features(u *session) {
	text := irc.RPL_ISUPPORT.Text()
	room := irc.MaxLine - 2 - len(":  005   :") - len(s.name()) - len(u.target()) - len(text)
	tokens := s.supported()
	for _, line := range tokens.Lines(room) {
		s.replyText(u, irc.RPL_ISUPPORT, text, line...)
	}
}

// supported is the content of 005, in alphabetical order.
func (s *Server) supported() (t irc.ISupport) {
	l := &s.cfg.Limits
	t.Set("ACCEPT", itoa(l.Accept))
	t.Set("ACCOUNTEXTBAN", "account,a")
	t.Set("AWAYLEN", itoa(l.AwayLen))
	t.Set("BOT", "B")
	t.Set("CALLERID", "g")
	t.Set("CASEMAPPING", casemapping.String())
	t.Set("CHANLIMIT", "#:"+itoa(l.ChannelsPerUser))
	t.Set("CHANMODES", s.chanModesToken())
	t.Set("CHANNELLEN", itoa(l.ChannelLen))
	t.Set("CHANTYPES", "#")
	t.Set("DEAF", "D")
	t.Set("ELIST", "CMNTU")
	t.Set("EXCEPTS", "e")
	t.Set("EXTBAN", s.extbanToken())
	t.Set("HOSTLEN", itoa(l.HostLen))
	t.Set("INVEX", "I")
	t.Set("KEYLEN", itoa(l.KeyLen))
	t.Set("KICKLEN", itoa(l.KickLen))
	t.Set("KNOCK", "")
	t.Set("MAXLIST", s.maxListToken())
	t.Set("MODES", itoa(l.ModesPerLine))
	t.Set("NAMELEN", itoa(l.RealLen))
	t.Set("NETWORK", s.cfg.NetworkName)
	t.Set("NICKLEN", itoa(l.NickLen))
	t.Set("PREFIX", s.prefixToken())
	t.Set("SAFELIST", "")
	t.Set("SILENCE", itoa(l.Silence))
	t.Set("STATUSMSG", s.statusmsgToken())
	t.Set("TARGMAX", s.targmaxToken())
	t.Set("TOPICLEN", itoa(l.TopicLen))
	t.Set("USERLEN", itoa(l.UserLen))
	return t
}

// targmaxToken is the value of ISUPPORT TARGMAX: how many targets commands take; those of JOIN and PART have no limit
// but the line's length.
func (s *Server) targmaxToken() string {
	n := itoa(s.cfg.Limits.TargetsPerMessage)
	return "JOIN:,KICK:" + n + ",NAMES:" + n + ",NOTICE:" + n + ",PART:,PRIVMSG:" + n + ",WHOIS:" + n + ",WHOWAS:" + n
}

// wireTime is how times are written in texts.
func wireTime(ns int64) string {
	return time.Unix(0, ns).UTC().Format("Mon Jan 2 2006 at 15:04:05 UTC")
}
