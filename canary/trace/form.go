package trace

import "strings"

// The forms that parameters must have to be kept. What is longer or holds other bytes is not what it claims to be.

func isAlnum(c byte) bool {
	return c-'0' < 10 || c-'a' < 26 || c-'A' < 26
}

// all reports whether s has at most limit bytes, all of which are letters, digits or in also.
func all(s string, limit int, also string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && strings.IndexByte(also, c) < 0 {
			return false
		}
	}
	return len(s) > 0 && len(s) <= limit
}

// isName accepts nicks, UIDs, SIDs, names of servers, accounts and channels, status prefixes and nick@server.
func isName(s string) bool {
	if s != "" && s[0] == '#' {
		return isChannels(s)
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c < 0x80 && strings.IndexByte("-_[]\\^{}|`.*?@+~%$", c) < 0 {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

func isNames(s string) bool {
	for name := range strings.SplitSeq(s, ",") {
		if !isName(name) && !isChannels(strings.TrimLeft(name, "@+%=~&$")) {
			return false
		}
	}
	return true
}

// isChannels accepts names of channels, separated by commas.
func isChannels(s string) bool {
	if s == "*" || s == "0" {
		return true
	}
	for name := range strings.SplitSeq(s, ",") {
		if len(name) < 1 || len(name) > 200 || strings.IndexByte("#&+!", name[0]) < 0 || strings.ContainsAny(name, " \x07") {
			return false
		}
	}
	return true
}

func isChannelOrName(s string) bool { return isName(s) || isChannels(s) }

// isNumber accepts numbers of at most 20 digits, with a sign, and "*".
func isNumber(s string) bool {
	for i := range len(s) {
		if c := s[i]; c-'0' >= 10 && (c != '-' && c != '+' || i > 0) {
			return s == "*"
		}
	}
	return len(s) > 0 && len(s) <= 21
}

// isMeasure accepts numbers, durations, sizes and yes or no.
func isMeasure(s string) bool {
	if s == "true" || s == "false" || isNumber(s) {
		return true
	}
	digits := strings.TrimRight(s, "hmsunµBkKMGi%")
	return len(s) <= 24 && strings.Count(s, ".") <= 1 && digits != "" && strings.Trim(digits, "0123456789.hms") == ""
}

// isFlags accepts letters of modes with '+' and '-'.
func isFlags(s string) bool {
	for i := range len(s) {
		if c := s[i]; c-'a' >= 26 && c-'A' >= 26 && c != '+' && c != '-' {
			return s == "0" || s == "*"
		}
	}
	return len(s) <= 80
}

func isLetters(s string) bool { return all(s, 200, ",*+-") }

func isSign(s string) bool { return len(s) == 1 }

// isCommand accepts commands and numerics as servers write them.
func isCommand(s string) bool { return isUpper(s) && all(s, 16, "") }

// isWord accepts words of programs.
func isWord(s string) bool { return all(s, 40, "-_.") }

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == "" && len(s) <= 128
}

// isUID accepts ids of users: a digit and eight more.
func isUID(s string) bool { return len(s) == 9 && s[0]-'0' < 10 && all(s, 9, "") }

// isTagWord accepts opaque words in tags.
func isTagWord(s string) bool { return all(s, 128, "-_.:/+*#@~") }

// isVL accepts what UnrealIRCd puts before a server's description: U6100-flags-00A.
func isVL(s string) bool {
	return len(s) > 1 && s[0] == 'U' && strings.Count(s, "-") == 2 && all(s, 64, "-")
}

// isFloodValue accepts the values of flood modes: [5j#i10,20m#b1]:7, 5:10, 50:1h, and the names of profiles.
func isFloodValue(s string) bool {
	switch s {
	case "off", "very-relaxed", "relaxed", "normal", "strict", "very-strict":
		return true
	}
	return all(s, 64, "[]:,#*") && strings.Contains(s, ":")
}

// isMemberTarget accepts "#channel:uid" and "uid:#channel".
func isMemberTarget(s string) bool {
	a, b, ok := strings.Cut(s, ":")
	return ok && (isUID(a) && isChannels(b) || isUID(b) && isChannels(a))
}

// appendCapability appends a token of CAPAB, PROTOCTL, CAP or 005 that is known, and of others the length.
func appendCapability(b []byte, word string) []byte {
	name := strings.TrimLeft(word, "-~:=*")
	key, value, has := strings.Cut(name, "=")
	switch {
	case knownCapabilities[key] || isUpper(key):
		b = append(b, word[:len(word)-len(name)+len(key)]...)
	default:
		return appendSize(b, len(word))
	}
	if !has {
		return b
	}
	b = append(b, '=')
	if knownValues[key] && all(value, 400, "-_.:,()~&@%+!*#\"'/$[]\\{}|^`<>=?;") {
		return append(b, value...)
	}
	if value == "" {
		return b
	}
	return appendSize(b, len(value))
}

// isUpper accepts the names of TS6 and UnrealIRCd capabilities and mechanisms.
func isUpper(s string) bool {
	for i := range len(s) {
		if c := s[i]; c-'A' >= 26 && c-'0' >= 10 && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 24
}
