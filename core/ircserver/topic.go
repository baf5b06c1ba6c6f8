package ircserver

import (
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// cmdTopic shows or changes a topic.
func (s *Server) cmdTopic(u *session, c *call) *failure {
	ch, f := s.channelFor(u, c.Param(0))
	if f != nil {
		return f
	}
	if c.NumParams() == 1 {
		s.showTopic(u, ch)
		return nil
	}
	if f := s.topicGate(u, ch); f != nil {
		return f
	}
	s.setTopic(u, ch, c.Param(1))
	return nil
}

// topicGate says why u may not change the topic of ch, or nil: members only, half-operators and above while +t, and
// nobody who may not speak.
func (s *Server) topicGate(u *session, ch *channel) *failure {
	m := ch.byID[u.id]
	switch {
	case u.services:
		return nil
	case m == nil:
		return notOnChannel(ch.name)
	case ch.modes.has('t') && !m.status.atLeast(statusHalfop):
		return needOp(ch.name)
	case m.status == 0 && ch.isMuted(u):
		return fail(irc.ERR_CANNOTSENDTOCHAN, ch.name)
	}
	return nil
}

// setTopic changes the topic; the empty one is none.
func (s *Server) setTopic(u *session, ch *channel, topic string) {
	ch.topic = strings.Clone(irc.Truncate(topic, s.cfg.Limits.TopicLen))
	ch.topicSetter, ch.topicTime = u.nick, s.now
	s.sendText(s.withoutLinks(ch.all()), u.prefix, "TOPIC", ch.name, ch.topic)
	s.servicesTopic(u, ch)
}

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
