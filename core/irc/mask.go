package irc

// MatchMask reports whether s matches the glob mask ('*' any run, '?' any one character, '\' escapes the next),
// both folded by c, in time linear in len(mask)+len(s) for usual masks and never exponential.
func MatchMask(c Casemapping, mask, s string) bool {
	mask, s = c.Fold(mask), c.Fold(s)
	mi, si, star, mark := 0, 0, -1, 0
	for si < len(s) {
		switch {
		case mi < len(mask) && mask[mi] == '*':
			star, mark = mi, si
			mi++
		case mi < len(mask) && (mask[mi] == '?' || mask[mi] == s[si]):
			mi++
			si++
		case star >= 0:
			mark++
			mi, si = star+1, mark
		default:
			return false
		}
	}
	for mi < len(mask) && mask[mi] == '*' {
		mi++
	}
	return mi == len(mask)
}

// CanonicalMask completes a partial mask as servers do: "nick" becomes nick!*@*, "user@host" *!user@host, "a!b" a!b@*.
func CanonicalMask(mask string) string {
	p := ParsePrefix(mask)
	if p.Name != "" && p.User == "" && p.Host != "" {
		p.Name, p.User = "", p.Name
	}
	star := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	return star(p.Name) + "!" + star(p.User) + "@" + star(p.Host)
}
