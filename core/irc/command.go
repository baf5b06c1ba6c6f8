package irc

// UpperCommand returns s with its ASCII letters in upper case, so that commands can be looked up: they are the same in
// either case. It returns s itself, without allocating, when there is nothing to change, as in most lines.
func UpperCommand(s string) string {
	for i := range len(s) {
		if isLower(s[i]) {
			return upper(s, i)
		}
	}
	return s
}

// upper is s with the letters from i on in upper case.
func upper(s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		if isLower(b[i]) {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

func isLower(c byte) bool { return c-'a' < 26 }
