package ircserver

// modeSet is a set of mode letters (A-Z, a-z).
type modeSet uint64

func (s modeSet) has(letter byte) bool { return s>>(letter-'A')&1 == 1 }
func (s *modeSet) set(letter byte)     { *s |= 1 << (letter - 'A') }
func (s *modeSet) clear(letter byte)   { *s &^= 1 << (letter - 'A') }

// String lists the letters in ASCII order.
func (s modeSet) String() string {
	var b []byte
	for c := byte('A'); c <= 'z'; c++ {
		if s.has(c) {
			b = append(b, c)
		}
	}
	return string(b)
}
