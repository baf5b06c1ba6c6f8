package ircserver

import (
	"strconv"
	"time"

	"robustirc/core/irc"
)

func (s *Server) cmdTopic(u *session, c *call) *failure { return notYet(c) }

// showTopic sends u the topic of ch: 332 and 333, or 331.
func (s *Server) showTopic(u *session, ch *channel) {
	if ch.topic == "" {
		s.reply(u, irc.RPL_NOTOPIC, ch.name)
		return
	}
	s.replyText(u, irc.RPL_TOPIC, ch.topic, ch.name)
	s.reply(u, irc.RPL_TOPICWHOTIME, ch.name, ch.topicSetter, seconds(ch.topicTime))
}

// seconds is how times are written in numerics: seconds since 1970.
func seconds(ns int64) string { return strconv.FormatInt(ns/int64(time.Second), 10) }
