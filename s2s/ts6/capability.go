package ts6

import "slices"

// required are the capabilities that solanum and charybdis demand, and so have (s_serv.c:init_builtin_capabs).
var required = []string{"QS", "EX", "IE", "ENCAP"}

// offers is what is offered to each dialect: what a mirror can use. solanum's KLN and CLUSTER are left out, because bans
// come as ENCAP without them; REMOVE and ECHO, because they would oblige us to something; STAG, because then all lines
// of ours would owe tags.
var offers = map[Dialect][]string{
	Solanum: {"QS", "EX", "IE", "ENCAP", "EUID", "TB", "EBMASK", "EOPMOD", "CHW", "MLOCK", "SAVE", "BAN", "SERVICES", "KNOCK", "RSFNC"},
	Hybrid:  {"ENCAP", "TBURST", "EOB", "HOP", "MLOCK", "KNOCK", "KLN", "UNKLN", "DLN", "UNDLN", "RHOST", "CLUSTER"},
}

// Offer is the list of capabilities to offer to a dialect, which must not be changed. When the dialect is not known ("")
// it is all of both: servers ignore what they do not know (m_capab.c:mr_capab, hyb:m_capab.c:mr_capab).
func Offer(d Dialect) []string {
	switch d {
	case Hybrid:
		return offers[Hybrid]
	case Solanum, Charybdis:
		return offers[Solanum]
	}
	return offerBoth
}

var offerBoth = union(offers[Solanum], offers[Hybrid])

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// common returns what both lists hold, in the order of the first.
func common(a, b []string) []string {
	var both []string
	for _, s := range a {
		if slices.Contains(b, s) {
			both = append(both, s)
		}
	}
	return both
}

// without returns what a holds and b does not.
func without(a, b []string) []string {
	var rest []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

// dialectOf tells what software a peer runs by the form of its SERVER (hybrid's has SID and flags) and by its
// capabilities: EBMASK came with solanum.
func dialectOf(serverParams, capabilities []string) Dialect {
	switch {
	case len(serverParams) >= 5:
		return Hybrid
	case slices.Contains(capabilities, "EBMASK"):
		return Solanum
	}
	return Charybdis
}
