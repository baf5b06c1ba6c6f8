package irc

import (
	"iter"
	"unicode/utf8"
)

// SplitWords joins words with spaces into as few lines as hold them in order, for replies whose last parameter is a
// list (RPL_NAMREPLY, RPL_WHOISCHANNELS, RPL_ISON). A line has at most limit-prefixLen bytes, prefixLen being the
// length of everything before the list: for lines to clients limit is MaxLine-2. A word that is longer than that is
// cut as Truncate does. Without words there is no line.
func SplitWords(prefixLen int, words iter.Seq[string], limit int) iter.Seq[string] {
	return splitList(limit-prefixLen, words, ' ')
}

// SplitTargets is SplitWords with commas between the words, for replies such as RPL_MONONLINE.
func SplitTargets(prefixLen int, words iter.Seq[string], limit int) iter.Seq[string] {
	return splitList(limit-prefixLen, words, ',')
}

func splitList(room int, words iter.Seq[string], sep byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		var line []byte
		some := false
		for w := range words {
			if some && len(line)+1+len(w) > room {
				if !yield(string(line)) {
					return
				}
				line, some = line[:0], false
			}
			if some {
				line = append(line, sep)
			}
			line, some = append(line, Truncate(w, room)...), true
		}
		if some {
			yield(string(line))
		}
	}
}

// Truncate returns the longest beginning of s of at most max bytes that does not end within a UTF-8 sequence. Where s
// is not UTF-8 to begin with, it is cut at max.
func Truncate(s string, max int) string { return s[:cutLen(s, max)] }

// cutLen returns the length of what Truncate returns.
func cutLen[T text](b T, max int) int {
	if max <= 0 {
		return 0
	}
	if len(b) <= max {
		return len(b)
	}
	for n := max; n >= 0 && n > max-utf8.UTFMax; n-- {
		if utf8.RuneStart(b[n]) {
			return cutAtRune(string(b[n:min(len(b), n+utf8.UTFMax)]), n, max)
		}
	}
	return max
}

// cutAtRune returns n when the rune that s, what follows n, begins with reaches beyond max, and max otherwise.
func cutAtRune(s string, n, max int) int {
	if _, size := utf8.DecodeRuneInString(s); n+size > max {
		return n
	}
	return max
}
