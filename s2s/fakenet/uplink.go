package fakenet

import (
	"slices"
	"strings"
	"time"

	"robustirc/s2s"
)

// AttachUplink says to whom a network that is a leaf is linked: what happens is told there.
func (n *Network) AttachUplink(now time.Time, sid s2s.SID) {
	n.at(now)
	n.linked = []s2s.SID{sid}
}

// HearUplink takes what the network that we are a leaf of says. Its own users and channels are not followed; what it
// does to ours is obeyed: kills, kicks, new nicks, and older timestamps of channels.
func (n *Network) HearUplink(now time.Time, e s2s.Event) []Happening {
	n.at(now)
	n.stats.Heard++
	switch b := e.Body.(type) {
	case s2s.UserKilled:
		if u := n.user(b.User); u != nil {
			n.removeUser(u)
		}
	case s2s.UserSaved:
		if u := n.byUID[b.User]; u != nil && u.ts == b.TS {
			n.rename(u, string(u.uid), savedTS)
		}
	case s2s.Kick:
		n.kicked(b)
	case s2s.Force:
		n.forced(b)
	case s2s.ChannelBurst:
		n.lower(b.Channel, b.TS)
	case s2s.Join:
		if b.HasTS {
			n.lower(b.Channel, b.TS)
		}
	}
	return n.take()
}

func (n *Network) kicked(b s2s.Kick) {
	u, c := n.user(b.User), n.channel(b.Channel)
	if u == nil || c == nil {
		return
	}
	if m := u.seat(c); m != nil {
		n.leave(m)
	}
}

// forced obeys a new nick, which the leaf tells with NICK.
func (n *Network) forced(b s2s.Force) {
	u := n.user(b.User)
	if u == nil || b.Action != "nick" || len(b.Params) == 0 || b.IfTS != 0 && b.IfTS != u.ts {
		return
	}
	n.renameTold(u, strings.Clone(b.Params[0]), b.TS)
}

// lower gives a channel an older timestamp, with which all its statuses and modes go.
func (n *Network) lower(name string, ts int64) {
	if c := n.channel(name); c != nil && ts < c.ts {
		n.overrule(c, channelState{ts: ts}, false)
	}
}

// ownServers are the ids that this network brings along besides its first.
func (n *Network) ownServers() []s2s.SID {
	list := make([]s2s.SID, 0, len(n.servers))
	for _, s := range slices.Clone(n.servers)[1:] {
		list = append(list, s.sid)
	}
	return list
}
