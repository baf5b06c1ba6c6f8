package network

import (
	"slices"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// setUp takes the handshake, by which the peer becomes known: in TS6 PASS with its SID (or, in hybrid, SERVER with it)
// and SERVER; in UnrealIRCd a SERVER without a source.
func (n *Network) setUp(e s2s.Event) bool {
	switch b := e.Body.(type) {
	case s2s.Handshake:
		if !n.own {
			n.handshake(b)
		}
		return true
	case s2s.ServerIntroduced:
		if e.Source == "" && n.own {
			return true // ourselves
		}
		if e.Source == "" && n.peer == nil {
			n.SetPeer(b)
			return true
		}
	case s2s.ServerInfo:
		if e.Source == "" && n.peer == nil {
			n.peerInfo(b)
			return true
		}
	}
	// What else is said before the peer is known is of nobody: notices of the connection, ERROR.
	if n.speaker() == nil {
		n.changed(Passed{Body: e.Body, Tags: e.Tags})
		return true
	}
	return false
}

func (n *Network) handshake(b s2s.Handshake) {
	switch p := b.Params; {
	case b.Command == "PASS" && len(p) >= 4: // password TS 6 :SID
		n.peerSID = s2s.SID(strings.Clone(p[3]))
	case b.Command == "SERVER" && len(p) >= 5: // hybrid: name 1 SID +flags :description
		n.SetPeer(s2s.ServerIntroduced{Server: p[0], SID: s2s.SID(p[2]), Hops: 1, Description: p[4]})
	case b.Command == "SERVER" && len(p) >= 3:
		n.SetPeer(s2s.ServerIntroduced{Server: p[0], SID: n.peerSID, Hops: 1, Description: p[2]})
	default:
		n.ignore(IgnoredHandshake)
	}
}

// SetPeer makes the directly linked server known, as the handshake does by itself when its events are applied. A second
// time it changes nothing.
func (n *Network) SetPeer(b s2s.ServerIntroduced) {
	if n.peer != nil || n.taken(b) {
		n.ignore(IgnoredTaken)
		return
	}
	n.peer = n.addServer(n.us, b)
}

// taken reports whether a SID or name is in use, for which servers drop the link (m_server.c:ms_sid).
func (n *Network) taken(b s2s.ServerIntroduced) bool {
	return b.Server == "" || n.names[irc.ASCII.Fold(b.Server)] != nil || b.SID != "" && n.sids[b.SID] != nil
}

func (n *Network) addServer(uplink *Server, b s2s.ServerIntroduced) *Server {
	s := &Server{
		SID: s2s.SID(strings.Clone(string(b.SID))), Name: strings.Clone(b.Server), Description: strings.Clone(b.Description),
		Hops: b.Hops, Flags: strings.Clone(b.Flags), Hidden: b.Hidden, Uplink: uplink, Ours: n.own,
	}
	uplink.children = append(uplink.children, s)
	n.fileServer(s)
	n.changed(ServerAdded{s})
	return s
}

func (n *Network) fileServer(s *Server) {
	n.names[irc.ASCII.Fold(s.Name)] = s
	if s.SID != "" {
		n.sids[s.SID] = s
	}
}

func (n *Network) serverIntroduced(by Source, b s2s.ServerIntroduced) {
	switch {
	case by.User != nil:
		n.ignore(IgnoredKind)
	case n.taken(b):
		n.ignore(IgnoredTaken)
	default:
		n.addServer(by.Server, b)
	}
}

// serverGone removes a server and everything behind it. Naming us or the peer ends the link (reference ts6.md 2,
// unrealircd.md 5).
func (n *Network) serverGone(by Source, b s2s.ServerGone) {
	s := n.serverByRef(b.Server)
	if b.Server == "" {
		s = n.speaker()
	}
	switch {
	case s == nil:
		n.ignore(IgnoredServer)
	case s == n.us || s == n.peer:
		n.end(b.Reason)
	default:
		n.split(s, b.Reason)
	}
}

// End removes the whole network, as when the link is lost, and returns what changed. We stay.
func (n *Network) End(now int64, reason string) []Change {
	n.begin(now, false)
	n.end(reason)
	return n.changes
}

func (n *Network) end(reason string) {
	if n.peer != nil {
		n.split(n.peer, reason)
	}
}

// split removes a subtree in one step.
func (n *Network) split(root *Server, reason string) {
	gone := Split{Root: root, Uplink: root.Uplink, Reason: strings.Clone(reason), Ended: root == n.peer, Servers: []*Server{root}}
	for i := 0; i < len(gone.Servers); i++ {
		gone.Servers = append(gone.Servers, gone.Servers[i].children...)
		gone.Users = append(gone.Users, gone.Servers[i].users...)
	}
	for _, s := range gone.Servers {
		delete(n.sids, s.SID)
		delete(n.names, irc.ASCII.Fold(s.Name))
	}
	root.Uplink.children = slices.DeleteFunc(root.Uplink.children, func(s *Server) bool { return s == root })
	root.Uplink = nil
	if gone.Ended {
		n.peer, n.peerSID = nil, ""
	}
	n.changed(gone)
	for _, u := range gone.Users {
		n.dropUser(u)
	}
}

// serverInfo keeps what a server runs, and of the peer which modes there are.
func (n *Network) serverInfo(by Source, b s2s.ServerInfo) {
	if by.User != nil || by.Server.Ours && by.Server == n.us {
		n.ignore(IgnoredKind)
		return
	}
	s := by.Server
	for _, f := range b.Facts {
		switch {
		case b.Kind == "SDESC":
			s.Description = strings.Clone(f.Value)
		case f.Key == "SOFTWARE" || f.Key == "PROTOCOL":
			s.Facts = setFact(s.Facts, f.Key, f.Value)
		}
	}
	if s == n.peer {
		n.peerInfo(b)
	}
	n.changed(ServerChanged{s})
}

// peerInfo takes the modes that the peer tells before or while it is linked (unreal:protoctl.c).
func (n *Network) peerInfo(b s2s.ServerInfo) {
	if n.own {
		return
	}
	chanModes, prefix := n.modes.ChanModes(), n.modes.PrefixToken()
	for _, f := range b.Facts {
		switch f.Key {
		case "CHANMODES":
			chanModes = f.Value
		case "PREFIX":
			prefix = f.Value
		}
	}
	if err := n.SetModes(chanModes, prefix); err != nil {
		n.ignore(IgnoredMode)
	}
}

// SetModes replaces the channel modes by class, in the forms of ISUPPORT CHANMODES and PREFIX, as a TS6 peer tells them
// in its answer to VERSION.
func (n *Network) SetModes(chanModes, prefix string) error {
	if chanModes == n.modes.ChanModes() && prefix == n.modes.PrefixToken() {
		return nil
	}
	modes, err := irc.ParseModeSpec(chanModes, prefix)
	if err == nil {
		n.modes = modes
	}
	return err
}

func (n *Network) endOfBurst(by Source) {
	if by.User != nil || by.Server.Synced {
		return
	}
	by.Server.Synced = true
	n.changed(ServerSynced{by.Server})
}

// setFact sets a fact, or removes it where the value is empty. Facts are in the order of their keys.
func setFact(facts []s2s.Fact, key, value string) []s2s.Fact {
	i, found := slices.BinarySearchFunc(facts, key, func(f s2s.Fact, key string) int { return strings.Compare(f.Key, key) })
	switch {
	case value == "" && found:
		return slices.Delete(facts, i, i+1)
	case value == "":
		return facts
	case found:
		facts[i].Value = strings.Clone(value)
		return facts
	}
	return slices.Insert(facts, i, s2s.Fact{Key: strings.Clone(key), Value: strings.Clone(value)})
}
