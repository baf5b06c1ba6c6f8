package translate

import (
	"cmp"
	"strings"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// message is what somebody says to a channel: a user's PRIVMSG or NOTICE, anybody else's by SAY. What is said between
// users is private: it is counted, and goes no further.
func (t *Translator) message(c network.MessageSeen) Reason {
	switch {
	case c.TargetKind == s2s.TargetUser:
		return Privacy
	case c.Kind != s2s.Privmsg && c.Kind != s2s.Notice || c.Text == "":
		return NoEquivalent
	case c.By.Ours():
		return OutOfScope
	}
	target, why := t.messageTarget(c)
	if target == "" {
		return why
	}
	if t.acts(c.By.User) && c.Channel != nil {
		t.commandText(t.mirror.users[string(c.By.User.UID)], string(c.Kind), 0, c.Text, target)
		return ""
	}
	if c.By.User != nil && t.mirror.users[string(c.By.User.UID)] == nil {
		if why := t.leftOut(c.By.User); why != "" && why != Services {
			return why
		}
	}
	t.effectText("", "SAY", 0, c.Text, string(c.Kind), t.by(c.By), target)
	return ""
}

// messageTarget returns whom a message is for on the new network, or "" and why it is for nobody.
func (t *Translator) messageTarget(c network.MessageSeen) (string, Reason) {
	if c.Channel == nil {
		if c.Mask == "*" || c.TargetKind == s2s.TargetServerMask && strings.TrimLeft(c.Mask, "$") == "*" {
			return "$*", ""
		}
		t.count(1 << MassMessageNone)
		return "", NoEquivalent
	}
	ch := t.bound[t.liveKey(c.Channel.Name)]
	switch {
	case ch == nil && t.isLeftOut(c.Channel):
		return "", OutOfScope
	case ch == nil:
		return "", Void
	case c.Status == "":
		return ch.name, ""
	}
	// The last sign is the lowest status, and those with a higher one hear it too.
	sign := c.Status[len(c.Status)-1:]
	if !strings.Contains(t.limits.modes.Symbols(), sign) {
		t.count(1 << StatusMessageNone)
		return "", NoEquivalent
	}
	return sign + ch.name, ""
}

// invited is a user's INVITE. Most are only told to others on the channel; that is enough to know.
func (t *Translator) invited(c network.Invited) Reason {
	if c.User.Server == nil || c.User.Server.Ours {
		return OutOfScope
	}
	m := t.mirror.users[string(c.User.UID)]
	ch := t.bound[t.liveKey(c.Channel.Name)]
	switch {
	case m == nil:
		return cmp.Or(t.leftOut(c.User), Void)
	case ch == nil:
		return OutOfScope
	}
	if actor := t.actor(c.By, ch, false); actor != nil {
		t.command(actor, "INVITE", 0, m.name(true), ch.name)
	} else {
		t.effect(m.uid, "INVITE", 0, m.uid, ch.name, t.by(c.By))
	}
	return ""
}

// knocked is a user's KNOCK.
func (t *Translator) knocked(c network.Knocked) Reason {
	ch := t.bound[t.liveKey(c.Channel.Name)]
	switch {
	case ch == nil:
		return OutOfScope
	case !t.acts(c.By.User):
		return NoEquivalent
	}
	m := t.mirror.users[string(c.By.User.UID)]
	if c.Reason == "" {
		t.command(m, "KNOCK", 0, ch.name)
	} else {
		t.commandText(m, "KNOCK", 0, c.Reason, ch.name)
	}
	return ""
}
