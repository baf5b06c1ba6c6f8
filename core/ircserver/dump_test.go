package ircserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dump shows the state for the verb "state" of scenarios: what is set, one thing a line, in one order.
func dump(s *Server) []string {
	lines := []string{fmt.Sprintf("users %d of at most %d, deaths %d", s.users, s.maxUsers, s.deaths)}
	for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
		lines = append(lines, dumpSession(s.sessions[id]))
	}
	for _, key := range slices.Sorted(maps.Keys(s.channels)) {
		lines = append(lines, dumpChannel(s.channels[key])...)
	}
	for _, b := range s.bans {
		lines = append(lines, fmt.Sprintf("ban %+v", b))
	}
	for _, h := range s.holds {
		lines = append(lines, fmt.Sprintf("hold %+v", h))
	}
	for _, e := range s.whowas {
		lines = append(lines, fmt.Sprintf("whowas %+v", e))
	}
	return lines
}

func dumpSession(u *session) string {
	var b strings.Builder
	fmt.Fprintf(&b, "session %d", u.id)
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%q", name, value)
		}
	}
	for i, v := range u.strings() {
		add(sessionStringNames[i], *v)
	}
	for i, v := range u.switches() {
		if *v {
			fmt.Fprintf(&b, " %s", []string{"tls", "registered", "negotiating", "services"}[i])
		}
	}
	add("modes", u.modes.String())
	for _, row := range capTable {
		if u.caps&row.bit != 0 {
			add("cap", row.name)
		}
	}
	for _, k := range u.invites {
		add("invited", string(k.channel))
	}
	for _, e := range u.silence {
		add("silence", e.mask)
	}
	for _, k := range u.accept {
		add("accept", fmt.Sprint(k))
	}
	return b.String()
}

var sessionStringNames = []string{"remote", "cookie", "nick", "user", "realname", "host", "account", "away", "oper", "class", "pass", "granted", "svid"}

func dumpChannel(ch *channel) []string {
	var names []string
	for _, m := range ch.members {
		names = append(names, m.status.prefixes(true)+m.nick)
	}
	line := fmt.Sprintf("channel %s +%s members=%s", ch.name, ch.modes, strings.Join(names, ","))
	if ch.key != "" || ch.limit != 0 || ch.forward != "" || ch.throttle.joins != 0 {
		line += fmt.Sprintf(" key=%q limit=%d forward=%q throttle=%d:%d", ch.key, ch.limit, ch.forward, ch.throttle.joins, ch.throttle.seconds)
	}
	if ch.topic != "" {
		line += fmt.Sprintf(" topic=%q by %s", ch.topic, ch.topicSetter)
	}
	lines := []string{line}
	for _, letter := range slices.Sorted(maps.Keys(ch.lists)) {
		for _, e := range ch.lists[letter] {
			lines = append(lines, fmt.Sprintf("channel %s list %c %s by %s", ch.name, letter, e.mask, e.setter))
		}
	}
	return lines
}
