//go:build realpeers

package linktest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// stage is a network of two real servers with its cast, and a leaf that follows it all the time.
type stage struct {
	t        *testing.T
	n        *Network
	f        *Follower
	services *Follower
	cast     map[string]*Client // by the name of the role, which is the first nick
	tls      bool
	begun    time.Time
	facts    int // compared so far
	// rejoined is whether servers have told each other of their channels: hybrid's lists then have another setter on each.
	rejoined bool
}

// roles are who acts; the first of each server becomes an operator.
var roles = []struct {
	nick, ident, realname string
	leaf, tls             bool
}{
	{nick: "god", ident: "god", realname: "God: the operator"},
	{nick: "anna", ident: "anna", realname: "Anna"},
	{nick: "bert", ident: "plain", realname: "Bert without an ident"},
	{nick: "carl", ident: "carl", realname: "Carl éàü", tls: true},
	{nick: "dora", ident: "spoofed", realname: "Dora :-)"},
	{nick: "emil", ident: "emil", realname: "Emil"},
	{nick: "fred", ident: "fred", realname: "Fred"},
	{nick: "zeus", ident: "zeus", realname: "Zeus", leaf: true},
	{nick: "gina", ident: "gina", realname: "Gina", leaf: true},
	{nick: "hugo", ident: "hugo", realname: "Hugo", leaf: true, tls: true},
	{nick: "ida", ident: "ida", realname: "Ida", leaf: true},
	{nick: "jan", ident: "jan", realname: "Jan", leaf: true},
	{nick: "kurt", ident: "spoofed", realname: "Kurt", leaf: true},
	{nick: "lisa", ident: "lisa", realname: "Lisa", leaf: true},
}

// newStage starts the servers and the cast, before the servers are linked to each other.
func newStage(t *testing.T, k Kind, tls bool) *stage {
	s := &stage{t: t, n: Start(t, k, Options{Two: true, TLS: tls}), cast: map[string]*Client{}, tls: tls, begun: time.Now()}
	for i := range roles {
		s.enter(i)
	}
	s.cast["god"].Oper()
	s.f = s.n.Follow(t, FollowOptions{Name: "gateway.example.net", SID: "00G", TLS: tls})
	return s
}

// enter connects a role. Each comes from an address of its own.
func (s *stage) enter(i int) {
	r := roles[i]
	server := s.n.Hub
	if r.leaf {
		server = s.n.Leaf
	}
	s.cast[r.nick] = s.n.Dial(s.t, server, ClientOptions{Nick: r.nick, Ident: r.ident, Realname: r.realname, From: fmt.Sprintf("127.0.1.%d", i+1), TLS: r.tls, Certificate: r.tls})
}

// live are the clients that are connected to a server or, without one, to any, with an operator first.
func (s *stage) live(server *Server) (list []*Client) {
	for _, name := range slices.Concat([]string{"god", "zeus"}, slices.Sorted(maps.Keys(s.cast))) {
		if c := s.cast[name]; c != nil && !c.ended && (server == nil || c.Server == server) && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// do has somebody say lines that must not be refused, and lets them come through.
func (s *stage) do(role string, lines ...string) {
	s.t.Helper()
	s.cast[role].Must(lines...)
	s.f.Fence()
}

// try is do for what may be refused.
func (s *stage) try(role string, lines ...string) {
	s.t.Helper()
	s.cast[role].Do(lines...)
	s.f.Fence()
}

// leave is do for somebody whose connection ends with it.
func (s *stage) leave(role string, line string) {
	s.t.Helper()
	s.cast[role].Send(line)
	s.cast[role].Ended()
	s.f.Fence()
}

// gone waits until the server has closed a role's connection, which somebody else saw to.
func (s *stage) gone(role string) {
	s.t.Helper()
	s.cast[role].Ended()
	s.f.Fence()
}

// drop forgets those whose connection ended without their doing.
func (s *stage) drop(roles ...string) (gone int) {
	for _, role := range roles {
		if s.cast[role].Gone() {
			gone++
		}
	}
	s.f.Fence()
	return gone
}

// check holds both the leaf that has followed all along, and one that has just heard the burst, against what the clients
// of a server (nil: of all) see.
func (s *stage) check(what string, server *Server) {
	s.t.Helper()
	clients := s.live(server)
	Settle(s.f, clients...)
	seen := s.n.LookFor(s.t, s.nicks(), clients...)
	s.facts += seen.Facts()
	const slack = 5 // lines without a time are of the moment they are read, on each server
	heard := func(c ChannelView) bool { return s.rejoined && s.n.Kind == Hybrid && c.AskedOn != s.n.Hub.Name }
	s.n.agrees(s.t, s.f, seen, DiffOptions{Slack: slack, NoListSetters: heard})
	fresh := s.n.Follow(s.t, FollowOptions{Name: "second.example.net", SID: "00H", TLS: s.tls})
	s.n.agrees(s.t, fresh, seen, DiffOptions{Slack: slack, NoListSetters: func(ChannelView) bool { return s.n.Kind == Hybrid }})
	fresh.Close()
	s.f.Await("second.example.net is gone", func(m *network.Network) bool { return m.Server("second.example.net") == nil })
	s.t.Logf("%5.2f s, %s: %d users, %d channels, %d facts", time.Since(s.begun).Seconds(), what, len(seen.Users), len(seen.Channels), seen.Facts())
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// nicks are those of the cast that the hub knows.
func (s *stage) nicks() (list []string) {
	linked := false
	s.f.Do(func(n *network.Network) { linked = n.Server(leafSID) != nil })
	for _, c := range s.live(nil) {
		if linked || c.Server == s.n.Hub {
			list = append(list, c.Nick)
		}
	}
	return list
}

// uid is the id of a role's user, and the nick's timestamp.
func (s *stage) uid(role string) (ref s2s.Ref, ts int64) {
	s.t.Helper()
	s.f.Do(func(n *network.Network) {
		if u := n.Nick(s.cast[role].Nick); u != nil {
			ref, ts = s2s.Ref(u.UID), u.TS
		}
	})
	if ref == "" {
		s.t.Fatalf("there is no %s", s.cast[role].Nick)
	}
	return ref, ts
}

// channelTS is a channel's timestamp.
func (s *stage) channelTS(name string) (ts int64) {
	s.f.Do(func(n *network.Network) {
		if c := n.Channel(name); c != nil {
			ts = c.TS
		}
	})
	return ts
}
