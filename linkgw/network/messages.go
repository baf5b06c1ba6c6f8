package network

import (
	"strings"

	"robustirc/s2s"
)

// message resolves whom a message is for. One to somebody who is not there is counted.
func (n *Network) message(by Source, e s2s.Event, b s2s.Message) {
	m := MessageSeen{By: by, Kind: b.Kind, TargetKind: b.TargetKind, Status: b.Status, Text: b.Text, Tags: e.Tags, Echoes: b.Echoes}
	switch b.TargetKind {
	case s2s.TargetUser:
		nick, _, _ := strings.Cut(b.Target, "@")
		if m.User = n.userByRef(s2s.Ref(nick)); m.User == nil {
			if s := n.serverByRef(s2s.Ref(b.Target)); s != nil {
				n.pass(by, nil, e) // a server says something to a server
				return
			}
			n.ignore(IgnoredUser)
			return
		}
	case s2s.TargetChannel, s2s.TargetStatus:
		if m.Channel = n.find(b.Target); m.Channel == nil {
			return
		}
	case s2s.TargetEverybody:
		m.Mask = "*"
	default:
		m.Mask = b.Target
	}
	n.changed(m)
}
