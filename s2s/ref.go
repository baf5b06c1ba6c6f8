package s2s

// SID is a server's id: a digit and two of [A-Z0-9] (TS6 and UnrealIRCd).
type SID string

// UID is a user's id: its server's SID and six more characters. Case sensitive.
type UID string

// Ref names a server or user the way the line did: a SID, a UID, a nick or a server name. "" is the directly linked peer.
type Ref string

// Server returns the SID inside a UID.
func (u UID) Server() SID {
	if len(u) < 3 {
		return ""
	}
	return SID(u[:3])
}

// ValidSID reports whether s is a server id as all supported servers accept it: [0-9][A-Z0-9]{2}.
func ValidSID(s string) bool {
	return len(s) == 3 && isDigit(s[0]) && isIDChar(s[1]) && isIDChar(s[2])
}

// ValidUID reports whether s has the shape of a user id: a SID and six of [A-Z0-9].
func ValidUID(s string) bool {
	if len(s) != 9 || !ValidSID(s[:3]) {
		return false
	}
	for i := 3; i < 9; i++ {
		if !isIDChar(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isIDChar(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }
