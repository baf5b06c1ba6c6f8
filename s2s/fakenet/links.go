package fakenet

import (
	"errors"
	"slices"
	"strings"
	"time"

	"robustirc/s2s"
)

// Errors of Attach.
var (
	// ErrNameInUse is returned when the network has a server of this name.
	ErrNameInUse = errors.New("fakenet: the name is in use")
	// ErrSIDInUse is returned when the network has a server with this id.
	ErrSIDInUse = errors.New("fakenet: the server id is in use")
)

// Free reports whether a server may link: neither its name nor its id is in use, also not behind a split.
func (n *Network) Free(name string, sid s2s.SID) error {
	servers := slices.Clone(n.servers)
	for _, sp := range n.splits {
		servers = append(servers, sp.servers...)
	}
	for _, s := range servers {
		switch {
		case strings.EqualFold(s.name, name):
			return ErrNameInUse
		case s.sid == sid:
			return ErrSIDInUse
		}
	}
	return nil
}

// Attach links a leaf, which then is told what happens, and returns what other links see of it.
func (n *Network) Attach(now time.Time, name string, sid s2s.SID, description string) ([]Happening, error) {
	if err := n.Free(name, sid); err != nil {
		return nil, err
	}
	n.at(now)
	s := &server{sid: sid, name: name, descr: description, uplink: n.hub, hops: n.hub.hops + 1}
	s.link = s
	n.tellServer(s)
	n.hub.behind, n.servers, n.links = append(n.hub.behind, s), append(n.servers, s), append(n.links, s)
	n.relink()
	return n.take(), nil
}

// Detach takes a leaf away with all its users.
func (n *Network) Detach(now time.Time, sid s2s.SID, reason string) []Happening {
	n.at(now)
	s := n.link(sid)
	if s == nil {
		return nil
	}
	n.links = slices.DeleteFunc(n.links, func(x *server) bool { return x == s })
	n.relink()
	n.dropServers(s, reason, n.linked)
	return n.take()
}

// dropServers removes a server of a leaf with what is behind it, for good, and tells some links.
func (n *Network) dropServers(s *server, reason string, links []s2s.SID) {
	lost, seats := n.lost, n.lostSeats
	n.split(s, time.Time{})
	n.splits = n.splits[:len(n.splits)-1]
	n.stats.Splits--
	n.lost, n.lostSeats = lost, seats
	h := &n.out[len(n.out)-1]
	h.Links = links
	if reason != "" {
		h.Event.Body = s2s.ServerGone{Server: h.Event.Body.(s2s.ServerGone).Server, Reason: reason}
	}
}

// at moves the clock, which never goes back.
func (n *Network) at(now time.Time) {
	if now.After(n.now) {
		n.now = now
	}
}

// relink makes the list of who is told everything anew: happenings keep the old one.
func (n *Network) relink() {
	n.linked = make([]s2s.SID, len(n.links))
	for i, l := range n.links {
		n.linked[i] = l.sid
	}
}

func (n *Network) link(sid s2s.SID) *server {
	for _, l := range n.links {
		if l.sid == sid {
			return l
		}
	}
	return nil
}

// others are the links but one.
func (n *Network) others(link *server) []s2s.SID {
	return n.linksWhere(func(l *server) bool { return l != link })
}
