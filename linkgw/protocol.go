package linkgw

import (
	"fmt"

	"robustirc/linkgw/egress"
	"robustirc/linkgw/network"
	"robustirc/s2s"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

// Identity is who we are on the existing network, and how its server is spoken to.
type Identity struct {
	s2s.Identity
	Protocol egress.Protocol
	// Dialect is solanum, charybdis or hybrid for TS6, where it is known; "" finds out.
	Dialect string
	// Services are the names of the servers that the network trusts as services.
	Services []string
}

// newLink returns the handshake of a link that we dial.
func (id Identity) newLink() (s2s.Link, error) {
	switch id.Protocol {
	case egress.TS6:
		d, err := ts6.ParseDialect(id.Dialect)
		return ts6.NewLink(id.Identity, ts6.Options{Dialect: d}), err
	case egress.Unreal:
		return unreal.NewLink(id.Identity, unreal.Options{}), nil
	}
	return nil, fmt.Errorf("linkgw: there is no protocol %q: it is %s or %s", id.Protocol, egress.TS6, egress.Unreal)
}

// listener returns a link that follows the same lines without knowing the peer's password, which is not kept.
func (id Identity) listener() (s2s.Link, error) {
	id.AcceptPassword = "*"
	if id.Protocol == egress.Unreal {
		id.AcceptPassword = ""
	}
	return id.newLink()
}

// peerOf returns what the peer has said of itself, "" before it has.
func peerOf(l s2s.Link) (name string, sid s2s.SID) {
	switch l := l.(type) {
	case *ts6.Link:
		p := l.Peer()
		return p.Name, p.SID
	case *unreal.Link:
		p := l.Peer()
		return p.Name, p.SID
	}
	return "", ""
}

// capabilitiesOf returns what the peer offers, for the record.
func capabilitiesOf(l s2s.Link) []string {
	if l, ok := l.(*ts6.Link); ok {
		return l.Peer().Capabilities
	}
	return nil
}

// softwareOf returns what the peer calls its software, where it says.
func softwareOf(l s2s.Link) string {
	if l, ok := l.(*unreal.Link); ok {
		return l.Peer().Software
	}
	return ""
}

// newModel returns an empty model of a network whose servers are of that dialect.
func (id Identity) newModel(dialect string) (*network.Network, error) {
	rules, err := network.RulesOf(dialect)
	if err != nil {
		return nil, err
	}
	return network.New(rules, network.Us{Server: id.Server, SID: id.SID, Description: id.Description, Services: id.Services})
}
