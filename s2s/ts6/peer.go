package ts6

import (
	"fmt"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Peer is what the directly linked server is and said of itself.
type Peer struct {
	Name string
	SID  s2s.SID
	// Capabilities is all it offers, whether we do or not.
	Capabilities []string
	// ChanModes and Casemapping are those of its dialect: TS6 servers do not announce them to each other.
	ChanModes   irc.ModeSpec
	Casemapping irc.Casemapping
}

// Peer returns the directly linked server, once the link is established.
func (l *Link) Peer() Peer {
	d := l.codec.dialect
	return Peer{Name: l.peer.name, SID: l.peer.sid, Capabilities: l.peer.capabilities, ChanModes: ChanModes(d), Casemapping: CasemappingOf(d)}
}

// ParseDialect reads a dialect from a configuration; "" is to be found out.
func ParseDialect(s string) (Dialect, error) {
	switch d := Dialect(s); d {
	case "", Solanum, Charybdis, Hybrid:
		return d, nil
	}
	return "", fmt.Errorf("%q is no dialect of TS6: use %s, %s, %s, or leave it out to find out", s, Solanum, Charybdis, Hybrid)
}

// CasemappingOf is how the servers of a dialect compare nicks and channel names (solanum ircd/match.c; hybrid's
// CASEMAPPING=ascii).
func CasemappingOf(d Dialect) irc.Casemapping {
	if d == Hybrid {
		return irc.ASCII
	}
	return irc.RFC1459
}

// ChanModes is what letters of channel modes take a parameter in a dialect (solanum and charybdis ircd/chmode.c:
// chmode_table, hyb:channel_mode.c). Modules add letters without one, so that every letter that is not named here is
// taken for such. hybrid's owner and admin are known even where it is not configured for them.
func ChanModes(d Dialect) irc.ModeSpec {
	if d == Hybrid {
		return chanModes("Ibe", "k", "l", "(qaohv)~&@%+")
	}
	return chanModes("eIbq", "k", "flj", "(ov)@+")
}

func chanModes(lists, param, setParam, prefix string) irc.ModeSpec {
	named := lists + param + setParam + prefix
	var flags strings.Builder
	for c := byte('A'); c <= 'z'; c++ {
		if (c <= 'Z' || c >= 'a') && strings.IndexByte(named, c) < 0 {
			flags.WriteByte(c)
		}
	}
	spec, err := irc.ParseModeSpec(lists+","+param+","+setParam+","+flags.String(), prefix)
	if err != nil {
		panic("ts6: modes that cannot be: " + err.Error()) // a fault of the literals above
	}
	return spec
}
