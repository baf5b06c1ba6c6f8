package irc

import "unicode/utf8"

// Truncate returns the longest beginning of s of at most max bytes that does not end within a UTF-8 sequence. Where s
// is not UTF-8 to begin with, it is cut at max.
func Truncate(s string, max int) string { return s[:cutLen(s, max)] }

// cutLen returns the length of what Truncate returns.
func cutLen[T string | []byte](b T, max int) int {
	if max <= 0 {
		return 0
	}
	if len(b) <= max {
		return len(b)
	}
	for n := max; n > 0 && n > max-utf8.UTFMax; n-- {
		if utf8.RuneStart(b[n]) {
			return startOfRune(string(b[n:min(len(b), n+utf8.UTFMax)]), n, max)
		}
	}
	return max
}

// startOfRune returns n when the rune that begins with s at n reaches beyond max, and max otherwise.
func startOfRune(s string, n, max int) int {
	if _, size := utf8.DecodeRuneInString(s); n+size > max {
		return n
	}
	return max
}
