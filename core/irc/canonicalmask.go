package irc

import "strings"

// CanonicalMask completes a partial mask to nick!user@host as servers do for bans, so that each has one spelling:
//
//	""            *!*@*
//	nick          nick!*@*
//	nick!         nick!*@*
//	nick!user     nick!user@*
//	user@host     *!user@host
//	@host         *!*@host
//	host.example  *!*@host.example   (no nick holds '.', ':' or '/')
//
// Runs of '*' become one. The nick ends at the first '!', and the host begins behind the last '@' after it, so that a
// canonical mask stays what it is. Extended bans are not masks; handle them first.
func CanonicalMask(mask string) string {
	nick, user, host := splitMask(mask)
	return collapseStars(orStar(nick) + "!" + orStar(user) + "@" + orStar(host))
}

// splitMask returns the parts of a mask, empty where there is none.
func splitMask(mask string) (nick, user, host string) {
	nick, rest, ok := strings.Cut(mask, "!")
	if !ok {
		nick, rest = "", mask
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		return nick, rest[:at], rest[at+1:]
	}
	switch {
	case ok:
		return nick, rest, ""
	case strings.ContainsAny(mask, ".:/"):
		return "", "", mask
	}
	return mask, "", ""
}

func orStar(s string) string {
	if s == "" {
		return "*"
	}
	return s
}

// collapseStars replaces each run of '*' by one, of those that are wildcards.
func collapseStars(mask string) string {
	if !strings.Contains(mask, "**") {
		return mask
	}
	b := make([]byte, 0, len(mask))
	star := false
	for i := 0; i < len(mask); i++ {
		if isEscape(mask[i:]) {
			b = append(b, mask[i], mask[i+1])
			i, star = i+1, false
			continue
		}
		if mask[i] != '*' || !star {
			b = append(b, mask[i])
		}
		star = mask[i] == '*'
	}
	return string(b)
}

// HasWildcard reports whether mask holds a '*' or '?' that is a wildcard, so that it may match more than itself.
func HasWildcard(mask string) bool {
	for i := 0; i < len(mask); i++ {
		switch {
		case isEscape(mask[i:]):
			i++
		case mask[i] == '*' || mask[i] == '?':
			return true
		}
	}
	return false
}
