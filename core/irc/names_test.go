package irc

import (
	"strings"
	"testing"
)

// checkNames holds that predicate is true of the words of good and false of those of bad, parted by spaces.
func checkNames(t *testing.T, predicate func(string) bool, good, bad []string) {
	t.Helper()
	for _, s := range good {
		if !predicate(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range append(bad, "") {
		if predicate(s) {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestValidNick(t *testing.T) {
	checkNames(t, func(s string) bool { return ValidNick(s, 9) },
		[]string{"a", "Nick", "[]\\`_^{|}", "n-1", "_1", "ninebytes"},
		[]string{"1a", "-a", "a b", "a.b", "a!b", "tenbytes10", "ä", "a~", "#a", "a\x00", "a*", ":a"})
}

func TestValidChannel(t *testing.T) {
	checkNames(t, func(s string) bool { return ValidChannel(s, 9) },
		[]string{"#", "#a", "##a", "#a:b", "#ä", "#\xff", "#12345678"},
		[]string{"a", "&a", "+a", "#a b", "#a,b", "#a\a", "#a\x02", "#a\x7f", "#a\n", "#123456789"})
}

func TestValidUser(t *testing.T) {
	checkNames(t, func(s string) bool { return ValidUser(s, 10) },
		[]string{"a", "~ident", "a.b-c_d", "0x1", "a+b", "[x]", "tenbytes10"},
		[]string{"a@b", "a!b", "a b", "a*", "a?", ":a", "elevenbytes", "ä", "a\r"})
}

func TestValidDisplayHost(t *testing.T) {
	checkNames(t, ValidDisplayHost,
		[]string{"host.example", "127.0.0.1", "2001:db8::1", "0::1", "robust/0x1f", "user/a_b", "localhost", "services."},
		[]string{"::1", "a b", "a@b", "a!b", "a*", "ä", strings.Repeat("a", 254)})
}

func TestIsServerName(t *testing.T) {
	checkNames(t, IsServerName,
		[]string{"irc.example.org", "services.", "a.b", "irc_1.example", strings.Repeat("a", 62) + "."},
		[]string{"irc", ".org", "-a.b", "*.example", "a b.c", "a/b.c", "n!u@h.d", strings.Repeat("a", 63) + "."})
}

func TestValidHostname(t *testing.T) {
	label := strings.Repeat("a", 63)
	long := strings.Repeat("abcdefg.", 31)
	checkNames(t, ValidHostname,
		[]string{"a.b", label + ".b", long + "abcde"},
		[]string{".", "a..b", ".a", "a.b..", "a-.b", label + "a.b", long + "abcdef", "a/b.c", "1::2.3"})
}

func TestVectorsHostname(t *testing.T) {
	for _, v := range loadVectors[struct {
		Host  string
		Valid bool
	}](t, "validate-hostname") {
		if got := ValidHostname(v.Host); got != v.Valid {
			t.Errorf("%q: %v", v.Host, got)
		}
	}
}
