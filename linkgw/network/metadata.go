package network

import "robustirc/s2s"

// metadataProperties are the named values of a user that are properties (unreal: certfp.c, oper.c).
var metadataProperties = map[string]Property{
	"certfp": PropertyCertificate, "operlogin": PropertyOperator, "operclass": PropertyPrivileges,
}

// keptMetadata are the other named values that are kept, of servers and users: who can log in how, and what a user is
// connected through. All else (creation times, ciphers, countries) means nothing to us.
var keptMetadata = map[string]bool{"saslmechlist": true, "webirc": true, "websocket": true, "cloak": true}

// metadata keeps the named values that matter (unreal:md.c, hyb:m_metadata.c).
func (n *Network) metadata(by Source, b s2s.Metadata) {
	if b.Unset {
		b.Value = ""
	}
	if b.Kind != "client" {
		n.ignore(IgnoredMetadata)
		return
	}
	if s := n.sids[s2s.SID(b.Target)]; s != nil {
		n.serverMetadata(s, b)
		return
	}
	u := n.target(s2s.Ref(b.Target))
	if u == nil {
		return
	}
	if p, ok := metadataProperties[b.Key]; ok {
		n.setRare(u, by, p, b.Value)
		return
	}
	n.userMetadata(u, b)
}

func (n *Network) serverMetadata(s *Server, b s2s.Metadata) {
	if !keptMetadata[b.Key] {
		n.ignore(IgnoredMetadata)
		return
	}
	s.Facts = setFact(s.Facts, b.Key, b.Value)
	n.changed(ServerChanged{s})
}

func (n *Network) userMetadata(u *User, b s2s.Metadata) {
	if !keptMetadata[b.Key] {
		n.ignore(IgnoredMetadata)
		return
	}
	if u.rare == nil {
		u.rare = &rareUser{}
	}
	u.rare.facts = setFact(u.rare.facts, b.Key, b.Value)
}

// Metadata returns a named value that is kept of a user, or "".
func (u *User) Metadata(key string) string {
	for _, f := range u.rareOr().facts {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}
