package irc

import "strings"

// Mask is a compiled glob mask, such as that of a ban, for matching many times. The zero value matches "" only.
//
// In a mask '*' stands for any run of bytes, '?' for any one byte, and '\' makes a '*' or '?' behind it stand for
// itself; before anything else '\' is an ordinary byte (RFC 2812 section 2.5), being a letter of nicks.
type Mask struct{ m *compiledMask }

// compiledMask is what a Mask points at, so that masks are cheap to copy.
type compiledMask struct {
	text string
	// head and tail are what stands before the first and behind the last '*'. Without any '*', all is in head.
	head, tail segment
	// inner are the segments between '*' and '*', none of them empty.
	inner []segment
	star  bool
	// minLen is the length of the shortest match.
	minLen int
}

// MatchMask reports whether s matches the glob mask, both folded by c. For masks that are used more than once,
// CompileMask saves most of the work.
func MatchMask(c Casemapping, mask, s string) bool {
	return CompileMask(c, mask).Match(c.Fold(s))
}

// CompileMask compiles a mask as it was written: a mask that was folded before has lost the '\' that RFC 1459 folds.
func CompileMask(c Casemapping, mask string) Mask {
	m := &compiledMask{text: mask}
	first := true
	for rest, more := mask, true; more; first = false {
		var seg segment
		seg, rest, more = cutSegment(c, rest)
		m.minLen += seg.len()
		switch {
		case first:
			m.head, m.star = seg, more
		case !more:
			m.tail = seg
		case seg.len() > 0:
			seg.prepareSearch()
			m.inner = append(m.inner, seg)
		}
	}
	return Mask{m}
}

// String returns the mask as it was given to CompileMask.
func (m Mask) String() string {
	if m.m == nil {
		return ""
	}
	return m.m.text
}

// Match reports whether s, which must be folded by the casemapping of the mask, matches. It does not allocate, masks
// with 512 bytes between two '*' aside.
//
// Head and tail are compared in place, and each segment between two '*' is searched once, behind the end of the one
// before; a leftmost match is never worse than a later one, so nothing is tried again. The time is that of searching:
// linear in len(s) for segments without '?', len(s)*(len(segment)/64+1) for those with.
func (m Mask) Match(s string) bool {
	if m.m == nil {
		return s == ""
	}
	return m.m.match(s)
}

func (m *compiledMask) match(s string) bool {
	if len(s) < m.minLen || !m.star && len(s) != m.minLen {
		return false
	}
	rest := s[m.head.len() : len(s)-m.tail.len()]
	if !m.head.matchAt(s) || !m.tail.matchAt(s[len(s)-m.tail.len():]) {
		return false
	}
	for i := range m.inner {
		end := m.inner[i].search(rest)
		if end < 0 {
			return false
		}
		rest = rest[end:]
	}
	return true
}

// segment is a part of a mask that holds no '*'.
type segment struct {
	// text is folded, with NUL for each '?'.
	text string
	// keep is 0xff for each byte of text that counts and 0 for each '?'. It is empty when there is no '?'.
	keep string
	// shifts is there when the segment is to be searched and has '?'.
	shifts *shiftTable
}

func (g *segment) len() int { return len(g.text) }

// cutSegment returns the beginning of mask up to a '*', and what is behind it; more is false when there was no '*'.
func cutSegment(c Casemapping, mask string) (g segment, rest string, more bool) {
	n := strings.IndexAny(mask, `*?\`)
	if n < 0 {
		return segment{text: c.Fold(mask)}, "", false
	}
	text, keep, wild := make([]byte, 0, n), make([]byte, 0, n), false
	i := 0
	for ; i < len(mask) && mask[i] != '*'; i++ {
		k := byte(0xff)
		switch {
		case mask[i] == '?':
			k, wild = 0, true
		case isEscape(mask[i:]):
			i++
		}
		text, keep = append(text, mask[i]&k), append(keep, k)
	}
	g.text = c.Fold(string(text))
	if wild {
		g.keep = string(keep)
	}
	if i == len(mask) {
		return g, "", false
	}
	return g, mask[i+1:], true
}

// isEscape reports whether mask begins with a '\' that makes a wildcard stand for itself.
func isEscape(mask string) bool {
	return len(mask) > 1 && mask[0] == '\\' && (mask[1] == '*' || mask[1] == '?')
}

// matchAt reports whether s begins with the segment; s must be long enough.
func (g *segment) matchAt(s string) bool {
	if g.keep == "" {
		return s[:len(g.text)] == g.text
	}
	for i := range len(g.text) {
		if (s[i]^g.text[i])&g.keep[i] != 0 {
			return false
		}
	}
	return true
}

// search returns where the leftmost match of the segment in s ends, or -1.
func (g *segment) search(s string) int {
	if g.shifts != nil {
		return g.shifts.search(s, len(g.text))
	}
	i := strings.Index(s, g.text)
	if i < 0 {
		return -1
	}
	return i + len(g.text)
}

// shiftTable is for the search of a segment with '?' by the method called shift-and: one bit for each place of the
// segment says whether the bytes read last match it up to there, and one byte of s moves 64 of them at once.
type shiftTable struct {
	words int
	// bits has the places at which a byte matches: the words of byte c begin at bits[int(index[c])*words].
	bits  []uint64
	index [256]uint16
}

// prepareSearch makes the table that search needs. Bytes that occur in no place but those of '?' share row 0.
func (g *segment) prepareSearch() {
	if g.keep == "" {
		return
	}
	t := &shiftTable{words: (len(g.text) + 63) / 64}
	t.bits = make([]uint64, t.words)
	for i := range len(g.text) {
		if g.keep[i] != 0 && t.index[g.text[i]] == 0 {
			t.index[g.text[i]] = uint16(len(t.bits) / t.words)
			t.bits = append(t.bits, make([]uint64, t.words)...)
		}
	}
	for i := range len(g.text) {
		if g.keep[i] != 0 {
			t.set(int(t.index[g.text[i]]), i)
			continue
		}
		for row := range len(t.bits) / t.words {
			t.set(row, i)
		}
	}
	g.shifts = t
}

func (t *shiftTable) set(row, place int) { t.bits[row*t.words+place/64] |= 1 << (place % 64) }

// search returns where the leftmost match in s of the segment, n bytes long, ends, or -1.
func (t *shiftTable) search(s string, n int) int {
	var fixed [8]uint64
	state := fixed[:]
	if t.words > len(fixed) {
		state = make([]uint64, t.words)
	}
	state = state[:t.words]
	last, bit := (n-1)/64, uint64(1)<<((n-1)%64)
	for i := range len(s) {
		row := t.bits[int(t.index[s[i]])*t.words:]
		carry := uint64(1)
		for w := range state {
			state[w], carry = (state[w]<<1|carry)&row[w], state[w]>>63
		}
		if state[last]&bit != 0 {
			return i + 1
		}
	}
	return -1
}
