package network

import (
	"errors"
	"fmt"

	"robustirc/core/irc"
)

// CheckInvariants returns what about the model contradicts itself, or nil. It is for tests: it looks at everything.
func (n *Network) CheckInvariants() error {
	var errs []error
	fail := func(format string, args ...any) {
		if len(errs) < 10 {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	n.checkServers(fail)
	n.checkUsers(fail)
	n.checkChannels(fail)
	return errors.Join(errs...)
}

func (n *Network) checkServers(fail func(string, ...any)) {
	users, seen := 0, 0
	for name, s := range n.names { // order does not matter: only failures are told
		users += len(s.users)
		if irc.ASCII.Fold(s.Name) != name || s.SID != "" && n.sids[s.SID] != s {
			fail("server %s is not filed under its name or SID", s.Name)
		}
		if (s.Uplink == nil) != (s == n.us) || s.Uplink != nil && n.names[irc.ASCII.Fold(s.Uplink.Name)] != s.Uplink {
			fail("server %s hangs on nothing", s.Name)
		}
		for i, u := range s.users {
			if u.at != i || u.Server != s || n.users[u.UID] != u {
				fail("user %s of %s", u.UID, s.Name)
			}
		}
		if s.SID != "" {
			seen++
		}
	}
	if users != len(n.users) || seen != len(n.sids) {
		fail("%d users on servers, %d known; %d servers with a SID, %d known", users, len(n.users), seen, len(n.sids))
	}
	if n.peer != nil && (n.peer.Uplink != n.us || n.sids[n.peer.SID] != n.peer && n.peer.SID != "") {
		fail("the peer %s is not linked to us", n.peer.Name)
	}
	n.checkTree(fail)
}

// checkTree walks down from us: every server is reached, once.
func (n *Network) checkTree(fail func(string, ...any)) {
	all := []*Server{n.us}
	for i := 0; i < len(all) && len(all) <= len(n.names); i++ {
		for _, child := range all[i].children {
			if child.Uplink != all[i] {
				fail("server %s is not below its uplink", child.Name)
			}
			if all[i] != n.us && child.Ours != all[i].Ours {
				fail("server %s and its uplink are on different sides", child.Name)
			}
		}
		all = append(all, all[i].children...)
	}
	if len(all) != len(n.names) {
		fail("%d servers in the tree, %d known", len(all), len(n.names))
	}
}

func (n *Network) checkUsers(fail func(string, ...any)) {
	memberships := 0
	for uid, u := range n.users { // order does not matter: only failures are told
		memberships += len(u.channels)
		if u.UID != uid || n.nicks[n.nickKey(u.Nick)] != u || u.Nick == "" {
			fail("user %s is not filed under its UID or nick %q", uid, u.Nick)
		}
		for i, m := range u.channels {
			if m.User != u || int(m.inUser) != i || n.members[memberKey{u, m.Channel}] != m || n.channels[n.nickKey(m.Channel.Name)] != m.Channel {
				fail("user %s and channel %s", uid, m.Channel.Name)
			}
		}
		if sortedLetters(u.Modes) != u.Modes {
			fail("user %s: modes %q", uid, u.Modes)
		}
	}
	if memberships != len(n.members) || len(n.nicks) != len(n.users) {
		fail("%d memberships of users, %d known; %d nicks of %d users", memberships, len(n.members), len(n.nicks), len(n.users))
	}
}

func (n *Network) checkChannels(fail func(string, ...any)) {
	memberships := 0
	for name, c := range n.channels { // order does not matter: only failures are told
		memberships += len(c.members)
		if n.nickKey(c.Name) != name || !validChannel(c.Name) {
			fail("channel %q is filed under %q", c.Name, name)
		}
		if len(c.members) == 0 && (n.rules.Permanent == 0 || !c.flags.Has(n.rules.Permanent)) {
			fail("channel %s is empty", name)
		}
		for i, m := range c.members {
			if m.Channel != c || int(m.inChannel) != i || n.members[memberKey{m.User, c}] != m {
				fail("member %s of %s", m.User.UID, name)
			}
		}
		n.checkModes(c, fail)
	}
	if memberships != len(n.members) {
		fail("%d memberships of channels, %d known", memberships, len(n.members))
	}
}

func (n *Network) checkModes(c *Channel, fail func(string, ...any)) {
	for i, p := range c.params {
		if i > 0 && c.params[i-1].Letter >= p.Letter || p.Value == "" {
			fail("channel %s: parameters %v", c.Name, c.params)
		}
	}
	if x := n.rules.Exclusive; x != "" && c.flags.Has(x[0]) && c.flags.Has(x[1]) {
		fail("channel %s has two modes that exclude each other: %s", c.Name, c.flags)
	}
	m := modeSetter{n: n, channel: c}
	for i, e := range c.lists {
		if len(e.Letter) != 1 || e.Mask == "" || m.findEntry(e) != i {
			fail("channel %s: list entry %v", c.Name, e)
		}
	}
}
