package compare

import (
	"slices"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// What the operator leaves out is no difference: channels that are secret or private, unless the gateway mirrors them, and
// those of the configuration. Nothing that happens on them is compared, and who shares only such a channel need not see
// the other. It is counted, so that the report says how much that is.

// isPrivate reports whether the gateway leaves a channel out as it is now (the same rule as in linkgw/translate).
func (e *Engine) isPrivate(c *network.Channel) bool {
	if e.header.LeavesHidden && (c.Flags().Has('s') || c.Flags().Has('p')) {
		return true
	}
	return slices.ContainsFunc(e.header.LeavesChannels, func(mask string) bool { return irc.MatchMask(irc.RFC1459, mask, c.Name) })
}

// private notes whether a channel is left out, and reports whether what happens there now is not compared: it is, or has
// just become or ceased to be. Then the gateway takes its members off, or brings them, by effects.
func (l *lowerer) private(r *room, c *network.Channel) bool {
	out := l.isPrivate(c)
	turned := out != r.Out
	if turned {
		r.Out, r.Turned = out, l.now+l.window
	}
	if out || turned {
		l.cover.outside("PRIVATE-CHANNEL")
	}
	return out || turned
}

// byTurning reports whether an extra is an effect by which the gateway takes a channel out of the new network, or in.
func (e *Engine) byTurning(ev *event) bool {
	if !e.header.LeavesHidden && len(e.header.LeavesChannels) == 0 || ev.Room == "" {
		return false
	}
	o := e.ops.find(ev.Cause)
	r := e.rooms[ev.Room]
	turning := r == nil || r.Out || r.Turned > 0 && ev.At <= r.Turned+e.window
	return o != nil && o.UID == "" && turning && e.book.hit(KindPrivate, "", command(ev.Key.Cmd), "")
}

// repairedJoin reports whether a JOIN that this network's rules would have refused is one that an invitation allowed there:
// there it replaces an account and passes the throttle as well, here it does not. UnrealIRCd tells of an invitation only
// the server of who is invited, so there it is not asked for.
func (e *Engine) repairedJoin(o *opInfo, cause string) bool {
	if o == nil || o.Verb != "JOIN" {
		return false
	}
	silent := deafMode(e.up.Dialect) == 'd'
	switch cause {
	case "477", "480":
	case "471", "473", "474":
		if !silent {
			return false
		}
	default:
		return false
	}
	return (silent || e.invited(o)) && e.book.hit(KindInvited, "", "JOIN", "")
}

// invited reports whether the user of a JOIN was invited to the channel of late.
func (e *Engine) invited(o *opInfo) bool {
	p := e.uids[o.UID]
	const long = time.Hour
	for i := len(e.ops.List) - 1; i >= 0 && p != nil; i-- {
		x := &e.ops.List[i]
		if x.At < o.At-long {
			return false
		}
		if x.Verb == "INVITE" && x.ID < o.ID && x.Target == o.Target && (x.Subject == p.UID || x.Subject == e.fold(p.ShadowNick)) {
			return true
		}
	}
	return false
}
