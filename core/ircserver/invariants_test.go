package ircserver

import (
	"slices"
	"testing"
)

// checkInvariants fails t when the state contradicts itself.
func checkInvariants(t testing.TB, s *Server) {
	t.Helper()
	var counted Server
	for id, u := range s.sessions {
		if u.id != id {
			t.Errorf("session %d is filed under %d", u.id, id)
		}
		checkSession(t, s, u)
		counted.tally(u, +1)
	}
	if counted.headcount != s.headcount || s.maxUsers < s.users || s.unregistered() < 0 {
		t.Errorf("there are %+v, counted %+v, at most %d", counted.headcount, s.headcount, s.maxUsers)
	}
	checkGateways(t, s)
	for key, u := range s.nicks {
		if foldNick(u.nick) != key || s.sessions[u.id] != u {
			t.Errorf("nick %q leads to session %d, which is %q", key, u.id, u.nick)
		}
	}
	for key, ch := range s.channels {
		checkChannel(t, s, key, ch)
	}
}

func checkGateways(t testing.TB, s *Server) {
	t.Helper()
	guests := 0
	for id, g := range s.gateways {
		if g.link != id || s.sessions[id] == nil || s.sessions[id].gateway != g || s.gatewayNamed(g.name) != g || len(g.refused) > gatewayRefusals {
			t.Errorf("gateway %q is filed under %d", g.name, id)
		}
		for uid, u := range g.users {
			if u.uid != uid || u.gateway != g || s.sessions[u.id] != u || !u.registered || u.services || len(u.channels) > gatewayChannels {
				t.Errorf("gateway %q: user %q is not one", g.name, uid)
			}
		}
		guests += len(g.users)
	}
	for _, u := range s.sessions {
		if u.gateway != nil && s.gateways[u.gateway.link] != u.gateway {
			t.Errorf("session %d is of a gateway that is not there", u.id)
		}
		if u.isGateway() && (u.registered || u.nick != "" || len(u.channels) > 0) {
			t.Errorf("session %d is a gateway's link and a user", u.id)
		}
		guests -= btoi(u.isGuest())
	}
	if guests != 0 {
		t.Errorf("gateways have %d users more than there are", guests)
	}
}

func checkSession(t testing.TB, s *Server, u *session) {
	t.Helper()
	if u.nick != "" && !u.isLink() && s.nicks[foldNick(u.nick)] != u {
		t.Errorf("session %d does not own its nick %q", u.id, u.nick)
	}
	if u.registered && (u.nick == "" || u.user == "" && !u.services || u.cookie != "" || u.pass != "" || u.granted != "") {
		t.Errorf("session %d is registered and should not be, or keeps a secret", u.id)
	}
	if u.registered && !u.isLink() && u.prefix != u.nick+"!"+u.user+"@"+u.host {
		t.Errorf("session %d: prefix %q is not that of %q %q %q", u.id, u.prefix, u.nick, u.user, u.host)
	}
	if u.isLink() && (u.prefix != u.nick || !slices.Contains(s.links, u)) || u.link != 0 && !s.sessions[u.link].isLink() {
		t.Errorf("session %d: bad services link", u.id)
	}
	if !u.registered && len(u.channels) > 0 {
		t.Errorf("session %d is in channels and not registered", u.id)
	}
	for _, ch := range u.channels {
		if ch.byID[u.id] == nil || s.channels[foldChan(ch.name)] != ch {
			t.Errorf("session %d thinks it is in %s", u.id, ch.name)
		}
	}
	if len(u.invites) > maxInvites {
		t.Errorf("session %d has %d invitations", u.id, len(u.invites))
	}
}

func checkChannel(t testing.TB, s *Server, key chanKey, ch *channel) {
	t.Helper()
	if foldChan(ch.name) != key {
		t.Errorf("channel %q is filed under %q", ch.name, key)
	}
	if len(ch.members) == 0 && !ch.modes.has('P') {
		t.Errorf("channel %q is empty", ch.name)
	}
	if len(ch.members) != len(ch.byID) {
		t.Errorf("channel %q: %d members, %d by id", ch.name, len(ch.members), len(ch.byID))
	}
	var want []Recipient
	for _, m := range ch.members {
		if ch.byID[m.id] != m || s.sessions[m.id] != m.session || !slices.Contains(m.channels, ch) {
			t.Errorf("channel %q: member %d is not one", ch.name, m.id)
		}
		want = append(want, m.recipient())
	}
	if ch.audience != nil && !slices.Equal(ch.audience.list, newAudience(want).list) {
		t.Errorf("channel %q: stale audience", ch.name)
	}
}
