package irc

// Casemapping says which bytes of nicks and channel names are the same letter. It works on bytes, not characters:
// names need not be UTF-8, and what is not one of the letters named below stays as it is. Values other than the
// constants behave as ASCII.
type Casemapping uint8

// The casemappings of ISUPPORT CASEMAPPING.
const (
	RFC1459       Casemapping = iota // a-z = A-Z, {}|^ = []\~ (RFC 1459 section 2.2, as servers read it)
	RFC1459Strict                    // a-z = A-Z, {}| = []\ (its letter)
	ASCII                            // a-z = A-Z
)

// ParseCasemapping returns the casemapping that ISUPPORT calls s, and false when it is none of these.
func ParseCasemapping(s string) (Casemapping, bool) {
	switch s {
	case "rfc1459":
		return RFC1459, true
	case "rfc1459-strict", "strict-rfc1459":
		return RFC1459Strict, true
	case "ascii":
		return ASCII, true
	}
	return 0, false
}

// String returns the value of ISUPPORT CASEMAPPING.
func (c Casemapping) String() string {
	switch c {
	case RFC1459:
		return "rfc1459"
	case RFC1459Strict:
		return "rfc1459-strict"
	}
	return "ascii"
}

// Fold returns the one spelling of s that all its equals share; it returns s itself, without allocating, when it is
// folded already.
func (c Casemapping) Fold(s string) string {
	table := c.table()
	for i := range len(s) {
		if table[s[i]] != s[i] {
			return foldFrom(table, s, i)
		}
	}
	return s
}

// foldFrom folds s, of which everything before i is folded.
func foldFrom(table *[256]byte, s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		b[i] = table[b[i]]
	}
	return string(b)
}

// AppendFold appends the folded spelling of s to dst: the key of a lookup, m[string(c.AppendFold(buf[:0], s))], then
// needs no allocation.
func (c Casemapping) AppendFold(dst []byte, s string) []byte {
	table := c.table()
	for i := range len(s) {
		dst = append(dst, table[s[i]])
	}
	return dst
}

// Equal reports whether a and b are the same name. It does not allocate.
func (c Casemapping) Equal(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	table := c.table()
	for i := range len(a) {
		if a[i] != b[i] && table[a[i]] != table[b[i]] {
			return false
		}
	}
	return true
}

// IsFolded reports whether Fold would return s as it is.
func (c Casemapping) IsFolded(s string) bool {
	table := c.table()
	for i := range len(s) {
		if table[s[i]] != s[i] {
			return false
		}
	}
	return true
}

func (c Casemapping) table() *[256]byte { return &foldTables[min(c, ASCII)] }

// foldTables maps each byte to its folded one, by casemapping.
var foldTables = [...][256]byte{
	RFC1459:       foldTable(`[]\~`, `{}|^`),
	RFC1459Strict: foldTable(`[]\`, `{}|`),
	ASCII:         foldTable("", ""),
}

// foldTable maps ASCII letters to lower case, each byte of upper to the one of lower in its place, others to themselves.
func foldTable(upper, lower string) (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
	}
	for c := byte('A'); c <= 'Z'; c++ {
		t[c] = c + 'a' - 'A'
	}
	for i := range len(upper) {
		t[upper[i]] = lower[i]
	}
	return t
}
