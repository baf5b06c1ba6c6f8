package irc

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// naiveMatch is the definition of masks as a table: row by row, which beginnings of s the mask so far matches.
func naiveMatch(c Casemapping, mask, s string) bool {
	s = c.Fold(s)
	row := make([]bool, len(s)+1)
	row[0] = true
	for i := 0; i < len(mask); i++ {
		next := make([]bool, len(s)+1)
		for j := range next {
			switch {
			case mask[i] == '*':
				next[j] = row[j] || j > 0 && next[j-1]
			case j == 0:
			case mask[i] == '?':
				next[j] = row[j-1]
			case isEscape(mask[i:]):
				next[j] = row[j-1] && mask[i+1] == s[j-1]
			default:
				next[j] = row[j-1] && c.Fold(mask[i:i+1]) == s[j-1:j]
			}
		}
		if isEscape(mask[i:]) {
			i++
		}
		row = next
	}
	return row[len(s)]
}

func TestMatchMask(t *testing.T) {
	long := strings.Repeat("a", 100)
	for _, v := range []struct {
		mask, s string
		want    bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"**", "", true}, {"?", "", false},
		{"?", "a", true}, {"?*", "a", true}, {"*?", "", false}, {"*?*", "a", true}, {"*??*", "a", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "a1b2c", true}, {"a*b*c", "acb", false},
		{"*ab*ab*", "ab", false}, {"*ab*ab*", "abab", true}, {"*a?c*", "xxabcxx", true}, {"*a?c*", "xxabdxx", false},
		{"NICK[1]!*@*", "nick{1}!u@h", true}, {`a\*b`, "a*b", true}, {`a\*b`, "axb", false}, {`a\?b`, "a?b", true},
		{`a\?b`, "axb", false}, {`a\b`, "a|b", true}, {`a\b`, `a\b`, true}, {`a\`, `a\`, true}, {`\\*`, `\*`, true},
		{`|*`, `\x`, true}, {"*.example.org", "a.b.example.org", true}, {"bob", "everybob", false},
		{"*a*" + long + "?*", long + long, true}, {"*" + long + "?b*", long + long + "xb", true},
		{"*" + long + "?b*", long + "bx", false}, {"*\x00?b*", "a\x00xb", true}, {"*\x00?b*", "a\x01xb", false},
	} {
		if got := MatchMask(RFC1459, v.mask, v.s); got != v.want {
			t.Errorf("%q against %q: %v", v.mask, v.s, got)
		}
		if naiveMatch(RFC1459, v.mask, v.s) != v.want {
			t.Errorf("naive: %q against %q: %v", v.mask, v.s, !v.want)
		}
	}
}

func TestMatchMaskRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	word := func(alphabet string, n int) string {
		b := make([]byte, rng.IntN(n))
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(b)
	}
	matches := 0
	for range 50000 {
		mask, s := word(`ab[?*\`, 12), word(`aB{*`, 16)
		m := CompileMask(RFC1459, mask)
		want := naiveMatch(RFC1459, mask, s)
		if got := m.Match(RFC1459.Fold(s)); got != want {
			t.Fatalf("%q against %q: %v", mask, s, got)
		}
		if want {
			matches++
		}
	}
	if matches < 1000 {
		t.Errorf("only %d matches: the test tests little", matches)
	}
}

// TestMatchMaskWorst holds the bound: these take minutes with recursion, and long with backtracking.
func TestMatchMaskWorst(t *testing.T) {
	s := strings.Repeat("a", 50000)
	for _, mask := range []string{
		strings.Repeat("*a", 500) + "*b",
		"*" + strings.Repeat("a", 500) + "b*",
		"*" + strings.Repeat("a?", 250) + "b*",
		strings.Repeat("*a?", 200) + "b*",
	} {
		m := CompileMask(ASCII, mask)
		start := time.Now()
		if m.Match(s) {
			t.Errorf("%.20q... matches", mask)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("%.20q... took %v", mask, d)
		}
	}
}

func TestMaskAllocs(t *testing.T) {
	if none := (Mask{}); !none.Match("") || none.Match("a") || none.String() != "" {
		t.Error("the zero Mask")
	}
	m := CompileMask(RFC1459, "*!*spam?er*@*.Example.org")
	if !m.Match("nick!spammer1@host.example.org") || m.String() != "*!*spam?er*@*.Example.org" {
		t.Error("no match")
	}
	if got := testing.AllocsPerRun(100, func() { m.Match("nick!spammer1@host.example.org") }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func TestCanonicalMask(t *testing.T) {
	for in, want := range map[string]string{
		"":                "*!*@*",
		"*":               "*!*@*",
		"nick":            "nick!*@*",
		"nick!":           "nick!*@*",
		"nick!user":       "nick!user@*",
		"nick!user@":      "nick!user@*",
		"nick!@host":      "nick!*@host",
		"nick!@":          "nick!*@*",
		"!user":           "*!user@*",
		"!":               "*!*@*",
		"@":               "*!*@*",
		"user@":           "*!user@*",
		"user@host":       "*!user@host",
		"@host":           "*!*@host",
		"n!u@h":           "n!u@h",
		"host.example":    "*!*@host.example",
		"2001:db8::1":     "*!*@2001:db8::1",
		"robust/0x12":     "*!*@robust/0x12",
		"n@i!u@h":         "n@i!u@h",
		"a@b@c":           "*!a@b@c",
		"a!b!c@d":         "a!b!c@d",
		"**":              "*!*@*",
		"a***b!***@**":    "a*b!*@*",
		`a\***!x@y`:       `a\**!x@y`,
		`a\*`:             `a\*!*@*`,
		"*.example.*":     "*!*@*.example.*",
		"nick!*@a**.b***": "nick!*@a*.b*",
	} {
		if got := CanonicalMask(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if got := CanonicalMask(want); got != want {
			t.Errorf("%q is not canonical: %q", want, got)
		}
	}
}

func TestHasWildcard(t *testing.T) {
	for mask, want := range map[string]bool{"": false, "abc": false, "a*": true, "?": true, `\*`: false, `\?\**`: true, `\`: false, `\a?`: true} {
		if HasWildcard(mask) != want {
			t.Errorf("%q: %v", mask, !want)
		}
	}
}

func TestPrefix(t *testing.T) {
	for s, want := range map[string]bool{"irc.example.org": true, "nick": false, "n!u@h.example": false, "a.b@c": false} {
		if p := ParsePrefix(s); p.IsServer() != want || p.String() != s {
			t.Errorf("%q: %+v", s, p)
		}
	}
}
