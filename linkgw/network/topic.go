package network

import (
	"strings"

	"robustirc/s2s"
)

// topic sets a topic if the rule it comes with allows.
func (n *Network) topic(by Source, b s2s.Topic) {
	c := n.find(b.Channel)
	if c == nil {
		return
	}
	if !n.topicWins(c, by, b) {
		n.ignore(IgnoredOlder)
		return
	}
	t := Topic{Text: b.Text, Setter: b.Setter, SetAt: b.SetAt}
	if t.Setter == "" || n.own && n.rules.HostModes && by.User != nil && !n.isService(by) { // unreal:topic.c
		t.Setter = n.setter(by)
	}
	if t.SetAt == 0 {
		t.SetAt = n.now
	}
	if t.Text == "" && n.rules.EmptyTopicForgets {
		t = Topic{}
	}
	n.setTopic(c, by, t)
}

// topicWins applies the rules of TB (m_tb.c:ms_tb), ETB (ms_etb), TBURST (hyb:m_tburst.c:ms_tburst) and of UnrealIRCd's
// TOPIC from a server (unreal:topic.c:cmd_topic). A user's TOPIC always wins.
func (n *Network) topicWins(c *Channel, by Source, b s2s.Topic) bool {
	have := c.Topic
	switch b.Rule {
	case s2s.TopicOlder:
		return b.Text != "" && (have.Text == "" || b.SetAt < have.SetAt && b.Text != have.Text)
	case s2s.TopicNewer:
		return b.SetAt == 0 || have.SetAt == 0 || b.SetAt > have.SetAt || n.isService(by)
	case s2s.TopicETB:
		if n.rules.TopicBurst == BurstTBurst {
			return n.isService(by) || b.TS < c.TS || b.TS == c.TS && b.SetAt > have.SetAt
		}
		return have.Text == "" || b.TS < c.TS || b.TS == c.TS && b.SetAt > have.SetAt
	}
	return true
}

func (n *Network) setTopic(c *Channel, by Source, t Topic) {
	if t == c.Topic {
		return
	}
	old := c.Topic
	c.Topic = Topic{Text: strings.Clone(t.Text), Setter: n.word(t.Setter), SetAt: t.SetAt}
	n.changed(TopicChanged{Channel: c, By: by, Old: old})
}
