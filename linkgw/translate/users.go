package translate

import (
	"slices"
	"strings"

	"robustirc/linkgw/network"
)

// userChange translates what is about users.
func (t *Translator) userChange(c network.Change) (Reason, bool) {
	switch c := c.(type) {
	case network.UserAdded:
		_, why := t.settleUser(c.User)
		return why, true
	case network.UserRemoved:
		return t.removed(c), true
	case network.NickChanged:
		return t.renamed(c), true
	case network.UserChanged:
		return t.userChanged(c), true
	case network.UserModesChanged:
		return t.userModesChanged(c), true
	}
	return "", false
}

// settleLive settles a user of the mirror, if it is still there.
func (t *Translator) settleLive(u *network.User) Reason {
	if t.liveUser(string(u.UID)) != u {
		return Void
	}
	_, why := t.settleUser(u)
	return why
}

// removed ends a user's session: a user who quits by QUIT, whom the server let go by GONE, who was killed by KILL.
func (t *Translator) removed(c network.UserRemoved) Reason {
	delete(t.refused, string(c.User.UID))
	m := t.mirror.users[string(c.User.UID)]
	if m == nil {
		if why := t.leftOut(c.User); why != "" {
			return why
		}
		return Void // an import has not come to it yet
	}
	var set rules
	reason := cut(c.Reason, t.limits.KickLen, &set)
	words, own := quitText(c)
	switch {
	case c.Kind == network.RemovedCollision || c.Kind == network.RemovedKill && !c.Quiet:
		t.effectText(m.uid, "KILL", set, reason, m.uid, t.by(c.By))
	case own && t.acts(c.User) && words == "":
		t.command(m, "QUIT", set)
	case own && t.acts(c.User):
		t.commandText(m, "QUIT", set, words)
	default:
		t.effectText(m.uid, "GONE", set, reason, m.uid)
	}
	t.forget(m)
	return ""
}

// forget removes a user from the mirror.
func (t *Translator) forget(m *user) {
	for _, ch := range t.mirror.removeUser(m) {
		t.unbind(ch)
	}
}

// quitText returns what a user said on leaving, and whether what its QUIT is shown as here is what was shown there. The
// text of a QUIT on a link is final, whoever wrote it: "Quit: " stands before what users say, and what else there is,
// such as "Ping timeout" or solanum's "Client Quit", is the server's own.
func quitText(c network.UserRemoved) (string, bool) {
	if c.Kind != network.RemovedQuit {
		return "", false
	}
	if text, ok := strings.CutPrefix(c.Reason, "Quit: "); ok && text != "" {
		return text, true
	}
	return "", c.Reason == silentQuit
}

// silentQuit is how this network shows a QUIT without words.
const silentQuit = "Client quit"

// split lets all users of a split leave in batches, with the names of the servers between which the link broke. When it
// is our own link that has ended, nobody leaves: what became of them is seen at the next link.
func (t *Translator) split(c network.Split) Reason {
	if c.Ended {
		t.live = false
		return OutOfScope
	}
	if !t.live {
		return ""
	}
	reason := c.Root.Name
	if c.Uplink != nil {
		reason = c.Uplink.Name + " " + c.Root.Name
	}
	var gone []*user
	for _, u := range c.Users {
		delete(t.refused, string(u.UID))
		if m := t.mirror.users[string(u.UID)]; m != nil {
			gone = append(gone, m)
		}
	}
	if len(gone) == 0 {
		return OutOfScope
	}
	t.allGone(gone, reason)
	return ""
}

// allGone lets users leave, many in a line.
func (t *Translator) allGone(list []*user, reason string) {
	slices.SortFunc(list, func(a, b *user) int { return strings.Compare(a.uid, b.uid) })
	var words []string
	size := 0
	flush := func() {
		if len(words) > 0 {
			t.effectText("", "GONE", 0, reason, words...)
		}
		words, size = nil, 0
	}
	for _, m := range list {
		if size+len(m.uid)+1 > t.limits.LineLen-len("GONE  :")-len(reason) {
			flush()
		}
		words = append(words, m.uid)
		size += len(m.uid) + 1
		t.forget(m)
	}
	flush()
}

// renamed is a user's NICK; who lost a collision is renamed by an effect.
func (t *Translator) renamed(c network.NickChanged) Reason {
	if c.User.Nick == c.Old {
		return Void // only its timestamp
	}
	m := t.mirror.users[string(c.User.UID)]
	if m == nil || c.Saved || !t.acts(c.User) || t.liveUser(m.uid) != c.User {
		return t.settleLive(c.User)
	}
	var set rules
	nick := t.nickFor(c.User, m, &set)
	m.from = c.User.Nick
	if nick != m.nick {
		t.command(m, "NICK", set, nick)
		t.mirror.rename(m, nick)
	}
	return ""
}

// userChanged is another property. A user says itself that it is away; all else is the word of servers.
func (t *Translator) userChanged(c network.UserChanged) Reason {
	switch c.Property {
	case network.PropertyRealHost, network.PropertyCertificate, network.PropertyWhois, network.PropertyOperator, network.PropertyPrivileges:
		return NoEquivalent
	case network.PropertyAway:
		return t.away(c)
	}
	return t.settleLive(c.User)
}

func (t *Translator) away(c network.UserChanged) Reason {
	m := t.mirror.users[string(c.User.UID)]
	if m == nil || c.By.User != c.User || !t.acts(c.User) || !synced(c.User) {
		return t.settleLive(c.User)
	}
	var set rules
	text := cut(c.User.Away(), t.limits.AwayLen, &set)
	switch {
	case text == m.away:
	case text == "":
		t.command(m, "AWAY", set)
	default:
		t.commandText(m, "AWAY", set, text)
	}
	m.away = text
	return ""
}

// synced reports whether a user's server has told all it knows, so that what comes from it is happening now.
func synced(u *network.User) bool { return u.Server != nil && u.Server.Synced }

// ownUserModes are those that users change themselves.
const ownUserModes = "BDGRgiw"

// userModesChanged is the user's own MODE for the letters that users may change, and an effect for the rest.
func (t *Translator) userModesChanged(c network.UserModesChanged) Reason {
	m := t.mirror.users[string(c.User.UID)]
	if m != nil && c.By.User == c.User && t.acts(c.User) && synced(c.User) && t.liveUser(m.uid) == c.User {
		var set rules
		own := parseLetters(ownUserModes)
		want := parseLetters(t.wantUserModes(c.User.Modes, &set))&own | parseLetters(m.modes)&^own
		if modes := want.String(); modes != m.modes {
			t.command(m, "MODE", set, m.nick, modeDifference(m.modes, modes))
			m.modes = t.word(modes)
		}
	}
	why := t.settleLive(c.User)
	switch {
	case why != "" || len(t.ops) > 0:
		return why
	case strings.Trim(c.Added+c.Removed, quietUserModes[t.dialect]) == "":
		return OutOfScope
	}
	t.count(1 << UserModeNone)
	return NoEquivalent
}
