package translate

import "strings"

// given takes the nick that the network gave a user, which may be another than was asked for.
func (t *Translator) given(uid, nick string) {
	m := t.mirror.users[uid]
	if m == nil || m.nick == nick {
		return
	}
	t.count(1 << NickGiven)
	t.divergences.add("NICK", "GIVEN", uid+" "+m.nick+" "+nick)
	t.mirror.rename(m, strings.Clone(nick))
}

// refuse takes what the network could not do. A user whom it would not have is left out from then on.
func (t *Translator) refuse(p []string) {
	t.divergences.add(p[0], "REFUSED", strings.Join(p, " "))
	if p[0] != "USER" {
		return
	}
	if m := t.mirror.users[p[1]]; m != nil {
		t.forget(m)
		if t.liveUser(m.uid) != nil {
			t.refused[m.uid] = true
		}
	}
}

// maxRevivals is how often a user is made again whom the new network has removed.
const maxRevivals = 3

// ended takes the end of sessions that we did not end: an operator of the new network removed them, say. The linked network
// still has them, so they are made again, a few times.
func (t *Translator) ended(p []string) {
	uids := p
	if len(p) > 1 {
		uids = p[:len(p)-1] // the last is the reason
	}
	for _, uid := range uids {
		m := t.mirror.users[uid]
		if m == nil {
			continue
		}
		t.divergences.add("GONE", "ENDED", strings.Join(p, " "))
		t.forget(m)
		u := t.liveUser(uid)
		if u == nil {
			continue
		}
		if m.revived >= maxRevivals {
			t.refused[m.uid] = true
			continue
		}
		if !t.live {
			continue // the next import makes it
		}
		if again, _ := t.settleUser(u); again != nil {
			again.revived = m.revived + 1
		}
		for _, x := range u.Channels() {
			if t.isLeftOut(x.Channel) {
				continue
			}
			var set rules
			ch, name := t.find(x.Channel, &set)
			if ch == nil {
				ch = t.makeChannel(x.Channel, name)
			}
			t.settleMember(t.mirror.users[uid], ch, x.Channel, x.Status)
			t.settleChannel(ch, x.Channel, "*")
		}
	}
}

// Answered takes an error numeric that a user got for its command: a rule of the new network that the linked one does not
// have, or has otherwise. uid and command are of the line that caused it; what is the numeric's text.
func (t *Translator) Answered(uid, command, numeric, what string) {
	if len(numeric) == 3 && (numeric[0] == '4' || numeric[0] == '5') {
		t.divergences.add(command, numeric, uid+" "+what)
	}
}
