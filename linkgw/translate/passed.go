package translate

import (
	"strings"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// passed is what changes no state.
func (t *Translator) passed(c network.Passed) Reason {
	m, ok := c.Body.(s2s.OperMessage)
	if !ok || m.Kind != "WALLOPS" || m.Text == "" {
		return passedReason(c.Body)
	}
	switch {
	case c.By.Ours():
		return OutOfScope
	case t.acts(c.By.User) && t.mirror.users[string(c.By.User.UID)].class != "":
		t.commandText(t.mirror.users[string(c.By.User.UID)], "WALLOPS", 0, m.Text)
	default:
		t.effectText("", "WALLOPS", 0, m.Text, t.by(c.By))
	}
	return ""
}

// passedReason says why such a thing is not translated.
func passedReason(body s2s.Body) Reason {
	switch body.(type) {
	case s2s.SASL, s2s.Force, s2s.UserKilled:
		return Services // what comes of it is told by the user's own server
	case s2s.Message:
		return Privacy
	case s2s.OperMessage, s2s.NickHold, s2s.Invite, s2s.Knock:
		return NoEquivalent
	case s2s.Unknown:
		return ParseError
	}
	return OutOfScope
}

// banKinds are the kinds of network bans that the new network has.
var banKinds = map[string]string{"kline": "kline", "dline": "dline", "zline": "dline", "gzline": "dline", "gline": "gline"}

// banMask returns the kind and mask of a ban as the new network has it.
func banMask(b *network.Ban) (kind, mask string, ok bool) {
	kind, ok = banKinds[b.Kind]
	switch {
	case !ok || b.Host == "" || strings.HasPrefix(b.User, "%") || strings.HasPrefix(b.User, "~") || strings.HasPrefix(b.Host, "~") || strings.ContainsAny(b.User+b.Host, " ,!$@") || len(b.User)+len(b.Host) > maxBanMask:
		return "", "", false
	case kind == "dline":
		return kind, "*@" + b.Host, true
	}
	return kind, star(b.User) + "@" + b.Host, true
}

func (t *Translator) banAdded(c network.BanAdded) Reason {
	if !t.cfg.Bans {
		return OutOfScope
	}
	return t.settleBan(c.Ban)
}

// settleBan makes a network ban as it should be.
func (t *Translator) settleBan(b *network.Ban) Reason {
	kind, mask, ok := banMask(b)
	if !ok {
		t.count(1 << BanNone)
		return NoEquivalent
	}
	key, expires := kind+" "+mask, fitTime(b.Expires)
	if until, ok := t.mirror.bans[key]; ok && until == expires {
		return ""
	}
	if len(t.mirror.bans) >= maxBans {
		return NoEquivalent
	}
	t.mirror.bans[key] = expires
	var set rules
	reason := cut(b.Reason, t.limits.KickLen, &set)
	t.effectText("", "BAN", set, reason, kind, mask, wordOr(b.SetBy, "*"), seconds(fitTime(b.SetAt)), seconds(expires))
	return ""
}

// maxBanMask is the longest user and host together that a network ban may have, in bytes.
const maxBanMask = 120

// maxBans is how many network bans a RobustIRC network keeps.
const maxBans = 10_000

func (t *Translator) banRemoved(c network.BanRemoved) Reason {
	if !t.cfg.Bans {
		return OutOfScope
	}
	kind, mask, ok := banMask(c.Ban)
	if !ok {
		return NoEquivalent
	}
	if _, ok := t.mirror.bans[kind+" "+mask]; !ok {
		return Void
	}
	t.liftBan(kind, mask)
	return ""
}

// liftBan ends a ban. Of one whose time is over the new network knows itself; saying so again does no harm, and is needed
// where its clock is behind.
func (t *Translator) liftBan(kind, mask string) {
	delete(t.mirror.bans, kind+" "+mask)
	t.effect("", "UNBAN", 0, kind, mask)
}
